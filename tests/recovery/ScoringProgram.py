# SPDX-License-Identifier: Apache-2.0
"""Payments from a growing file, scored by the fraud model: one output for each payment."""
import collections
import itertools
import json
import pathlib
import shutil
import sys

import xgboost

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "queries" / "examples" / "fraud"
sys.path.insert(0, str(EXAMPLE))
import generate  # noqa: E402  (found by the line above)
import train  # noqa: E402

TOLERANCE = 1e-6

SQL = """
CREATE SOURCE CONNECTOR payments_file WITH ('connector.class'='file', 'path'='payments.ndjson',
  'topic'='{name}-payments', 'key'='id', 'partitions'='4');
CREATE STREAM payments (id VARCHAR KEY, amount DOUBLE, country VARCHAR, category VARCHAR,
  card_age INT, hour INT, n_1h INT) WITH (KAFKA_TOPIC='{name}-payments', VALUE_FORMAT='JSON');
CREATE MODEL fraud_v2 WITH (URI='fraud_v2.ubj');
CREATE STREAM scored WITH (KAFKA_TOPIC='{name}-scored') AS
  SELECT id, amount, PREDICT('fraud_v2', *) AS risk FROM payments EMIT CHANGES;
CREATE SINK CONNECTOR scored_file WITH ('connector.class'='file', 'topic'='{name}-scored',
  'path'='scored.ndjson', 'format'='ndjson');
SELECT id, risk FROM scored LIMIT 7;
"""


class ScoringProgram:
    """Its files lie in folder; its topics begin with name."""

    def __init__(self, folder, name, seed):
        self.folder = pathlib.Path(folder)
        self.topic = f"{name}-scored"
        self.inputs = {"CSAS_SCORED_0": [f"{name}-payments"],
                       "connector-SCORED_FILE": [self.topic]}
        self.sinks = ["scored.ndjson"]
        self._source = (payment for payment, _ in generate.payments(10_000_000, seed))
        self._payments = []
        self.file = self.folder / "program.sql"
        self.file.write_text(SQL.format(name=name))
        shutil.copy(EXAMPLE / "fraud_v2.ubj", self.folder)

    @property
    def rows(self):
        """Records that the main output topic holds when all is done."""
        return len(self._payments)

    def take(self, count):
        """The next payments, of which an output is expected from now on."""
        more = list(itertools.islice(self._source, count))
        self._payments += more
        return more

    def grow(self, count):
        """Adds so many rows to the input."""
        more = self.take(count)
        with open(self.folder / "payments.ndjson", "a") as file:
            file.writelines(json.dumps(payment) + "\n" for payment in more)

    def problems(self, topics, printed):
        """What is wrong with the outputs of a run that has ended, as sentences."""
        rows = [(record.key.decode(), json.loads(record.value)["RISK"])
                for record in topics.records(self.topic)]
        with open(self.folder / "scored.ndjson") as file:
            written = [(row["ID"], row["RISK"]) for row in map(json.loads, file)]
        wrong = self._wrong_scores(rows)
        if collections.Counter(written) != collections.Counter(rows):
            wrong.append(f"scored.ndjson: {len(written)} rows that differ from the topic's "
                         f"{len(rows)}")
        if printed.count("\n") != 7:
            wrong.append(f"the last SELECT printed {printed!r}")
        return wrong

    def _wrong_scores(self, rows):
        matrix = xgboost.DMatrix(train.features(self._payments), enable_categorical=True, nthread=1)
        scores = xgboost.Booster(model_file=EXAMPLE / "fraud_v2.ubj").predict(matrix)
        expected = {payment["id"]: float(score)
                    for payment, score in zip(self._payments, scores)}
        count = collections.Counter(key for key, _ in rows)
        found = {
            "lost": [key for key in expected if key not in count],
            "written more than once": [key for key, times in count.items() if times > 1],
            "never asked for": [key for key in count if key not in expected],
            "off": [f"{key}: {risk} instead of {expected[key]}" for key, risk in rows
                    if key in expected and not abs(risk - expected[key]) <= TOLERANCE],
        }
        if len(set(scores)) < len(expected) / 20:
            found["too few scores"] = ["the scores do not vary"]
        return [f"scored: {len(keys)} {what}, such as {keys[0]}"
                for what, keys in found.items() if keys]
