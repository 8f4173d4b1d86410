# SPDX-License-Identifier: Apache-2.0
"""What is committed to the topics of either broker, and that nothing is left open in them."""
import base64
import json
import pathlib
import shutil
import tempfile
import time

import confluent_kafka

import EngineProcess
import KafkaClient

READ_SECONDS = 60
# For the markers of transactions; less than the time after which a broker ends these itself.
MARKER_SECONDS = 10


def _bytes(value):
    """A key or value as `topics print` writes it, back to its bytes."""
    if value is None:
        return None
    if isinstance(value, dict) and list(value) == ["base64"]:
        return base64.b64decode(value["base64"])
    return (value if isinstance(value, str) else json.dumps(value)).encode()


class LocalTopics:
    """The embedded broker of a data directory. It is read from a copy: reading repairs a torn
    journal, and the restart after a kill has to do that itself."""

    arguments = ()

    def __init__(self, data_directory):
        self._data = pathlib.Path(data_directory)

    def records(self, topic):
        """Committed records, by partition and offset; none when the topic is not there yet."""
        if not (self._data / "broker").exists():
            return []
        with tempfile.TemporaryDirectory(prefix="auspex-topics-") as folder:
            shutil.copytree(self._data / "broker", pathlib.Path(folder) / "data" / "broker")
            done = EngineProcess.EngineProcess(["topics", "print", topic, "--data-dir", "data"],
                                               folder)
            if done.wait(READ_SECONDS) != 0:
                if f"topic '{topic}' does not exist" in done.said():
                    return []
                raise EngineProcess.EngineError(f"{topic} cannot be read: {done.said()}")
            rows = [json.loads(line) for line in done.printed().splitlines()]
        found = [KafkaClient.Record(_bytes(row["key"]), _bytes(row["value"]), row["partition"],
                                    row["offset"], row["timestamp"]) for row in rows]
        return sorted(found, key=lambda record: (record.partition, record.offset))

    def count(self, topic):
        """How many records are committed."""
        return len(self.records(topic))

    def leftovers(self, service, inputs):
        """The embedded broker keeps nothing that is not committed."""
        return []


class KafkaTopics:
    """Topics of a Kafka broker, by a client that is not ours."""

    def __init__(self, bootstrap):
        self._bootstrap = bootstrap
        self._counts = {}
        self.arguments = ("--bootstrap-server", bootstrap)

    def records(self, topic):
        """Committed records, by partition and offset; none when the topic is not there yet."""
        if topic not in KafkaClient.topics(self._bootstrap):
            return []
        return KafkaClient.consume_all(self._bootstrap, topic)

    def count(self, topic):
        """How many records are committed. What was counted before is not read again."""
        if topic not in KafkaClient.topics(self._bootstrap):
            return 0
        known, positions = self._counts.get(topic, (0, {}))
        known += len(KafkaClient.consume_from(self._bootstrap, topic, positions))
        self._counts[topic] = (known, positions)
        return known

    def leftovers(self, service, inputs):
        """Open transactions in any topic, and records that a group has not come to.

        inputs: group -> topics that it reads to their ends, both without the service's prefix.
        """
        return self._open_transactions() + [
            problem for group, topics in inputs.items() for topic in topics
            for problem in self._unread(f"{service}-{group}", topic)]

    def _open_transactions(self):
        """The broker answers an end before it has written the markers: it gets the time for it."""
        end = time.monotonic() + MARKER_SECONDS
        while (found := self._unmarked()) and time.monotonic() < end:
            time.sleep(0.05)
        return found

    def _unmarked(self):
        stable, high = (self._ends(isolation)
                        for isolation in ("read_committed", "read_uncommitted"))
        return [f"{topic}-{partition}: a transaction is open, stable up to {stable[each]} of {end}"
                for each, end in high.items() for topic, partition in [each]
                if stable[each] != end]

    def _ends(self, isolation):
        client = confluent_kafka.Consumer({
            "bootstrap.servers": self._bootstrap, "group.id": "no-group",
            "isolation.level": isolation, **KafkaClient.QUIET})
        try:
            return {(topic, partition): client.get_watermark_offsets(
                        confluent_kafka.TopicPartition(topic, partition),
                        timeout=KafkaClient.TIMEOUT_SECONDS)[1]
                    for topic, count in KafkaClient.topics(self._bootstrap).items()
                    for partition in range(count)}
        finally:
            client.close()

    def _unread(self, group, topic):
        committed = self._committed(group, topic)
        last = {record.partition: record.offset for record in self.records(topic)}
        return [f"group {group} stands at {committed.get(partition)} of {topic}-{partition}, "
                f"whose last record is {offset}"
                for partition, offset in last.items()
                if committed.get(partition, -1) <= offset]

    def _committed(self, group, topic):
        """Committed offsets; a busy broker may need a while to load the group."""
        end = time.monotonic() + READ_SECONDS
        while True:
            try:
                return KafkaClient.committed_offsets(self._bootstrap, group, topic)
            except confluent_kafka.KafkaException as error:
                codes = (confluent_kafka.KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
                         confluent_kafka.KafkaError.COORDINATOR_NOT_AVAILABLE,
                         confluent_kafka.KafkaError.NOT_COORDINATOR)
                if error.args[0].code() not in codes or time.monotonic() > end:
                    raise
            time.sleep(0.1)
