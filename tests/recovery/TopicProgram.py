# SPDX-License-Identifier: Apache-2.0
"""The scoring program with its model behind topics of Kafka, answered by a server that is killed, too."""
import ServedProgram

SERVER = ServedProgram.SERVER.parent / "topicServer.py"
TOPIC_MODEL = """CREATE MODEL fraud_v2 (amount DOUBLE, country VARCHAR DEFAULT '', category VARCHAR DEFAULT '',
  card_age INT, hour INT, n_1h INT) WITH (DEPLOYMENT='KAFKA', PROTOCOL='MLSERVER',
  REQUEST_TOPIC='{name}-requests', REPLY_TOPIC='{name}-replies', PARTITIONS=2, REMOTE_MODEL='fraud',
  LAYOUT='COLUMNS', BATCH_MAX_ROWS=64, TIMEOUT='2 SECONDS', RETRIES=10,
  BREAKER_PAUSE='50 MILLISECONDS');"""
LIVES_SECONDS = (0.5, 3.0)


class TopicProgram(ServedProgram.ServedProgram):
    """A server that dies between its replies and the commit of its offsets answers twice; one that
    is away for long answers requests that nobody waits for any more."""

    def __init__(self, folder, name, seed, bootstrap):
        self._name = name
        self._bootstrap = bootstrap
        super().__init__(folder, name, seed)

    def model(self):
        return TOPIC_MODEL.format(name=self._name)

    def server(self):
        return [SERVER, "--bootstrap-server", self._bootstrap, "--requests",
                f"{self._name}-requests", "--replies", f"{self._name}-replies"]

    def lives(self):
        return LIVES_SECONDS
