# SPDX-License-Identifier: Apache-2.0
"""Rules on C++: the line of storeys, libraries in their one place, sizes, names, how a file opens."""
import ast
import re

from tree import Finding, STOREYS, blank, includes, storeyOf

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70

# What each storey may include besides itself: the order of the house.
LAYERS = {
    "parser": (),
    "stateStore": (),
    "operators": ("stateStore",),
    "queries": ("parser", "operators", "stateStore"),
    "engine": ("parser", "operators", "stateStore", "queries"),
}

# The one place of each outside library: prefix of the included name -> prefixes of the including files.
LIBRARIES = {
    "CLI/": ("engine/main", "engine/shell/", "engine/commandLine/"),
    "curl/": ("engine/http/",),
    "doctest/": ("tests/",),
    "editline/": ("engine/shell/",),
    "fmt/": ("",),
    "histedit.h": ("engine/shell/",),
    "http_parser.h": ("engine/http/",),
    # The benchmark's floor is a copy written on the library itself.
    "librdkafka/": ("engine/brokers/kafka/", "tests/bench/KafkaCopyBench.cpp"),
    "nghttp2/": ("engine/http/",),
    "nlohmann/": ("engine/http/", "engine/server/", "engine/testRunner/", "tests/"),
    "openssl/": ("operators/data/", "engine/http/"),
    "pcre2.h": ("operators/functions/regex/",),
    "rocksdb/": ("stateStore/rocksdb/",),
    # The benchmark's measure is the library's own walk over the same bytes.
    "simdjson.h": ("operators/formats/json/", "tests/bench/JsonBench.cpp"),
    "spdlog/": ("",),
    "tao/": ("parser/grammar/",),
    "xgboost/": ("operators/models/embedded/", "tests/"),
    "zlib.h": ("operators/formats/", "engine/connectors/", "tests/"),
}
# What belongs to the language and the system: these may stand anywhere.
SYSTEM = re.compile(r"^(?:[a-z_0-9]+|(?:sys|netinet|arpa|linux|net|sanitizer)/[a-z_0-9]+\.h|"
                    r"(?:unistd|fcntl|poll|signal|dirent|pwd|termios|netdb|time|errno|ftw|cxxabi|"
                    r"execinfo|[a-z0-9]*intrin|cpuid|arm_neon|dlfcn|pthread|sched|malloc|locale|"
                    r"string|stdlib|stdio|langinfo|limits|syslog|spawn|wchar|grp)\.h)$")


def layers(tree):
    """A file includes its own storey and those below it; what it names lies there, by its path from the root."""
    for path in tree.sources():
        storey = storeyOf(path)
        for number, quote, name in includes(tree, path):
            if quote != '"':
                continue
            top = name.split("/", 1)[0]
            if not tree.exists(name):
                yield Finding(path, number, f'"{name}" is no path from the root')
            elif storey and top != storey and top not in LAYERS[storey]:
                yield Finding(path, number, f"{storey} may not include {top}")


def libraries(tree):
    """Each outside library is included in its one place, and spdlog in no header."""
    for path in tree.sources():
        for number, quote, name in includes(tree, path):
            if quote != "<" or SYSTEM.match(name):
                continue
            prefix = next((key for key in LIBRARIES if name.startswith(key)), None)
            if prefix is None:
                yield Finding(path, number, f"<{name}> is of no library that has its place (LIBRARIES)")
            elif not path.startswith(LIBRARIES[prefix]):
                yield Finding(path, number, f"<{name}> belongs in {' or '.join(LIBRARIES[prefix])}")
            elif prefix == "spdlog/" and path.endswith(".h"):
                yield Finding(path, number, "spdlog is included by .cpp files only")


def ownHeaderFirst(tree):
    """A source includes its own header before all else, which shows that the header compiles alone."""
    for path in tree.sources():
        header = path[:-len(".cpp")] + ".h"
        if not path.endswith(".cpp") or not tree.exists(header):
            continue
        for number, _, name in includes(tree, path):
            if name != header:
                yield Finding(path, number, f'the first include must be "{header}"')
            break


def fileSize(tree):
    """No file of code is longer than 600 lines."""
    for path in tree.paths:
        if path.endswith((".h", ".cpp", ".py", ".java", ".js")):
            count = tree.text(path).count("\n")
            if count > MAX_FILE_LINES:
                yield Finding(path, count, f"{count} lines; {MAX_FILE_LINES} at most")


NO_FUNCTION = re.compile(r"(?:^|[;{}\s])(?:if|for|while|switch|catch|constexpr|return)\s*\(|"
                         r"\b(?:namespace|class|struct|union|enum|else|do|try|case|default)\b|[=]\s*$")
FUNCTION_END = re.compile(r"\)\s*(?:const|noexcept|override|final|mutable|&|&&|requires[^;{}]*|"
                          r"->\s*[\w:<>,&*\s]+|\s)*$|\)\s*(?:noexcept\s*)?:[^:;].*$", re.S)


def functions(text):
    """Yields (first line, last line) of each function's braces, by reading braces outside of literals."""
    clean = blank(text)
    open_, start, line, begun = [], 0, 1, 1
    for index, letter in enumerate(clean):
        if letter == "\n":
            line += 1
        elif letter == "{":
            head = clean[start:index]
            # Inside a function every brace belongs to it: blocks, initialisers, lambdas.
            isFunction = (not any(open_) and FUNCTION_END.search(head) is not None
                          and not NO_FUNCTION.search(head))
            open_.append((line if isFunction else 0))
            start = index + 1
        elif letter == "}":
            begun = open_.pop() if open_ else 0
            if begun:
                yield begun, line
            start = index + 1
        elif letter == ";":
            start = index + 1


TABLE_ROW = re.compile(r"^\s*\{.*\},?(?:\s*//.*)?$")


def functionSize(tree):
    """No function is longer than 70 lines, the one-line rows of a table not counted."""
    for path in tree.paths:
        if path.endswith((".h", ".cpp")):
            spans = functions(tree.text(path))
        elif path.endswith(".py"):
            spans = [(node.lineno, node.end_lineno) for node in ast.walk(ast.parse(tree.text(path)))
                     if isinstance(node, ast.FunctionDef)]
        else:
            continue
        for first, last in spans:
            rows = sum(1 for line in tree.lines(path)[first - 1:last] if TABLE_ROW.match(line))
            if last - first + 1 - rows > MAX_FUNCTION_LINES:
                yield Finding(path, first, f"a function of {last - first + 1 - rows} lines; "
                                           f"{MAX_FUNCTION_LINES} at most")


EMPTY_NAME = re.compile(r"(?:Utils?|Helpers?|Common|Manager|Impl)$")
LOWER_NAME = re.compile(r"^(?:utils?|helpers?|common|managers?|impl|misc)$")
DECLARED = re.compile(r"\b(?:class|struct|enum(?:\s+class)?|union|namespace|using)\s+([A-Za-z_]\w*)\b(?!\s*;)")


def forbiddenNames(tree):
    """Names that say nothing: Utils, Helpers, Common, Manager, Impl, in paths and in declarations."""
    for path in tree.paths:
        for part in path.split("/"):
            stem = part.split(".")[0]
            if EMPTY_NAME.search(stem) or LOWER_NAME.match(stem):
                yield Finding(path, 1, f"'{stem}' names nothing")
        if not path.endswith((".h", ".cpp")):
            continue
        for number, line in enumerate(blank(tree.text(path)).split("\n"), 1):
            for name in DECLARED.findall(line):
                if EMPTY_NAME.search(name) or LOWER_NAME.match(name):
                    yield Finding(path, number, f"'{name}' names nothing")


def fileNames(tree):
    """C++ files are named in PascalCase after their type, folders in camelCase; main.cpp is main.cpp."""
    for path in tree.sources():
        *folders, name = path.split("/")
        stem = name.rsplit(".", 1)[0]
        isProgram = stem == "main" or re.fullmatch(r"[a-z]\w*Fuzz", stem)
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", stem) and not isProgram:
            yield Finding(path, 1, f"'{name}' is not named in PascalCase")
        for folder in folders:
            if not re.fullmatch(r"[a-z][A-Za-z0-9]*", folder):
                yield Finding(path, 1, f"folder '{folder}' is not named in camelCase")


def hasPurpose(lines):
    """True when a comment is the first thing besides #pragma once."""
    return next((line for line in lines if line.strip() and line != "#pragma once"), "").startswith("//")


def continuesHeader(path, lines):
    """True for a source that goes on at once with a header of its folder, which tells what it is for."""
    folder = path.rsplit("/", 1)[0]
    first = next((line for line in lines[1:] if line), "")
    return path.endswith(".cpp") and re.match(rf'#include "{folder}/\w+\.h"', first) is not None


def opening(tree):
    """A C++ file opens with its SPDX line, then says what it is for or includes the header that says it."""
    for path in tree.sources():
        lines = tree.lines(path) + ["", ""]
        if lines[0] != "// SPDX-License-Identifier: Apache-2.0":
            yield Finding(path, 1, "the first line must be // SPDX-License-Identifier: Apache-2.0")
        elif not path.startswith("tests/unit/") and not continuesHeader(path, lines) and not hasPurpose(lines[1:]):
            yield Finding(path, 2, "a comment must say what the file is for")
        if path.endswith(".h") and "#pragma once" not in lines:
            yield Finding(path, 1, "a header needs #pragma once")


HEADED = re.compile(r"\b(?:(?P<head>if|for|while)\b(?:\s*constexpr)?\s*\(|else\b)")


def afterParentheses(text, index):
    """The position behind the parenthesis that closes the one just before index."""
    depth = 1
    while depth and index < len(text):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        index += 1
    return index


def braces(tree):
    """Every block has its braces (clang-format 14 cannot set them)."""
    for path in tree.sources():
        text = blank(tree.text(path))
        for found in HEADED.finditer(text):
            head = found.group("head")
            end = afterParentheses(text, found.end()) if head else found.end()
            rest = re.sub(r"^\s*(?:\[\[\w+\]\])?\s*", "", text[end:end + 200])
            isDoWhile = head == "while" and rest.startswith(";") and text[:found.start()].rstrip().endswith("}")
            if not rest.startswith("{") and not isDoWhile and not (head is None and rest.startswith("if")):
                yield Finding(path, text.count("\n", 0, found.start()) + 1, "a block without braces")


def namespaces(tree):
    """A storey's code stands in its namespace, sub-folders make none; headers name no 'using namespace'."""
    for path in tree.sources():
        text = blank(tree.text(path))
        storey = storeyOf(path)
        named = re.findall(r"^namespace\s+(auspex(?:::\w+)*)\s*\{", text, re.M)
        for name in named:
            first, *rest = name.split("::")[1:] or [storey]
            if storey and (first != storey or any(part in path.split("/")[1:-1] for part in rest)):
                yield Finding(path, 1, f"namespace {name}; {storey}/ is auspex::{storey}")
        if path.endswith(".h"):
            for number, line in enumerate(text.split("\n"), 1):
                # Inside their own namespace, grammar rules read as the specification does.
                isGrammar = path.startswith("parser/grammar/") and "tao::pegtl" in line
                if re.match(r"\s*using\s+namespace\b", line) and not isGrammar:
                    yield Finding(path, number, "no 'using namespace' in a header")


assert set(LAYERS) == set(STOREYS)
