# SPDX-License-Identifier: Apache-2.0
"""The scoring program with its model behind topics of Kafka that another engine serves: the scores are those of
the file in the engine itself, to the bit, whichever side is killed."""
import json
import signal
import subprocess
import time

import numpy

import EngineProcess
import ScoringProgram
import TopicProgram

CLIENT_MODEL = """CREATE MODEL fraud_v2 (amount DOUBLE, country VARCHAR DEFAULT '', category VARCHAR DEFAULT '',
  card_age INT, hour INT, n_1h INT) WITH (DEPLOYMENT='KAFKA', PROTOCOL='{protocol}',
  REQUEST_TOPIC='{name}-requests', REPLY_TOPIC='{name}-replies', PARTITIONS=2, REMOTE_MODEL='fraud',
  LAYOUT='COLUMNS', BATCH_MAX_ROWS=64, TIMEOUT='10 SECONDS', RETRIES=10,
  BREAKER_PAUSE='50 MILLISECONDS');"""
SERVER_SQL = """CREATE MODEL fraud_v2 WITH (URI='fraud_v2.ubj');
SERVE MODEL fraud_v2 WITH (PROTOCOL='{protocol}', REQUEST_TOPIC='{name}-requests',
  REPLY_TOPIC='{name}-replies', PARTITIONS=2, MODEL_NAME='fraud');
"""
START_SECONDS = 60
INTERRUPTED = 130


class PairProgram(TopicProgram.TopicProgram):
    """protocol: that of both sides. The server's folder lies in that of the program."""

    def __init__(self, folder, name, seed, bootstrap, protocol):
        self._protocol = protocol
        self._server_folder = folder / "server"
        self._server_folder.mkdir()
        (self._server_folder / "server.sql").write_text(
            SERVER_SQL.format(name=name, protocol=protocol))
        model = ScoringProgram.EXAMPLE / "fraud_v2.ubj"
        (self._server_folder / "fraud_v2.ubj").write_bytes(model.read_bytes())
        super().__init__(folder, name, seed, bootstrap)

    def model(self):
        return CLIENT_MODEL.format(name=self._name, protocol=self._protocol)

    def server(self):
        return [EngineProcess.binary(), "run", "server.sql", "--data-dir", "data", "--until",
                "stopped", "--service-id", f"{self._name}-server", "--bootstrap-server",
                self._bootstrap, "--set", "commit.interval.ms=5"]

    def start_server(self):
        socket = self._server_folder / "data" / "shell.sock"
        socket.unlink(missing_ok=True)
        with open(self._server_folder / "server.err", "a") as errors:
            server = subprocess.Popen(self.server(), cwd=self._server_folder,
                                      stdout=subprocess.DEVNULL, stderr=errors)
        end = time.monotonic() + START_SECONDS
        while not socket.exists() and server.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        return server

    def end_server(self, server):
        """In good order: a transaction that is left open would be seen, and is not what is looked for."""
        server.send_signal(signal.SIGINT)
        server.wait(START_SECONDS)

    def problems(self, topics, printed):
        self.close()
        return super().problems(topics, printed) + self._differing_bits(topics)

    def _differing_bits(self, topics):
        """Scores that are not what the engine itself makes of the model's file."""
        shown = subprocess.run(
            [EngineProcess.binary(), "model", "score", "fraud_v2.ubj", "--input", "payments.ndjson",
             "--as", "value"], cwd=self.folder, capture_output=True, text=True, check=True).stdout
        embedded = dict(zip((payment["id"] for payment in self._payments),
                            (float(numpy.float32(line)) for line in shown.splitlines())))
        off = [f"{key}: {risk!r} instead of {embedded[key]!r}" for key, risk in (
            (record.key.decode(), json.loads(record.value)["RISK"])
            for record in topics.records(self.topic)) if risk != embedded[key]]
        return [f"{len(off)} scores differ from the embedded ones, such as {off[0]}"] if off else []
