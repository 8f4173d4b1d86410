# SPDX-License-Identifier: Apache-2.0
"""Windows that are over leave their changelog by its beginning, and the state comes back from what is left."""
import json
import pathlib
import shutil
import tempfile

import EngineProcess
import KafkaClient
from refusedRecord import rows

PROGRAM = """
CREATE STREAM s (g VARCHAR KEY, ts BIGINT) WITH (KAFKA_TOPIC='ended-in', VALUE_FORMAT='JSON', TIMESTAMP='ts');
CREATE TABLE totals WITH (KAFKA_TOPIC='ended-out') AS SELECT g, AS_VALUE(g) AS name, COUNT(*) AS n FROM s
  WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 0 SECONDS) GROUP BY g EMIT CHANGES;
"""
SERVICE = "ended"
CHANGELOG = f"{SERVICE}-CTAS_TOTALS_0-0-changelog"
GROUPS = ("a", "b", "c")
WINDOW_MS = 10_000
FIRST_MS = 1_600_000_000_000
MAX_WAVES = 60
WAIT_SECONDS = 60


def start(kafka, folder, until):
    return EngineProcess.EngineProcess(
        ["run", "program.sql", "--bootstrap-server", kafka.bootstrap, "--until", until, "--service-id", SERVICE,
         "--data-dir", "data", "--set", "auspex.test.purge.interval.ms=0"], folder)


def produce(kafka, wave):
    """A row of each group in the window of that number."""
    KafkaClient.produce(kafka.bootstrap, "ended-in",
                        [(group, json.dumps({"ts": FIRST_MS + wave * WINDOW_MS})) for group in GROUPS])


def counts(found):
    return [(value["NAME"], value["N"]) for value in (json.loads(record.value) for record in found)]


def check(kafka):
    """Raises AssertionError. kafka: a KafkaFixture."""
    KafkaClient.create_topic(kafka.bootstrap, "ended-in", 1)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "program.sql").write_text(PROGRAM, encoding="utf-8")
        engine = start(kafka, folder, "stopped")
        try:
            given, written = 0, []
            for wave in range(MAX_WAVES):
                produce(kafka, wave)
                given += len(GROUPS)
                written = rows(kafka, "ended-out", given)
                assert len(written) == given, engine.said()
                if KafkaClient.begin_offset(kafka.bootstrap, CHANGELOG, 0) > 0:
                    break
            else:
                raise AssertionError("the changelog still has its first record")
        finally:
            engine.kill()
        assert set(counts(written)) == {(group, 1) for group in GROUPS}, written
        policy = KafkaClient.topic_config(kafka.bootstrap, CHANGELOG)["cleanup.policy"]
        assert sorted(policy.split(",")) == ["compact", "delete"], policy
        shutil.rmtree(pathlib.Path(folder, "data", "state"))
        produce(kafka, wave)  # the last window goes on from what it was
        engine = start(kafka, folder, "end")
        try:
            assert engine.wait(WAIT_SECONDS) == 0, engine.said()
        finally:
            engine.kill()
        last = rows(kafka, "ended-out", given + len(GROUPS))[given:]
        assert sorted(counts(last)) == [(group, 2) for group in GROUPS], last

