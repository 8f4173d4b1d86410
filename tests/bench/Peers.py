# SPDX-License-Identifier: Apache-2.0
"""The programs that others would use instead, with the Kafka broker that they are measured on: ../shared/peers."""
import os
import pathlib
import subprocess
import sys
import tempfile

FOLDER = str(pathlib.Path(__file__).resolve().parents[3] / "shared" / "peers")
BUILT = {"broker": "broker-libs", "streams": "streams-libs", "python": "venv-python", "raw": "raw", "flink": "flink-libs"}


def are_there(folder):
    """Says that they are skipped where they are not."""
    if os.path.exists(os.path.join(folder, "bench.py")):
        return True
    print(f"SKIP peers: {folder} is not there")
    return False


class Peers:
    """The peers' folder, with what it has built and generated in PEERS_DATA."""

    def __init__(self, folder):
        self.folder = folder
        self.data = os.environ.get("PEERS_DATA") or os.path.join(tempfile.gettempdir(), "auspex-peers")
        self.bootstrap = "127.0.0.1:" + os.environ.get("PEERS_PORT", "19092")
        self.environment = {**os.environ, "PEERS_DATA": self.data, "PEERS_BOOTSTRAP": self.bootstrap}

    def call(self, script, *arguments):
        subprocess.run(["bash", os.path.join(self.folder, script), *arguments], env=self.environment, check=True,
                       stdout=sys.stderr)

    def prepare(self, further=()):
        """Builds what is not there yet, and starts the broker; the first time takes some minutes."""
        os.makedirs(self.data, exist_ok=True)
        wanted = ["broker", "streams", "python", "raw", *further]
        missing = [name for name in wanted if not os.path.exists(os.path.join(self.data, BUILT[name]))]
        if missing:
            self.call("build.sh", *missing)
        self.call("kafka.sh", "start")
