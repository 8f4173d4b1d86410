#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What tests/run and .ci/run make of suites that end in every way a suite can, on made-up ones."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ.get("AUSPEX_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def write(path, text, executable=True):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755 if executable else 0o644)


class Suites(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="auspexSuites")

    def tearDown(self):
        shutil.rmtree(self.folder)

    def suite(self, name, body, executable=True):
        write(f"{self.folder}/tests/suites/{name}", f"#!/bin/sh\n{body}\n", executable)

    def table(self, name, *lines):
        write(f"{self.folder}/tests/{name}", "".join(f"{line}\n" for line in ("# Heading", *lines)))

    def launch(self, *arguments, preset="release"):
        environment = {**os.environ, "AUSPEX_ROOT": self.folder, "AUSPEX_PRESET": preset, "AUSPEX_TREE": "none"}
        environment.pop("AUSPEX_FULL", None)
        return subprocess.run([sys.executable, f"{ROOT}/tests/suites/runSuites.py", *arguments], env=environment,
                              capture_output=True, text=True, timeout=60, check=False)

    def assertCloses(self, done, code, line, *texts):
        self.assertEqual((done.returncode, done.stdout.strip().split("\n")[-1]), (code, line), done.stdout)
        for text in texts:
            self.assertIn(text, done.stdout)

    def testSumsInTheOrderOfTheNames(self):
        self.suite("10-b", "echo '2 passed, 0 failed, 0 skipped'")
        self.suite("02-a", "echo 'part: 1 passed, 0 failed'; echo '3 passed, 0 failed'")
        self.table("expectedCounts", "a 3", "b 1", "part 1")
        done = self.launch()
        self.assertCloses(done, 0, "5 passed, 0 failed, 0 skipped")
        self.assertLess(done.stdout.index("== a"), done.stdout.index("== b"))
        self.assertCloses(self.launch("b"), 0, "2 passed, 0 failed, 0 skipped")
        self.assertCloses(self.launch("02-a"), 0, "3 passed, 0 failed, 0 skipped")
        self.assertNotEqual(self.launch("c").returncode, 0)

    def testSuitesThatWaitRunBesideOneAnother(self):
        wait = "# besideOthers: yes\n: > {0}; while ! [ -e {1} ]; do sleep 0.05; done; echo '1 passed, 0 failed'"
        self.suite("01-a", wait.format(f"{self.folder}/a", f"{self.folder}/b"))
        self.suite("02-b", wait.format(f"{self.folder}/b", f"{self.folder}/a"))
        self.suite("03-c", f"! [ -e {self.folder}/a ] && echo '1 passed, 0 failed'")
        self.table("expectedCounts", "a 1", "b 1", "c 1")
        done = self.launch()
        self.assertCloses(done, 0, "3 passed, 0 failed, 0 skipped")
        self.assertLess(done.stdout.index("== c:"), done.stdout.index("== a"))

    def testWhatFails(self):
        cases = [
            ("echo '1 passed, 2 failed, 0 skipped'; exit 1", "1 passed, 2 failed, 0 skipped", "FAILED a"),
            ("echo '1 passed, 0 failed, 0 skipped'; exit 1", "1 passed, 1 failed, 0 skipped", "exited with 1"),
            ("echo 'all is well'", "0 passed, 1 failed, 0 skipped", "no closing line"),
            ("echo '0 passed, 0 failed, 0 skipped'", "0 passed, 1 failed, 0 skipped", "ran no test"),
            ("kill -9 $$", "0 passed, 1 failed, 0 skipped", "no closing line (exit code -9)"),
            ("# timeLimitSeconds: 1\necho '1 passed, 0 failed'; sleep 30", "1 passed, 1 failed, 0 skipped",
             "took longer than 1 seconds"),
        ]
        self.table("expectedCounts", "a 0")
        for body, line, text in cases:
            with self.subTest(body=body):
                self.suite("01-a", body)
                self.assertCloses(self.launch(), 1, line, text)
        self.suite("01-a", "echo '1 passed, 0 failed'", executable=False)
        self.assertCloses(self.launch(), 1, "0 passed, 1 failed, 0 skipped", "not executable")

    def testSkipsAreNamed(self):
        self.table("expectedCounts", "a 2")
        self.table("expectedSkips", "qtt")
        self.suite("01-a", "echo 'SKIP qtt: no data'; echo '1 passed, 0 failed, 1 skipped'")
        self.assertCloses(self.launch(), 0, "1 passed, 0 failed, 1 skipped")
        self.suite("01-a", "echo 'SKIP kafka: no data'; echo '1 passed, 0 failed, 1 skipped'")
        self.assertCloses(self.launch(), 1, "1 passed, 1 failed, 1 skipped", "skipped 1 tests")
        self.suite("01-a", "echo 'SKIP qtt: no data'; echo '0 passed, 0 failed, 2 skipped'")
        self.assertCloses(self.launch(), 1, "0 passed, 1 failed, 2 skipped", "skipped 1 tests")

    def testCountsMayNotShrink(self):
        self.suite("01-a", "echo 'part: 1 passed, 0 failed'; echo '3 passed, 0 failed'")
        self.assertCloses(self.launch(), 1, "3 passed, 1 failed, 0 skipped", "no line in tests/expectedCounts")
        self.table("expectedCounts", "a 4")
        self.assertCloses(self.launch(), 1, "3 passed, 1 failed, 0 skipped", "3 tests, fewer than the 4")
        self.table("expectedCounts", "a 3", "part 2")
        self.assertCloses(self.launch(), 1, "3 passed, 1 failed, 0 skipped", "1 tests, fewer than the 2")
        # A part that has gone altogether.
        self.table("expectedCounts", "a 3", "part 1", "a/other 1")
        self.assertCloses(self.launch(), 1, "3 passed, 1 failed, 0 skipped", "a/other did not run")
        self.assertCloses(self.launch("a"), 0, "3 passed, 0 failed, 0 skipped")
        self.assertCloses(self.launch("--updateCounts"), 0, "3 passed, 0 failed, 0 skipped")
        self.assertCloses(self.launch(), 0, "3 passed, 0 failed, 0 skipped")
        self.assertCloses(self.launch(preset="asan"), 0, "3 passed, 0 failed, 0 skipped")

    def testNoSuiteIsAFailure(self):
        os.makedirs(f"{self.folder}/tests/suites")
        self.assertCloses(self.launch(), 1, "0 passed, 1 failed, 0 skipped", "no test ran")

    def ci(self, *stages):
        shutil.copytree(f"{ROOT}/.ci", f"{self.folder}/.ci", dirs_exist_ok=True)
        write(f"{self.folder}/.ci/install", "#!/bin/sh\n")
        return subprocess.run(["bash", f"{self.folder}/.ci/run", *stages], capture_output=True, text=True,
                              timeout=60, check=False)

    def testCiSumsItsStages(self):
        write(f"{self.folder}/tests/tidy/tidy.py", "print('2 passed, 0 failed, 0 skipped')\n")
        write(f"{self.folder}/tests/run", "#!/bin/sh\necho '5 passed, 0 failed, 1 skipped'\n")
        done = self.ci("style", "tests")
        self.assertCloses(done, 0, "9 passed, 0 failed, 1 skipped")
        self.assertRegex(done.stdout, r"style +0\.\d minutes  ok\ntests +0\.\d minutes  ok\n")

    def testCiFailsWithAnyStage(self):
        write(f"{self.folder}/tests/tidy/tidy.py", "print('2 passed, 0 failed, 0 skipped')\n")
        cases = [("echo '5 passed, 1 failed, 0 skipped'; exit 1", "9 passed, 1 failed, 0 skipped"),
                 ("echo '5 passed, 0 failed, 0 skipped'; exit 4", "9 passed, 1 failed, 0 skipped"),
                 ("exit 3", "4 passed, 1 failed, 0 skipped"),
                 ("echo '0 passed, 0 failed, 0 skipped'", "4 passed, 1 failed, 0 skipped")]
        for body, line in cases:
            with self.subTest(body=body):
                write(f"{self.folder}/tests/run", f"#!/bin/sh\n{body}\n")
                # Nothing is built for the later stages.
                done = self.ci()
                self.assertCloses(done, 1, line, "FAILED")
                self.assertNotIn("=== asan", done.stdout)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    failed = len({test.id().split(" ")[0] for test, _ in result.failures + result.errors})
    print(f"{result.testsRun - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
