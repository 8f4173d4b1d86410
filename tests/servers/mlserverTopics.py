# SPDX-License-Identifier: Apache-2.0
"""The real MLServer behind topics: each row scored once, as by the engine's own forest. On demand only."""
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

from KafkaFixture import KafkaFixture
from MlServer import MlServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENGINE = pathlib.Path(os.environ.get("AUSPEX_TREE", ROOT / "build/release")) / "engine/auspex"
ROWS = 4000
FEATURES = "abcde"
SECONDS = 240
PROGRAM = """
CREATE SOURCE CONNECTOR rows_file WITH ('connector.class'='file', 'path'='rows.csv', 'topic'='rows', 'key'='id',
  'partitions'='2');
CREATE STREAM rows (id VARCHAR KEY, a DOUBLE, b DOUBLE, c DOUBLE, d DOUBLE, e DOUBLE)
  WITH (KAFKA_TOPIC='rows', VALUE_FORMAT='JSON');
CREATE MODEL embedded WITH (URI='{model}');
CREATE MODEL behind (a DOUBLE, b DOUBLE, c DOUBLE, d DOUBLE, e DOUBLE) WITH (DEPLOYMENT='KAFKA', PROTOCOL='MLSERVER',
  REMOTE_MODEL='fraud', REQUEST_TOPIC='mlserver-input', REPLY_TOPIC='mlserver-output', PARTITIONS=2,
  TIMEOUT='5 SECONDS', BREAKER_PAUSE='200 MILLISECONDS');
CREATE STREAM scored AS SELECT id, PREDICT('behind', a, b, c, d, e) AS behind,
  PREDICT('embedded', a, b, c, d, e) AS embedded FROM rows;
CREATE SINK CONNECTOR scored_file WITH ('connector.class'='file', 'topic'='SCORED', 'path'='scored.ndjson');
"""


class RealServerBehindTopics(unittest.TestCase):
    """The engine makes the topics and asks before the server is there, whose consumer starts at the topic's end: what it
    has missed is asked again."""

    def test_each_row_is_scored_once(self):
        with KafkaFixture() as kafka, tempfile.TemporaryDirectory() as folder:
            server = MlServer()  # for its model
            model = pathlib.Path(folder, "model.json")
            model.write_bytes(pathlib.Path(server.model).read_bytes())
            server.close()
            chance = random.Random(7)
            with open(pathlib.Path(folder, "rows.csv"), "w", encoding="ascii") as file:
                file.write("id," + ",".join(FEATURES) + "\n")
                for number in range(ROWS):
                    row = ["" if chance.random() < 0.1 else f"{chance.gauss(0, 2000):.3f}" for _ in FEATURES]
                    file.write(f"r{number}," + ",".join(row) + "\n")
            pathlib.Path(folder, "program.sql").write_text(PROGRAM.format(model="model.json"), encoding="ascii")
            engine = subprocess.Popen([ENGINE, "run", "program.sql", "--until", "end", "--data-dir", "data",
                                       "--service-id", "topics", "--bootstrap-server", kafka.bootstrap], cwd=folder,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                server = MlServer(kafka=kafka.bootstrap, model=model)
                try:
                    said = engine.communicate(timeout=SECONDS)[1]
                finally:
                    server.close()
            finally:
                engine.kill()
                engine.wait()
            self.assertEqual(engine.returncode, 0, said)
            with open(pathlib.Path(folder, "scored.ndjson"), encoding="utf-8") as file:
                rows = [json.loads(line) for line in file]
            self.assertEqual(sorted(row["ID"] for row in rows), sorted(f"r{number}" for number in range(ROWS)), said)
            self.assertGreater(len({row["BEHIND"] for row in rows}), ROWS / 2)
            for row in rows:
                self.assertAlmostEqual(row["BEHIND"], row["EMBEDDED"], delta=1e-6 * max(1, abs(row["EMBEDDED"])))
