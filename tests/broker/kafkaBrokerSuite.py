# SPDX-License-Identifier: Apache-2.0
"""Starts a Kafka broker, runs brokerContract and kafkaBroker against it, and looks at what they
wrote with a client that is not ours.

    python kafkaBrokerSuite.py BUILD_DIRECTORY    (with tests/fixtures on PYTHONPATH)

Runs on the Python that tests/fixtures/python prints.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys

import KafkaClient
import endedWindows
import followedModel
import refusedRecord
from KafkaFixture import KafkaFixture

TIMEOUT_SECONDS = 600
FOREIGN_TOPIC = "foreign"
# What Kafka does otherwise; kafkaBroker has a case of its own for each.
NOT_KAFKAS = [
    "records come back as they were*",  # a timestamp of 0 cannot be written
    "large records pass*",  # the same
    "an old generation*",  # a joining member changes the generation only once all have joined
    "a static member that joins again*",  # the earlier one hears of it within a heartbeat
]
SETTINGS = {"transaction.abort.timed.out.transaction.cleanup.interval.ms": 500}


class Counts:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def add(self, name, passed, failed):
        self.passed += passed
        self.failed += failed
        print(f"{name}: {passed} passed, {failed} failed, 0 skipped", flush=True)


def run_cases(counts, program, environment, arguments):
    """Runs a program of test cases and counts them; one that dies has failed."""
    try:
        done = subprocess.run([program, *arguments], env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=TIMEOUT_SECONDS)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(errors="replace"), "too late"
    found = re.search(r"test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed", output)
    passed, failed = (int(found[2]), int(found[3])) if found else (0, 0)
    if code != 0:
        failed = max(failed, 1)
        print(f"{program}: ended with {code}\n{output}")
    counts.add(pathlib.Path(program).name, passed, failed)


def check_foreign_view(counts, bootstrap):
    """Committed transactions are whole in all partitions, in order; aborted ones are not there."""
    expected = [f"t{number}".encode() for number in range(30) if number % 3 != 2]
    records = KafkaClient.consume_all(bootstrap, FOREIGN_TOPIC)
    failed = 0
    for partition in range(8):
        values = [record.value for record in records if record.partition == partition]
        if values != expected:
            print(f"partition {partition} holds {values}, expected {expected}")
            failed = 1
    counts.add("foreign client", 1 - failed, failed)


def check_alone(counts, kafka, name, check):
    try:
        check(kafka)
        counts.add(name, 1, 0)
    except AssertionError as error:
        print(f"{name}: {error}")
        counts.add(name, 0, 1)


def main():
    build = pathlib.Path(sys.argv[1])
    script = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "KafkaFixture.py"
    counts = Counts()
    with KafkaFixture(settings=SETTINGS) as kafka:
        # "sh" gets the command as its arguments: ... kill, ... restart, ... alter TOPIC KEY=VALUE
        control = f'sh -c \'exec {sys.executable} {shlex.quote(str(script))} "$0" ' \
                  f'{shlex.quote(str(kafka.directory))} "$@" >&2\''
        environment = {**os.environ, "AUSPEX_TEST_KAFKA": kafka.bootstrap,
                       "AUSPEX_TEST_KAFKA_CONTROL": control, "AUSPEX_TEST_TOPIC": FOREIGN_TOPIC}
        run_cases(counts, build / "tests/broker/brokerContract", environment,
                  ["--test-case-exclude=" + ",".join(NOT_KAFKAS)])
        run_cases(counts, build / "tests/broker/kafkaBroker", environment, [])
        check_foreign_view(counts, kafka.bootstrap)
        for name, check in {"refused record: check_query": refusedRecord.check_query,
                            "refused record: check_source": refusedRecord.check_source,
                            "followed model": followedModel.check_instances,
                            "ended windows": endedWindows.check}.items():
            check_alone(counts, kafka, name, check)
    print(f"{counts.passed} passed, {counts.failed} failed, 0 skipped", flush=True)
    return 0 if counts.failed == 0 and counts.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
