# SPDX-License-Identifier: Apache-2.0
"""Compiles every header alone: whoever includes one needs nothing else before it."""
import concurrent.futures
import os
import subprocess

FLAGS = ["-std=c++20", "-O0", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]


def compileAlone(tree, folder, header):
    """The compiler's complaint about a source that holds only this include, or ''. Made whole and not only read, since
    ccache keeps only what has a result; the source lies where it lay the last time."""
    source = os.path.join(folder, header.replace("/", "-") + ".cpp")
    with open(source, "w", encoding="ascii") as file:
        file.write(f'#include "{header}"\n')
    process = subprocess.run([os.path.join(tree.root, ".ci", "compile"), "g++", *FLAGS, f"-I{tree.root}", "-c", source, "-o",
                              f"{source}.o"], capture_output=True, text=True, check=False)
    return process.stderr if process.returncode != 0 else ""


def main(tree):
    paths = [path for path in tree.sources() if path.endswith(".h")]
    folder = os.path.join(tree.root, "build", "ci", "headers")
    os.makedirs(folder, exist_ok=True)
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for path, complaint in zip(paths, pool.map(lambda path: compileAlone(tree, folder, path), paths)):
            if complaint:
                failed += 1
                print(f"{path} does not compile alone:\n{complaint[:2000]}")
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0
