# SPDX-License-Identifier: Apache-2.0
"""The scoring program with its model behind a server that is killed again and again, too."""
import random
import subprocess
import sys
import threading

from KafkaFixture import free_ports
import ScoringProgram

SERVER = ScoringProgram.EXAMPLE.parent / "deployments" / "modelServer.py"
# Requests take a while and the server dies while they are under way.
DELAY_MS = 3
LIVES_SECONDS = (0.3, 2.0)
PAUSE_SECONDS = 0.2

FILE_MODEL = "CREATE MODEL fraud_v2 WITH (URI='fraud_v2.ubj');"
SERVED_MODEL = """CREATE MODEL fraud_v2 (amount DOUBLE, country VARCHAR DEFAULT '', category VARCHAR DEFAULT '',
  card_age INT, hour INT, n_1h INT) WITH (DEPLOYMENT='RPC', ENDPOINT='127.0.0.1:{port}',
  REMOTE_MODEL='fraud', LAYOUT='COLUMNS', BINARY=false, BATCH_MAX_ROWS=64, TIMEOUT='2 SECONDS',
  RETRIES=1, BREAKER_PAUSE='50 MILLISECONDS');"""


class ServedProgram(ScoringProgram.ScoringProgram):
    """Close it: its server runs, and is killed and started anew, until then."""

    def __init__(self, folder, name, seed):
        super().__init__(folder, name, seed)
        self._port = free_ports(1)[0]
        sql = self.file.read_text()
        assert FILE_MODEL in sql
        self.file.write_text(sql.replace(FILE_MODEL, self.model()))
        self.server_kills = 0
        self._chance = random.Random(seed)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._keep_killing)
        self._thread.start()

    def model(self):
        """The statement that makes the model."""
        return SERVED_MODEL.format(port=self._port)

    def server(self):
        """The command line of the server."""
        return [SERVER, "--port", str(self._port)]

    def start_server(self):
        """Its process, once it lives."""
        server = subprocess.Popen(
            [sys.executable, *map(str, self.server()), "--delay-ms", str(DELAY_MS)],
            stdout=subprocess.PIPE)
        with server.stdout:
            server.stdout.readline()
        return server

    def end_server(self, server):
        """What is done to the last one before it is killed."""

    def lives(self):
        """How long a life of the server takes, from and to."""
        return LIVES_SECONDS

    def problems(self, topics, printed):
        found = super().problems(topics, printed)
        print(f"  the server was killed {self.server_kills} times", flush=True)
        return found if self.server_kills else [*found, "the server was never killed"]

    def close(self):
        self._closed.set()
        self._thread.join()

    def _keep_killing(self):
        while not self._closed.is_set():
            server = self.start_server()
            try:
                if self._closed.wait(self._chance.uniform(*self.lives())):
                    self.end_server(server)
                    return
                self.server_kills += 1
            finally:
                server.kill()
                server.wait()
            self._closed.wait(PAUSE_SECONDS)
