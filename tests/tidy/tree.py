# SPDX-License-Identifier: Apache-2.0
"""The files that the style test reads, and the small reading of C++ that its rules share."""
import os
import re

STOREYS = ("parser", "stateStore", "operators", "queries", "engine")
SKIPPED_FOLDERS = {".git", "build", "auspex-data", "__pycache__", "node_modules", "target", ".cache"}
PLANTED = "tests/tidy/planted"


class Finding:
    """A broken rule: where, and what is wrong there."""

    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


class Tree:
    """The text files under a root, by path relative to it. Reads each file once."""

    def __init__(self, root, withPlanted=False):
        self.root = root
        self.paths = sorted(self._walk(withPlanted))
        self._texts = {}

    def _walk(self, withPlanted):
        for folder, folders, files in os.walk(self.root):
            relative = os.path.relpath(folder, self.root)
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            if not withPlanted and relative == PLANTED.rsplit("/", 1)[0] and "planted" in folders:
                folders.remove("planted")
            for name in files:
                yield name if relative == "." else f"{relative}/{name}"

    def text(self, path):
        """The file's text, or '' when it is not text."""
        if path not in self._texts:
            with open(os.path.join(self.root, path), "rb") as file:
                data = file.read()
            self._texts[path] = "" if b"\0" in data[:8192] else data.decode("utf-8", "replace")
        return self._texts[path]

    def lines(self, path):
        return self.text(path).split("\n")

    def sources(self):
        """Our C++: headers and sources."""
        return [path for path in self.paths if path.endswith((".h", ".cpp"))]

    def exists(self, path):
        return os.path.exists(os.path.join(self.root, path))


def storeyOf(path):
    """The top folder, when it is one of the storeys."""
    top = path.split("/", 1)[0]
    return top if top in STOREYS else None


INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(tree, path):
    """Yields (line number, '<' or '"', name) of each include."""
    for number, line in enumerate(tree.lines(path), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1), found.group(2)


BLANKED = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^\s()\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
    r"(?<![0-9a-zA-Z_])'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:\\\n|[^\n])*", re.S | re.M)


def blank(text):
    """The C++ text with comments, literals and preprocessor lines emptied; line breaks stay where they are."""
    def replace(found):
        kept = '""' if found.group(0)[0] in 'R"' else " "
        return kept + "\n" * found.group(0).count("\n")
    return BLANKED.sub(replace, text)
