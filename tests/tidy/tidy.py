#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Style as a test. Without arguments: every rule over the tree, then every rule over its planted violations.

  tidy.py [RULE...]     only these rules
  tidy.py --list        the rules with what each demands
  tidy.py --headers     instead: compiles every header alone (minutes; ccache helps)

A planted violation is a small tree under planted/RULE in which exactly the files named Bad* or bad*, or that
lie in a folder named so, break the rule, unless they say that they are fine; or it is a folder treeBad* that
breaks the rule as a whole, beside a treeGood* that does not. What would be too long to keep, LONG makes.
"""
import os
import sys
import tempfile

import cppRules
import headers
import projectRules
from tree import PLANTED, Tree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RULES = {rule.__name__: rule for rule in (
    cppRules.layers, cppRules.libraries, cppRules.ownHeaderFirst, cppRules.fileSize, cppRules.functionSize,
    cppRules.forbiddenNames, cppRules.fileNames, cppRules.opening, cppRules.braces,
    cppRules.namespaces,
    projectRules.hosts, projectRules.machinePaths, projectRules.workplaceWords, projectRules.unlistedSources,
    projectRules.documentLinks, projectRules.architecturePaths, projectRules.topLevel,
    projectRules.folderReadmes, projectRules.formatting)}

def ownStyle():
    with open(os.path.join(ROOT, ".clang-format"), encoding="utf-8") as file:
        return file.read()


# Planted files that are made here: too long to keep, or what no committed file may look like.
LONG = {
    "formatting": {".clang-format": ownStyle(), "operators/Bad.cpp": "int   a=1;\n",
                   "operators/Good.cpp": "int a = 1;\n"},
    "fileSize": {"operators/Bad.cpp": "int a;\n" * 601, "operators/Good.cpp": "int a;\n" * 600},
    "functionSize": {
        "operators/Bad.cpp": "namespace auspex {\nint f(int a) const {\n" + "  a += 1;\n" * 69 + "}\n}\n",
        "operators/BadConstructor.cpp": "F::F(int a) : a_{a}, b_(a) {\n" + "  a += '{';\n" * 69 + "}\n",
        "operators/BadMember.h": "class F {\n  int f() {\n" + '    a += "}}";\n' * 69 + "  }\n};\n",
        "tests/bad.py": "def f():\n" + "    print()\n" * 70,
        "operators/Good.cpp": "namespace {\nint f() {\n" + "  a += 1;\n" * 68 + "}\n" + "int b;\n" * 80 + "}\n"
                              "int g() {\n" + "  if (a) {\n    a += R\"({)\"; /* { */\n  }\n" * 22 + "}\n"
                              "const int table[] = {\n" + "  1,\n" * 90 + "};\n"},
    "hosts": {"docs/bad.md": "See https:/" + "/package.registry.io/simple and so on.\n",
              "docs/badBare.md": "pip --index files.py" + "pi.org\n"},
    "machinePaths": {"docs/bad.md": "Look into /" + "home/somebody/project.\n",
                     "docs/badTemporary.md": "Look into /" + "tmp/build.\n"},
}


def isBad(path):
    return any(part.lower().startswith("bad") for part in path.split("/"))


def writeLong(rule, folder):
    for path, text in LONG.get(rule, {}).items():
        os.makedirs(os.path.join(folder, os.path.dirname(path)), exist_ok=True)
        with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
            file.write(text)


def reportedPaths(rule, folder):
    return {finding.path for finding in RULES[rule](Tree(folder, withPlanted=True))}


def comparePlanted(rule, folder):
    """Complaints about files of a planted tree that are reported though fine, or the other way round."""
    tree = Tree(folder, withPlanted=True)
    reported = reportedPaths(rule, folder)
    bad = {path for path in tree.paths if isBad(path) and "is fine" not in tree.text(path)}
    if not bad:
        yield f"{rule}: plants no file named bad*"
    yield from (f"{rule}: missed the planted {path}" for path in sorted(bad - reported))
    yield from (f"{rule}: reported {path}, which is fine" for path in sorted(reported - bad)
                if not isBad(path))


def testPlanted(rule):
    """Complaints about a rule that misses a planted violation or reports what is fine."""
    kept = os.path.join(ROOT, PLANTED, rule)
    if rule not in LONG and not os.path.isdir(kept):
        return [f"{rule}: no violation is planted"]
    complaints = []
    if rule in LONG:
        with tempfile.TemporaryDirectory() as made:
            writeLong(rule, made)
            complaints += comparePlanted(rule, made)
    if os.path.isdir(kept):
        trees = [name for name in sorted(os.listdir(kept)) if name.startswith("tree")]
        for name in trees:
            if bool(reportedPaths(rule, os.path.join(kept, name))) != name.startswith("treeBad"):
                complaints.append(f"{rule}: misjudged the planted {name}")
        if not trees:
            complaints += comparePlanted(rule, kept)
    return complaints


def main(arguments):
    if "--list" in arguments:
        for name, rule in RULES.items():
            print(f"{name:18} {rule.__doc__}")
        return 0
    if "--headers" in arguments:
        return headers.main(Tree(ROOT))
    names = arguments or list(RULES)
    tree = Tree(ROOT)
    passed = failed = 0
    for name in names:
        if name not in RULES:
            sys.exit(f"there is no rule '{name}'; --list lists them")
        for complaints in (list(RULES[name](tree)), testPlanted(name)):
            for complaint in complaints:
                print(f"{name}: {complaint}")
            passed += not complaints
            failed += bool(complaints)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
