#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs suites of tests/suites, sums their closing lines and holds them to what is expected of them.

A suite is an executable file NN-name that prints 'N passed, N failed, N skipped' as its closing line. It may
print the same for its parts, as 'part: N passed, N failed, N skipped', and 'SKIP name: reason' for each
skipped test. Its environment: AUSPEX_ROOT, AUSPEX_TREE (the build), AUSPEX_PRESET, AUSPEX_FULL (long form).
A line 'timeLimitSeconds: N' in its head changes its time limit. Suites with a line 'besideOthers: yes' there, which wait
for brokers and servers most of the time, run last, two at a time, the longest first.
"""
import concurrent.futures
import fnmatch
import os
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = os.environ["AUSPEX_ROOT"]
SUITES = os.path.join(ROOT, "tests", "suites")
QUICK = ("tidy", "unit", "sql")
TIME_LIMIT_SECONDS = 1200
FULL_TIME_LIMIT_SECONDS = 6 * 3600
SUITES_AT_A_TIME = 2

CLOSING = re.compile(r"^(?:([\w./-]+): )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
SKIPPED = re.compile(r"^SKIP ([\w./-]+)")


class Outcome:
    """What a suite said of itself and what became of it."""

    def __init__(self, name):
        self.name = name
        self.passed = self.failed = self.skipped = 0
        self.parts = {}
        self.skippedNames = []
        self.closed = False
        self.complaints = []

    def read(self, line):
        closing = CLOSING.match(line)
        if closing:
            counts = tuple(int(count or 0) for count in closing.groups()[1:])
            if closing.group(1):
                self.parts[closing.group(1)] = counts
            else:
                self.passed, self.failed, self.skipped = counts
                self.closed = True
            return
        skipped = SKIPPED.match(line)
        if skipped:
            self.skippedNames.append(skipped.group(1))

    def complain(self, text):
        self.complaints.append(text)
        self.failed += 1


def readTable(name):
    """Lines of 'name value' of a committed file, without comments."""
    path = os.path.join(ROOT, "tests", name)
    rows = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                words = line.split("#")[0].split()
                if words:
                    rows.append(words)
    return rows


def plainName(fileName):
    return fileName.split("-", 1)[1]


def headOf(fileName):
    with open(os.path.join(SUITES, fileName), encoding="utf-8", errors="replace") as file:
        return file.read(2000)


def timeLimit(fileName):
    if os.environ.get("AUSPEX_FULL"):
        return FULL_TIME_LIMIT_SECONDS
    found = re.search(r"timeLimitSeconds: (\d+)", headOf(fileName))
    return int(found.group(1)) if found else TIME_LIMIT_SECONDS


def runSuite(fileName, show):
    path = os.path.join(SUITES, fileName)
    outcome = Outcome(plainName(fileName))
    limit = timeLimit(fileName)
    if not os.access(path, os.X_OK):
        outcome.complain("is not executable")
        return outcome
    process = subprocess.Popen([path], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)

    def stop():
        outcome.complain(f"took longer than {limit} seconds")
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(limit, stop)
    timer.start()
    try:
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            show(line)
            outcome.read(line.strip())
        code = process.wait()
    finally:
        timer.cancel()
        try:
            os.killpg(process.pid, signal.SIGKILL)
            outcome.complaints.append("left processes running; they were ended")
        except ProcessLookupError:
            pass
    if not outcome.closed:
        outcome.complain(f"printed no closing line (exit code {code})")
    elif code != 0 and outcome.failed == 0:
        outcome.complain(f"exited with {code} though it counted no failure")
    elif outcome.passed + outcome.failed == 0 and not allowed(outcome.skippedNames):
        outcome.complain("ran no test")
    return outcome


def allowed(names):
    patterns = [row[0] for row in readTable("expectedSkips")]
    return [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]


def checkSkips(outcome):
    unexpected = outcome.skipped - len(allowed(outcome.skippedNames))
    if unexpected > 0:
        outcome.complain(f"skipped {unexpected} tests that tests/expectedSkips does not name")


def checkCounts(outcome, expected):
    """Every suite and part has its committed minimum, and reaches it. What was allowed to skip counts."""
    if outcome.name not in expected:
        outcome.complain("has no line in tests/expectedCounts")
    counts = dict(outcome.parts)
    counts[outcome.name] = (outcome.passed, outcome.failed, outcome.skipped)
    for name, (passed, failed, skipped) in counts.items():
        if passed + failed + skipped < expected.get(name, 1):
            outcome.complain(f"{name}: {passed + failed + skipped} tests, "
                             f"fewer than the {expected[name]} of tests/expectedCounts")


def checkPresence(outcomes, expected):
    """A whole run has every suite and part that was ever counted."""
    seen = {outcome.name for outcome in outcomes} | {part for outcome in outcomes for part in outcome.parts}
    for name in sorted(set(expected) - seen):
        outcomes[-1].failed += 1
        print(f"{name} did not run, though tests/expectedCounts has it", flush=True)


def chooseSuites(names):
    fileNames = sorted(name for name in os.listdir(SUITES) if re.match(r"\d+-", name))
    if not names:
        return fileNames
    chosen = [name for name in fileNames if name in names or plainName(name) in names]
    for name in names:
        if name not in [plainName(fileName) for fileName in chosen] and name not in chosen:
            sys.exit(f"there is no suite '{name}'; tests/run --list lists them")
    return chosen


def updateCounts(outcomes, whole):
    path = os.path.join(ROOT, "tests", "expectedCounts")
    counts = {row[0]: int(row[1]) for row in readTable("expectedCounts")}
    sound = [outcome for outcome in outcomes if not outcome.failed]
    if whole and len(sound) == len(outcomes):
        counts = {}
    for outcome in sound:
        counts[outcome.name] = outcome.passed + outcome.skipped
        for part, (passed, _, skipped) in outcome.parts.items():
            counts[part] = passed + skipped
    with open(path, "w", encoding="utf-8") as file:
        file.write("# The least number of tests of each suite and part, so that none goes missing unseen.\n"
                   "# tests/run --updateCounts writes it; a smaller number needs a reason in its commit.\n")
        for name in sorted(counts):
            file.write(f"{name} {counts[name]}\n")


def judge(fileName, expected, show):
    """Runs a suite and tells of it line by line; its counts are held to `expected` unless that is None."""
    show(f"== {plainName(fileName)}")
    start = time.monotonic()
    outcome = runSuite(fileName, show)
    checkSkips(outcome)
    if expected is not None:
        checkCounts(outcome, expected)
    for complaint in outcome.complaints:
        show(f"suite {outcome.name} {complaint}")
    show(f"== {outcome.name}: {(time.monotonic() - start) / 60:.1f} minutes\n")
    return outcome


def judgeAll(fileNames, expected):
    beside = sorted((name for name in fileNames if "besideOthers: yes" in headOf(name)),
                    key=lambda name: (-timeLimit(name), name))
    outcomes = {name: judge(name, expected, lambda line: print(line, flush=True))
                for name in fileNames if name not in beside}

    def judgeBeside(name):
        lines = []
        outcomes[name] = judge(name, expected, lines.append)
        print("\n".join(lines), flush=True)

    with concurrent.futures.ThreadPoolExecutor(SUITES_AT_A_TIME) as pool:
        list(pool.map(judgeBeside, beside))
    return [outcomes[name] for name in fileNames]


def main(arguments):
    flags = [argument for argument in arguments if argument.startswith("--")]
    names = [argument for argument in arguments if not argument.startswith("--")]
    for flag in flags:
        if flag not in ("--quick", "--updateCounts"):
            sys.exit(f"unknown option {flag}; the head of tests/run lists what there is")
    if "--quick" in flags:
        names += QUICK
    wholeRun = os.environ["AUSPEX_PRESET"] == "release" and not os.environ.get("AUSPEX_FULL")
    expected = {row[0]: int(row[1]) for row in readTable("expectedCounts")}
    outcomes = judgeAll(chooseSuites(names), expected if wholeRun and "--updateCounts" not in flags else None)
    if "--updateCounts" in flags:
        updateCounts(outcomes, whole=not names)
    elif wholeRun and not names and outcomes:
        checkPresence(outcomes, expected)
    for outcome in outcomes:
        mark = "FAILED" if outcome.failed else "ok"
        print(f"{mark:6} {outcome.name}")
    passed, failed, skipped = (sum(getattr(outcome, count) for outcome in outcomes)
                               for count in ("passed", "failed", "skipped"))
    if passed + failed == 0:
        print("no test ran")
        failed = 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
