# SPDX-License-Identifier: Apache-2.0
"""MLServer with an XGBoost model of five features, trained for it: 1.2 GB of packages, so on demand only."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

from KafkaFixture import free_ports

HERE = pathlib.Path(__file__).resolve().parent

TRAIN = """
import sys
import numpy, xgboost
random = numpy.random.default_rng(int(sys.argv[1]))
rows = random.normal(size=(2000, 5)) * 2000
rows[random.random(rows.shape) < 0.1] = numpy.nan
model = xgboost.XGBRegressor(n_estimators=int(sys.argv[3]), max_depth=int(sys.argv[4]))
model.fit(rows, numpy.nansum(rows, axis=1) / 1000 + random.normal(size=2000))
model.save_model(sys.argv[2])
"""


START_SECONDS = 300


def waitFor(url, giveUp):
    """Until a server that was just started answers there; gives up when it does not."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    giveUp()
    raise AssertionError(f"nothing answers at {url}")


class MlServer:
    """Serves the model 'fraud', the file `model`, at `httpPort` and `grpcPort` until it is closed. kafka: the address of a
    broker, where it also answers requests of the topic mlserver-input in mlserver-output. model: a file of one, else it is trained."""

    def __init__(self, trees=20, depth=4, kafka=None, model=None):
        self.folder = tempfile.TemporaryDirectory()
        python = subprocess.run([HERE / "python", "mlserver.txt"], stdout=subprocess.PIPE, text=True,
                                check=True).stdout.strip()
        self.httpPort, self.grpcPort, metricsPort = free_ports(3)
        place = pathlib.Path(self.folder.name)
        (place / "fraud").mkdir()
        topics = {"kafka_enabled": True, "kafka_servers": kafka, "kafka_topic_input": "mlserver-input",
                  "kafka_topic_output": "mlserver-output"} if kafka else {}
        (place / "settings.json").write_text(json.dumps({
            "host": "127.0.0.1", "http_port": self.httpPort, "grpc_port": self.grpcPort,
            "metrics_port": metricsPort, "parallel_workers": 0, **topics}))
        (place / "fraud/model-settings.json").write_text(json.dumps({
            "name": "fraud", "implementation": "mlserver_xgboost.XGBoostModel",
            "parameters": {"uri": "./model.json", "version": "v2"}}))
        seed = int(time.time())
        print(f"seed {seed}")
        self.model = place / "fraud/model.json"
        if model:
            shutil.copy(model, self.model)
        else:
            subprocess.run([python, "-c", TRAIN, str(seed), self.model, str(trees), str(depth)], check=True)
        # XGBoost's threads wait for each other by spinning, which small requests only pay for.
        self.process = subprocess.Popen([pathlib.Path(python).parent / "mlserver", "start", place],
                                        env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        waitFor(f"http://127.0.0.1:{self.httpPort}/v2/models/fraud/ready", self.close)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()
