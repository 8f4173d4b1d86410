# SPDX-License-Identifier: Apache-2.0
"""The scoring program with its model behind topics that the same program serves: one engine is client and server."""
import ScoringProgram
import ServedProgram

MODELS = """CREATE MODEL scorer WITH (URI='fraud_v2.ubj');
CREATE MODEL fraud_v2 (amount DOUBLE, country VARCHAR DEFAULT '', category VARCHAR DEFAULT '',
  card_age INT, hour INT, n_1h INT) WITH (DEPLOYMENT='KAFKA', PROTOCOL='MLSERVER',
  REQUEST_TOPIC='{name}-requests', REPLY_TOPIC='{name}-replies', PARTITIONS=2, REMOTE_MODEL='fraud',
  LAYOUT='COLUMNS', BATCH_MAX_ROWS=64, RETRIES=10, BREAKER_PAUSE='50 MILLISECONDS');
SERVE MODEL scorer WITH (PROTOCOL='MLSERVER', REQUEST_TOPIC='{name}-requests',
  REPLY_TOPIC='{name}-replies', MODEL_NAME='fraud');"""


class LoopProgram(ScoringProgram.ScoringProgram):
    """The run ends by itself: the served model answers until the query that asks it is done."""

    def __init__(self, folder, name, seed):
        super().__init__(folder, name, seed)
        sql = self.file.read_text()
        assert ServedProgram.FILE_MODEL in sql
        self.file.write_text(sql.replace(ServedProgram.FILE_MODEL, MODELS.format(name=name)))
