# SPDX-License-Identifier: Apache-2.0
"""A running query, while its output topic is altered under it to take small records only: what the
topic refuses becomes dead letters, the rest goes on."""
import tempfile
import time

import EngineProcess
import KafkaClient

SOURCE = """
CREATE SOURCE CONNECTOR f WITH ('connector.class'='file', 'path'='rows.csv', 'topic'='refusing-file', 'follow'='true');
"""
QUERY = """
CREATE STREAM s (id VARCHAR KEY, v VARCHAR) WITH (KAFKA_TOPIC='refusing-in', VALUE_FORMAT='JSON');
CREATE STREAM o WITH (KAFKA_TOPIC='refusing-out') AS SELECT id, v FROM s EMIT CHANGES;
"""
LETTERS = "CSAS_O_0-dead-letters"
LARGE = {3, 4, 17, 38}  # numbers of the records that get large
NUM_RECORDS = 40
WAIT_SECONDS = 60


def rows(kafka, topic, count):
    """The committed records of the topic, once there are `count` of them; fewer after the wait."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        found = []
        if topic in KafkaClient.topics(kafka.bootstrap):
            found = KafkaClient.consume_all(kafka.bootstrap, topic)
        if len(found) >= count or time.monotonic() > end:
            return found
        time.sleep(0.1)


def check_source(kafka):
    """The same for a file connector, whose topic is altered. Raises AssertionError."""
    KafkaClient.create_topic(kafka.bootstrap, "refusing-file", 1)
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/program.sql", "w", encoding="utf-8") as program:
            program.write(SOURCE)
        with open(f"{folder}/rows.csv", "w", encoding="utf-8") as file:
            file.write("v\nfirst\n")
            file.flush()
            engine = EngineProcess.EngineProcess(
                ["run", "program.sql", "--bootstrap-server", kafka.bootstrap, "--until", "stopped",
                 "--service-id", "refusing-source", "--data-dir", "data"], folder)
            try:
                assert len(rows(kafka, "refusing-file", 1)) == 1, engine.said()
                kafka.alter("refusing-file", "max.message.bytes=400")
                file.write("x" * 1000 + "\nlast\n")
                file.flush()
                dead = rows(kafka, "F-dead-letters", 1)
                written = rows(kafka, "refusing-file", 2)
                assert engine.running, engine.said()
            finally:
                engine.kill()
    assert len(dead) == 1 and b"too large" in dict(dead[0].headers)["auspex.reason"], dead
    assert [record.value for record in written] == [b'{"v":"first"}', b'{"v":"last"}'], written


def check_query(kafka):
    """Raises AssertionError. kafka: a KafkaFixture."""
    KafkaClient.create_topic(kafka.bootstrap, "refusing-in", 2)
    KafkaClient.create_topic(kafka.bootstrap, "refusing-out", 2)
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/program.sql", "w", encoding="utf-8") as program:
            program.write(QUERY)
        engine = EngineProcess.EngineProcess(
            ["run", "program.sql", "--bootstrap-server", kafka.bootstrap, "--until", "stopped",
             "--service-id", "refusing", "--data-dir", "data"], folder)
        try:
            # The engine has seen that the topic takes 1 MB, before it does not any more.
            KafkaClient.produce(kafka.bootstrap, "refusing-in", [("first", '{"v": "x"}')])
            assert len(rows(kafka, "refusing-out", 1)) == 1, engine.said()
            kafka.alter("refusing-out", "max.message.bytes=400")
            given = [(str(number), '{"v": "%s"}' % ("x" * (1000 if number in LARGE else 5)))
                     for number in range(NUM_RECORDS)]
            KafkaClient.produce(kafka.bootstrap, "refusing-in", given)
            dead = rows(kafka, LETTERS, len(LARGE))
            written = rows(kafka, "refusing-out", 1 + NUM_RECORDS - len(LARGE))
            assert engine.running, engine.said()
        finally:
            engine.kill()
    assert {int(record.key) for record in dead} == LARGE and len(dead) == len(LARGE), dead
    reasons = {dict(record.headers)["auspex.reason"] for record in dead}
    assert all(b"too large" in reason for reason in reasons), reasons
    expected = ["first"] + [str(number) for number in range(NUM_RECORDS) if number not in LARGE]
    assert sorted(record.key.decode() for record in written) == sorted(expected), written
