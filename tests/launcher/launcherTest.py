#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The launcher on a stand-in for the project: its own scripts and presets around an engine of three small sources."""
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.environ.get("AUSPEX_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT_SECONDS = 120

CMAKE_LISTS = """cmake_minimum_required(VERSION 3.25)
project(auspex LANGUAGES C CXX)
add_subdirectory(engine)
"""
ENGINE_LISTS = "add_executable(auspex main.cpp One.cpp Two.cpp Three.cpp)\n"
MAIN = """#include <cstdlib>
#include <iostream>
#include <string>
#include <unistd.h>
int one();
int main(int count, char** arguments) {
  std::cout << "version " << one() << " in " << get_current_dir_name() << "\\n";
  for (int i = 1; i < count; ++i) {
    std::cout << "[" << arguments[i] << "]\\n";
  }
  std::string line;
  while (count > 1 && std::string{arguments[1]} == "read" && std::getline(std::cin, line)) {
    std::cout << "read " << line << "\\n";
  }
  return count > 1 && std::string{arguments[1]} == "fail" ? 42 : 0;
}
"""
# Stands in for .ci/compile: notes each source that is compiled and takes its time.
SLOW_COMPILE = """#!/bin/sh
for last; do :; done
case $* in
  *" -c "*) sleep 0.7; echo "$last" >> "${0%/*}/compiled" ;;
esac
exec "$@"
"""


def write(path, text, executable=False):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    if executable:
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def makeProject(folder):
    """A project of the launcher's shape, without .git."""
    os.makedirs(folder)
    shutil.copy(os.path.join(ROOT, "auspex"), folder)
    shutil.copy(os.path.join(ROOT, "CMakePresets.json"), folder)
    shutil.copytree(os.path.join(ROOT, ".ci"), os.path.join(folder, ".ci"))
    write(f"{folder}/CMakeLists.txt", CMAKE_LISTS)
    write(f"{folder}/engine/CMakeLists.txt", ENGINE_LISTS)
    write(f"{folder}/engine/main.cpp", MAIN)
    write(f"{folder}/engine/One.cpp", "int one() { return 1; }\n")
    write(f"{folder}/engine/Two.cpp", "int two() { return 2; }\n")
    write(f"{folder}/engine/Three.cpp", "int three() { return 3; }\n")
    write(f"{folder}/queries/examples/some/some.sql", "SELECT 1;\n")
    for storey in ("parser", "stateStore", "operators"):
        os.makedirs(f"{folder}/{storey}")
    return folder


def start(command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False,
                          stdin=options.pop("stdin", subprocess.DEVNULL), **options)


def farm(folder, without):
    """A PATH of one folder: links to every program of the machine but those named."""
    os.makedirs(folder)
    for source in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for name in os.listdir(source):
            if name not in without and not os.path.lexists(f"{folder}/{name}"):
                os.symlink(f"{source}/{name}", f"{folder}/{name}")
    return folder


class Built(unittest.TestCase):
    """On a project that is built once, in a path with spaces."""

    @classmethod
    def setUpClass(cls):
        cls.folder = os.path.realpath(tempfile.mkdtemp(prefix="auspexLauncher"))
        cls.project = makeProject(f"{cls.folder}/a path/with 'spaces'")
        cls.launcher = f"{cls.project}/auspex"
        cls.first = start([cls.launcher, "a b", "*"], cwd=cls.folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def testFirstUseBuildsAndRuns(self):
        self.assertEqual(self.first.returncode, 0, self.first.stderr)
        self.assertEqual(self.first.stdout, f"version 1 in {self.folder}\n[a b]\n[*]\n")
        self.assertIn("first use in this folder", self.first.stderr)
        self.assertRegex(self.first.stderr, r"about \d+\s+minutes")
        self.assertIn("build/logs/release.log", self.first.stderr)

    def testSayNothingLater(self):
        self.assertEqual(start([self.launcher], cwd=self.folder).stderr, "")

    def testWorksThroughLinksAndFromAnyFolder(self):
        links = f"{self.folder}/links"
        os.makedirs(links)
        os.symlink(self.launcher, f"{links}/absolute")
        os.symlink(os.path.relpath(self.launcher, links), f"{links}/relative")
        os.symlink("relative", f"{links}/auspex")
        os.symlink(os.path.dirname(self.launcher), f"{links}/folder")
        cases = [([f"{links}/absolute"], "/"), (["./relative"], links), ([f"{links}/auspex"], "/usr"),
                 ([f"{links}/folder/auspex"], "/"), (["./auspex"], self.project), (["sh", "auspex"], self.project),
                 (["sh", "auspex"], links), (["dash", "../auspex"], f"{self.project}/engine")]
        for command, folder in cases:
            with self.subTest(command=command, folder=folder):
                done = start(command, cwd=folder)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, f"version 1 in {folder}\n", ""))
        done = start(["auspex"], cwd="/usr", env={**os.environ, "PATH": f"{links}:{os.environ['PATH']}"})
        self.assertEqual(done.stdout, "version 1 in /usr\n")

    def testHandsOverInputAndExitCode(self):
        done = subprocess.run([self.launcher, "read"], input="x\ny\n", capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout.splitlines()[-2:], ["read x", "read y"])
        self.assertEqual(start([self.launcher, "fail"]).returncode, 42)

    def testStartsNeitherCmakeNorNinja(self):
        stubs = f"{self.folder}/stubs"
        for name in ("cmake", "ninja", "g++", "dpkg-query", "apt-get", "ccache"):
            write(f"{stubs}/{name}", f'#!/bin/sh\necho {name} >> "{stubs}/started"\n', executable=True)
        # Neither documents nor the programs that users change are sources.
        write(f"{self.project}/engine/README.md", "new\n")
        write(f"{self.project}/queries/examples/some/some.sql", "SELECT 2;\n")
        done = start([self.launcher], env={**os.environ, "PATH": f"{stubs}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0)
        self.assertFalse(os.path.exists(f"{stubs}/started"))

    def testCostsNothingNoticeable(self):
        def seconds():
            begin = time.monotonic()
            start([self.launcher])
            return time.monotonic() - begin
        self.assertLess(min(seconds() for _ in range(10)), 0.05)

    def testJobsByCoresAndMemory(self):
        jobs = int(start([f"{self.project}/.ci/jobs"]).stdout)
        self.assertTrue(1 <= jobs <= os.cpu_count())


class Changing(unittest.TestCase):
    """On a project of its own for each case."""

    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="auspexLauncher"))
        self.project = makeProject(f"{self.folder}/the project")
        self.launcher = f"{self.project}/auspex"

    def tearDown(self):
        shutil.rmtree(self.folder)

    def slowCompiler(self):
        write(f"{self.project}/.ci/compile", SLOW_COMPILE, executable=True)

    def compiled(self):
        path = f"{self.project}/.ci/compiled"
        names = read(path).split("\n")[:-1] if os.path.exists(path) else []
        return sorted(os.path.basename(name) for name in names if name.startswith(self.project + "/engine"))

    def testRebuildsWhenASourceIsNewer(self):
        self.assertIn("version 1", start([self.launcher]).stdout)
        write(f"{self.project}/engine/One.cpp", "int one() { return 7; }\n")
        self.assertIn("version 7", start([self.launcher]).stdout)
        os.remove(f"{self.project}/engine/Two.cpp")
        write(f"{self.project}/engine/CMakeLists.txt", ENGINE_LISTS.replace(" Two.cpp", ""))
        write(f"{self.project}/engine/One.cpp", "int one() { return 8; }\n")
        self.assertIn("version 8", start([self.launcher]).stdout)

    def testAFailedBuildNamesItsLogAndGoesOn(self):
        write(f"{self.project}/engine/Two.cpp", "int two() { return missing; }\n")
        done = start([self.launcher])
        self.assertEqual((done.returncode, done.stdout), (6, ""))
        self.assertIn("missing", done.stderr)
        log = done.stderr.split("The whole log: ")[1].strip()
        self.assertIn("FAILED", read(log))
        write(f"{self.project}/engine/Two.cpp", "int two() { return 2; }\n")
        self.assertEqual(start([self.launcher]).returncode, 0)

    def testAFailedConfigurationNamesItsLogAndGoesOn(self):
        write(f"{self.project}/CMakeLists.txt", CMAKE_LISTS + "find_package(Nothing REQUIRED)\n")
        done = start([self.launcher])
        self.assertEqual((done.returncode, done.stdout), (6, ""))
        self.assertIn("Nothing", done.stderr)
        self.assertIn("build/logs/release.log", done.stderr)
        write(f"{self.project}/CMakeLists.txt", CMAKE_LISTS)
        self.assertEqual(start([self.launcher]).returncode, 0)

    def testAnInterruptedBuildGoesOn(self):
        self.slowCompiler()
        for ending in (signal.SIGINT, signal.SIGKILL):
            process = subprocess.Popen([self.launcher], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env={**os.environ, "AUSPEX_JOBS": "1"}, start_new_session=True)
            before = len(self.compiled())
            limit = time.monotonic() + LIMIT_SECONDS
            while len(self.compiled()) == before and time.monotonic() < limit:
                time.sleep(0.02)
            time.sleep(0.3)
            os.killpg(process.pid, ending)
            output, _ = process.communicate(timeout=LIMIT_SECONDS)
            self.assertNotEqual(process.returncode, 0)
            self.assertEqual(output, b"")
        done = start([self.launcher])
        self.assertEqual(done.returncode, 0, done.stderr)
        # What was finished was not compiled again; what was cut off may have been.
        self.assertLessEqual(len(self.compiled()), 4 + 2)
        self.assertEqual(sorted(set(self.compiled())), ["One.cpp", "Three.cpp", "Two.cpp", "main.cpp"])

    def testTwoFirstStartsDoNotCollide(self):
        self.slowCompiler()
        processes = [subprocess.Popen([self.launcher, str(number)], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True) for number in range(3)]
        answers = [process.communicate(timeout=LIMIT_SECONDS) for process in processes]
        for number, process in enumerate(processes):
            self.assertEqual(process.returncode, 0, answers[number][1])
            self.assertIn(f"[{number}]", answers[number][0])
        self.assertEqual(self.compiled(), ["One.cpp", "Three.cpp", "Two.cpp", "main.cpp"])
        self.assertEqual(sum("another start is building" in errors for _, errors in answers), 2)

    def testAMovedFolderRunsAndBuildsAnew(self):
        self.assertEqual(start([self.launcher]).returncode, 0)
        moved = f"{self.folder}/moved"
        os.rename(self.project, moved)
        self.assertEqual(start([f"{moved}/auspex"]).stderr, "")
        write(f"{moved}/engine/One.cpp", "int one() { return 9; }\n")
        done = start([f"{moved}/auspex"])
        self.assertIn("version 9", done.stdout, done.stderr)
        self.assertIn("was moved", done.stderr)


class Installing(unittest.TestCase):
    """With stand-ins for what would install packages."""

    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="auspexLauncher"))
        self.project = makeProject(f"{self.folder}/the project")
        self.path = farm(f"{self.folder}/bin", without=("sudo", "id", "dpkg-query", "apt-get"))
        self.stub("id", "echo 1000")
        self.stub("dpkg-query", f'for name; do :; done; grep -q -x "$name" "{self.folder}/installed" && echo installed')
        self.stub("apt-get", f'echo "$*" >> "{self.folder}/apt"\n'
                  'case $* in *--print-uris*) for i in 1 2 3; do echo "uri$i file$i 2000000"; done; exit ;; esac\n'
                  f'case $* in install*) for name; do echo "$name" >> "{self.folder}/installed"; done ;; esac')
        write(f"{self.folder}/installed", "")
        self.packages = [line for line in read(f"{ROOT}/.ci/packages/build").split("\n")
                         if line and not line.startswith("#")]

    def tearDown(self):
        shutil.rmtree(self.folder)

    def stub(self, name, body):
        write(f"{self.path}/{name}", f"#!/bin/sh\n{body}\n", executable=True)

    def launch(self):
        return start([f"{self.project}/auspex"], env={**os.environ, "PATH": self.path})

    def assertRefused(self, done):
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        line = next(line for line in done.stderr.split("\n") if "apt-get install" in line)
        self.assertEqual(line.split("--no-install-recommends ")[1].split(), sorted(self.packages))
        self.assertIn("as root", done.stderr)

    def testNeitherRootNorSudo(self):
        self.assertRefused(self.launch())

    def testSudoRefuses(self):
        self.stub("sudo", "exit 1")
        self.assertRefused(self.launch())
        self.assertFalse(os.path.exists(f"{self.folder}/apt"))

    def testInstallsWithSudo(self):
        self.stub("sudo", 'case $1 in DEBIAN_FRONTEND=*) shift ;; esac; exec "$@"')
        done = self.launch()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"installing {len(self.packages)} Debian packages (3 packages with what they need, 6 MB",
                      done.stderr)
        installs = [line for line in read(f"{self.folder}/apt").split("\n")
                    if line.startswith("install -y --no-install-recommends")]
        self.assertEqual(len(installs), 1)
        self.assertIn("version 1", done.stdout)

    def testInstallsOnlyWhatIsMissing(self):
        write(f"{self.folder}/installed", "\n".join(self.packages[1:]) + "\n")
        done = self.launch()
        self.assertEqual(done.returncode, 3)
        self.assertIn(f"--no-install-recommends {self.packages[0]}\n", done.stderr)

    def testAFailedInstallNamesItsLog(self):
        self.stub("id", "echo 0")
        self.stub("apt-get", "echo E: no such thing; exit 100")
        done = self.launch()
        self.assertEqual((done.returncode, done.stdout), (6, ""))
        self.assertIn("no such thing", done.stderr)
        self.assertIn("build/logs/release.log", done.stderr)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed = len({test.id().split(" ")[0] for test, _ in result.failures + result.errors})
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
