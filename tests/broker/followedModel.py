# SPDX-License-Identifier: Apache-2.0
"""Two instances of a service whose model follows a registry: the alias moves, and each task of either changes over
once. Both look at the registry, and both may say so."""
import collections
import json
import os
import pathlib
import subprocess
import tempfile
import time

import EngineProcess
import KafkaClient
from StubRegistry import StubRegistry

PROGRAM = """
CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color DOUBLE, store DOUBLE)
  WITH (KAFKA_TOPIC='followed-in', VALUE_FORMAT='JSON');
CREATE MODEL m WITH (URI='mlflow://fraud@champion', REGISTRY='{url}');
CREATE STREAM o WITH (KAFKA_TOPIC='followed-out') AS SELECT id, MODEL_VERSION('m', *) AS v FROM s EMIT CHANGES;
"""
TREES = pathlib.Path(__file__).resolve().parent.parent / "data/models/logistic-3.2.0.json"
SWAPS = "following-CSAS_O_0-0-models"
NUM_PARTITIONS = 4
NUM_ROWS = 20  # before each change
WAIT_SECONDS = 60


def wait_for(condition, what, engines):
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end, f"waited for {what}: " + "\n".join(engine.said() for engine in engines)
        time.sleep(0.1)


def describe(folder):
    """As the instance that runs there tells it."""
    done = subprocess.run([EngineProcess.binary(), "shell", "--data-dir", "data", "-e", "DESCRIBE MODEL m;"],
                          cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=WAIT_SECONDS)
    return done.stdout


def start(kafka, folder, name):
    os.mkdir(f"{folder}/{name}")
    return EngineProcess.EngineProcess(
        ["run", "../program.sql", "--bootstrap-server", kafka.bootstrap, "--until", "stopped", "--service-id",
         "following", "--data-dir", "data", "--set", "models.refresh.interval.ms=100"], f"{folder}/{name}")


def scored(kafka):
    """By row the versions that have scored it."""
    versions = collections.defaultdict(list)
    if "followed-out" in KafkaClient.topics(kafka.bootstrap):
        for record in KafkaClient.consume_all(kafka.bootstrap, "followed-out"):
            versions[record.key.decode()].append(json.loads(record.value)["V"])
    return versions


def check_instances(kafka):
    """Raises AssertionError. kafka: a KafkaFixture."""
    KafkaClient.create_topic(kafka.bootstrap, "followed-in", NUM_PARTITIONS)
    trees = TREES.read_bytes()
    registry = StubRegistry({1: trees, 2: trees + b"\n"})
    expected = {}
    engines = []

    def score(version):
        keys = [f"{version}-{len(expected)}-{number}" for number in range(NUM_ROWS)]
        expected.update({key: [version] for key in keys})
        KafkaClient.produce(kafka.bootstrap, "followed-in", [(key, '{"amount": 1}') for key in keys])
        wait_for(lambda: len(scored(kafka)) >= len(expected), "scores", engines)

    with tempfile.TemporaryDirectory() as folder:
        try:
            with open(f"{folder}/program.sql", "w", encoding="utf-8") as program:
                program.write(PROGRAM.format(url=registry.url))
            engines.append(start(kafka, folder, "one"))
            score(1)
            engines.append(start(kafka, folder, "other"))
            wait_for(lambda: os.path.exists(f"{folder}/other/data/shell.sock"), "the other instance", engines)
            score(1)
            for version in (2, 1):
                registry.alias = version
                for name in ("one", "other"):
                    wait_for(lambda name=name, version=version:
                             f"led to version {version}" in describe(f"{folder}/{name}"),
                             f"version {version} in {name}", engines)
                score(version)
            assert all(engine.running for engine in engines)
        finally:
            for engine in engines:
                engine.kill()
            registry.close()
    found = scored(kafka)
    assert found == expected, [(key, found.get(key), expected[key]) for key in expected if found.get(key) != expected[key]]
    ways = collections.Counter()
    for record in KafkaClient.consume_all(kafka.bootstrap, SWAPS):
        swap = json.loads(record.value)
        if "from" in swap:
            ways[record.partition, swap["from"]["shares"][0]["version"], swap["to"]["shares"][0]["version"]] += 1
    for partition in range(NUM_PARTITIONS):
        assert ways[partition, 1, 2] == 1 and ways[partition, 2, 1] == 1, ways
