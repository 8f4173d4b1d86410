# SPDX-License-Identifier: Apache-2.0
"""Rules on the whole project: where it may point, what CMake lists, where documents lead, formatting."""
import glob
import os
import re
import shutil
import subprocess

from tree import Finding, PLANTED, STOREYS

# Hosts that text may name: documents to read, names reserved for examples, XML's name spaces.
KNOWN_HOSTS = re.compile(
    r"^(?:localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[::1?\]|[\w.-]*\bexample(?:\.(?:com|org|net))?|"
    r"[\w.-]+\.(?:invalid|test|example|localhost)|[a-z0-9-]+|\W.*|"
    r"www\.apache\.org|maven\.apache\.org|kafka\.apache\.org|www\.w3\.org|spdx\.org|json-schema\.org|"
    r"docs\.confluent\.io|docs\.ksqldb\.io|github\.com|cnfl\.io|xgboost\.readthedocs\.io|ubjson\.org|keepachangelog\.com|"
    r"semver\.org|lightgbm\.readthedocs\.io|www\.rfc-editor\.org|en\.wikipedia\.org)$")
URL = re.compile(r"\b[a-z][a-z+]{1,9}://([^\s/:\"'`<>()$@{}\\,;]+)")
# Package registries and what stands before them, named without a scheme. Spelt so that this line is none.
REGISTRIES = re.compile(
    r"(?i)\b(?:(?:py" r"pi|pythonhost" r"ed|npm" r"js|crates|rubygems|golang|maven|mvnrepository|debian|"
    r"artifactory|pkg)\.(?:org|com|io|net|dev)|repo1?\.maven|proxy\.golang|"
    r"registry\.[a-z0-9-]+\.[a-z]{2,})")
MACHINE_PATHS = re.compile(r"(?<![\w.$}~/*-])/(?:work|farm|home|root|Users|mnt|workspace|builds|tmp)/[\w.-]")
WORKPLACE = re.compile(r"(?i)\bissue #?\d+\b|\bthe (?:lead|ceo)\b|\bdesign card\b")
TEXT_ENDINGS = (".h", ".cpp", ".py", ".sh", ".md", ".txt", ".cmake", ".json", ".xml", ".java", ".js", ".sql",
                ".test", ".yml", ".yaml", ".toml", ".lock", ".in", ".properties", ".csv", ".explain")


def isText(path):
    name = os.path.basename(path)
    return path.endswith(TEXT_ENDINGS) or "." not in name.lstrip(".") or name.startswith(".")


def search(tree, pattern, complaint, known=None):
    for path in tree.paths:
        if not isText(path) or os.path.getsize(os.path.join(tree.root, path)) > 2_000_000:
            continue
        for number, line in enumerate(tree.lines(path), 1):
            for found in pattern.finditer(line):
                if known is None or not known.match(found.group(1)):
                    yield Finding(path, number, f"{complaint}: {found.group(0)[:80]}")


def hosts(tree):
    """The project names no package registry, and of other hosts only those to read or for examples."""
    yield from search(tree, URL, "a host that KNOWN_HOSTS does not name", KNOWN_HOSTS)
    for finding in search(tree, REGISTRIES, "a package registry's host"):
        # Java's package names look like hosts; the XML name space of a POM is one.
        if not re.search(r"maven\.apache\.org|import |org\.apache", tree.lines(finding.path)[finding.line - 1]):
            yield finding


def machinePaths(tree):
    """Nothing names a folder of the machine where it was written, nor a fixed temporary folder."""
    yield from search(tree, MACHINE_PATHS, "an absolute path of a machine")


def workplaceWords(tree):
    """The project explains itself: it refers to no ticket and to nobody's role."""
    yield from search(tree, WORKPLACE, "a reference to what only its writer knows")


def cmakeWords(tree):
    """Every word ending in .cpp of every CMakeLists.txt, as a path from the root; ${...} of ours resolved."""
    for path in tree.paths:
        if os.path.basename(path) != "CMakeLists.txt":
            continue
        folder = os.path.dirname(path)
        text = "\n".join(line.split("#")[0] for line in tree.lines(path))
        for word in re.findall(r"[^\s()\"]+\.cpp\b", text):
            word = re.sub(r"^\$\{CMAKE_CURRENT_(?:SOURCE|LIST)_DIR\}/", "", word)
            fromRoot = re.sub(r"^\$\{(?:CMAKE|PROJECT|auspex)_SOURCE_DIR\}/", "", word)
            yield os.path.normpath(fromRoot if fromRoot != word else os.path.join(folder, word)), text


def unlistedSources(tree):
    """Every source stands in a CMakeLists.txt: one that nothing builds rots."""
    listed = list(cmakeWords(tree))
    plain = {word for word, _ in listed}
    for path in tree.sources():
        if not path.endswith(".cpp") or path in plain:
            continue
        target = re.fullmatch(r"(tests/(?:fuzz|bench))/(\w+)(Fuzz|Bench)\.cpp", path)
        if target and f"{target[1]}/CMakeLists.txt" in tree.paths:
            # auspexFuzz(Parser ...) and auspexBench(State ...) name the target, not the file.
            if re.search(rf"^auspex{target[3]}\({target[2]}\b", tree.text(f"{target[1]}/CMakeLists.txt"), re.M):
                continue
        if any("${" in word and matchesPattern(path, word, text) for word, text in listed):
            continue
        yield Finding(path, 1, "no CMakeLists.txt lists it")


def matchesPattern(path, word, text):
    """True when a listed word with a variable in it can mean the path and the file's list names its stem."""
    pattern = re.sub(r"\\\$\\\{\w+\\\}", r"\\w+", re.escape(word))
    stem = os.path.basename(path)[:-len(".cpp")]
    return re.fullmatch(pattern, path) is not None and re.search(rf"\b{stem}\b", text) is not None


LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")


def anchors(text):
    """The anchors of a Markdown text's headings."""
    for heading in re.findall(r"^#+\s+(.*)$", text, re.M):
        yield re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def documentLinks(tree):
    """A link of a document leads to a file that is there, and to a heading that it has."""
    for path in tree.paths:
        if not path.endswith(".md"):
            continue
        text = re.sub(r"^```.*?^```", lambda found: "\n" * found.group(0).count("\n"), tree.text(path),
                      flags=re.S | re.M)
        for number, line in enumerate(text.split("\n"), 1):
            for target in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z]+:", target):
                    continue
                file, _, anchor = target.partition("#")
                file = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
                if not tree.exists(file):
                    yield Finding(path, number, f"the link to {target} leads nowhere")
                elif anchor and file.endswith(".md") and anchor not in anchors(tree.text(file)):
                    yield Finding(path, number, f"{file} has no heading #{anchor}")


def architecturePaths(tree):
    """Every path that ARCHITECTURE.md names in backticks exists."""
    path = "ARCHITECTURE.md"
    if path not in tree.paths:
        return
    for number, line in enumerate(tree.lines(path), 1):
        for word in re.findall(r"`([\w./*{},-]+)`", line):
            if not re.match(rf"(?:{'|'.join(STOREYS)}|tests|docs|\.ci)/", word) and \
                    not re.search(r"\.(?:md|cpp|h|json)$", word):
                continue
            if not all(glob.glob(os.path.join(tree.root, glob.escape(one) if "*" not in one else one))
                       for one in expandBraces(word)):
                yield Finding(path, number, f"there is no {word}")


def expandBraces(word):
    found = re.match(r"(.*?)\{([^{}]*)\}(.*)$", word)
    if not found:
        return [word]
    return [one for part in found.group(2).split(",")
            for one in expandBraces(found.group(1) + part + found.group(3))]


TOP_LEVEL = set(STOREYS) | {
    "tests", "docs", ".ci", "auspex", "CMakeLists.txt", "CMakePresets.json", "README.md", "ARCHITECTURE.md",
    "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", ".clang-format", ".clang-tidy", ".editorconfig", ".gitignore",
    ".gitattributes"}


def topLevel(tree):
    """The root holds the storeys, tests, docs and the documents that every project has, and nothing else."""
    for path in tree.paths:
        if path.split("/", 1)[0] not in TOP_LEVEL:
            yield Finding(path, 1, "does not belong at the top level")


def folderReadmes(tree):
    """Every storey, and the tests, open with a README of what they are for and how to add to them."""
    for folder in sorted({path.split("/", 1)[0] for path in tree.paths} & (set(STOREYS) | {"tests"})):
        readme = f"{folder}/README.md"
        if readme not in tree.paths:
            yield Finding(readme, 1, "is missing")
        elif tree.text(readme).count("\n") < 5:
            yield Finding(readme, 1, "says too little")


def clangFormatProgram():
    return shutil.which("clang-format-14") or shutil.which("clang-format")


def formatting(tree):
    """clang-format would change nothing."""
    program = clangFormatProgram()
    if not program:
        yield Finding(".clang-format", 1, "clang-format-14 is not installed; tests/run installs it")
        return
    paths = tree.sources()
    for first in range(0, len(paths), 40):
        process = subprocess.run([program, "--dry-run", "--style=file", *paths[first:first + 40]],
                                 cwd=tree.root, capture_output=True, text=True, check=False)
        seen = set()
        if "error:" in process.stderr:
            yield Finding(".clang-format", 1, process.stderr.split("\n", 1)[0])
        for path, line in re.findall(r"^(\S+?):(\d+):\d+: warning", process.stderr, re.M):
            if path not in seen:
                seen.add(path)
                yield Finding(path, int(line), f"is not as clang-format has it: {program} -i {path}")


assert PLANTED.startswith("tests/")
