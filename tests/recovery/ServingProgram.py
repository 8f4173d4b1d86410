# SPDX-License-Identifier: Apache-2.0
"""Requests from a growing file, answered by a served model: one reply for each, errors included."""
import collections
import json

import xgboost

import ScoringProgram
import train

# Every so many-th request asks for what the model does not take.
WRONG_EVERY = 20

SQL = """
CREATE SOURCE CONNECTOR requests_file WITH ('connector.class'='file', 'path'='payments.ndjson',
  'topic'='{name}-requests', 'key'='id', 'partitions'='4');
CREATE MODEL fraud_v2 WITH (URI='fraud_v2.ubj');
SERVE MODEL fraud_v2 WITH (REQUEST_TOPIC='{name}-requests', REPLY_TOPIC='{name}-replies',
  MODEL_NAME='fraud', PARTITIONS=4);
CREATE STREAM replies (asker VARCHAR KEY, id VARCHAR, version INT, score DOUBLE, error VARCHAR)
  WITH (KAFKA_TOPIC='{name}-replies', VALUE_FORMAT='JSON');
CREATE SINK CONNECTOR replies_file WITH ('connector.class'='file', 'topic'='{name}-replies',
  'path'='replies.ndjson', 'format'='ndjson');
"""


class ServingProgram(ScoringProgram.ScoringProgram):
    """The payments of the scoring program, as requests."""

    def __init__(self, folder, name, seed):
        super().__init__(folder, name, seed)
        self.topic = f"{name}-replies"
        self.inputs = {"SERVE_FRAUD_V2_0": [f"{name}-requests"],
                       "connector-REPLIES_FILE": [self.topic]}
        self.sinks = ["replies.ndjson"]
        self.file.write_text(SQL.format(name=name))
        self._source = self._with_wrong_ones(self._source)

    @staticmethod
    def _with_wrong_ones(payments):
        for number, payment in enumerate(payments):
            yield {**payment, "hour": "late"} if number % WRONG_EVERY == 7 else payment

    def problems(self, topics, printed):
        replies = self._replies(topics)
        with open(self.folder / "replies.ndjson") as file:
            written = collections.Counter(row["ASKER"] for row in map(json.loads, file))
        wrong = self.wrong_replies(topics)
        if written != collections.Counter(key for key, _ in replies):
            wrong.append(f"replies.ndjson differs from the topic's {len(replies)} replies")
        return wrong

    def _replies(self, topics):
        return [(record.key.decode(), json.loads(record.value))
                for record in topics.records(self.topic)]

    def wrong_replies(self, topics):
        """What is wrong with the replies in their topic, as sentences."""
        replies = self._replies(topics)
        expected = self._expected()
        count = collections.Counter(key for key, _ in replies)
        found = {
            "lost": [key for key in expected if key not in count],
            "answered more than once": [key for key, times in count.items() if times > 1],
            "never asked": [key for key in count if key not in expected],
            "wrong": [f"{key}: {reply} instead of {expected[key]}" for key, reply in replies
                      if key in expected and not self._is_right(key, reply, expected[key])],
        }
        return [f"requests: {len(keys)} {what}, such as {keys[0]}"
                for what, keys in found.items() if keys]

    def _expected(self):
        """Request to score; None where an error is to be the reply."""
        right = [payment for payment in self._payments if payment["hour"] != "late"]
        matrix = xgboost.DMatrix(train.features(right), enable_categorical=True, nthread=1)
        scores = xgboost.Booster(
            model_file=ScoringProgram.EXAMPLE / "fraud_v2.ubj").predict(matrix)
        expected = {payment["id"]: None for payment in self._payments}
        expected.update((payment["id"], float(score)) for payment, score in zip(right, scores))
        return expected

    @staticmethod
    def _is_right(key, reply, score):
        if reply.get("id") != key or reply.get("model") != "fraud":
            return False
        if score is None:
            return "'hour' takes a number" in reply.get("error", "") and "score" not in reply
        return (reply.get("version") == 1
                and abs(reply["score"] - score) <= ScoringProgram.TOLERANCE)
