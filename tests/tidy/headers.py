# SPDX-License-Identifier: Apache-2.0
"""Compiles every header alone: whoever includes one needs nothing else before it."""
import concurrent.futures
import os
import subprocess

FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror",
         "-x", "c++"]


def compileAlone(tree, header):
    """The compiler's complaint about a source that holds only this include, or ''."""
    process = subprocess.run(["g++", *FLAGS, f"-I{tree.root}", "-"], input=f'#include "{header}"\n',
                             capture_output=True, text=True, check=False)
    return process.stderr if process.returncode != 0 else ""


def main(tree):
    paths = [path for path in tree.sources() if path.endswith(".h")]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for path, complaint in zip(paths, pool.map(lambda path: compileAlone(tree, path), paths)):
            if complaint:
                failed += 1
                print(f"{path} does not compile alone:\n{complaint[:2000]}")
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0
