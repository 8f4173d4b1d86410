# SPDX-License-Identifier: Apache-2.0
"""MLflow's tracking server with its model registry, in SQLite: 900 MB of packages, so on demand only."""
import os
import pathlib
import subprocess
import tempfile

from KafkaFixture import free_ports
from MlServer import waitFor

HERE = pathlib.Path(__file__).resolve().parent

# Registers one version for each number of trees, in order, and points the alias at the first.
REGISTER = """
import sys
import mlflow, numpy, xgboost
mlflow.set_tracking_uri(sys.argv[1])
name, alias, trees = sys.argv[2], sys.argv[3], [int(count) for count in sys.argv[4:]]
random = numpy.random.default_rng(1)
rows = random.normal(size=(500, 2))
for count in trees:
    model = xgboost.XGBRegressor(n_estimators=count, max_depth=3)
    model.fit(rows, rows[:, 0] * 3 + rows[:, 1])
    model.get_booster().feature_names = ["a", "b"]
    mlflow.xgboost.log_model(model.get_booster(), name="model", registered_model_name=name, pip_requirements=[])
mlflow.MlflowClient().set_registered_model_alias(name, alias, "1")
"""
POINT = """
import sys
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.MlflowClient().set_registered_model_alias(*sys.argv[2:])
"""


class MlflowServer:
    """Serves at `url` until it is closed; its registry outlives kill and start."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.python = subprocess.run([HERE / "python", "mlflow.txt"], stdout=subprocess.PIPE, text=True,
                                     check=True).stdout.strip()
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
                            "GIT_PYTHON_REFRESH": "quiet", "OMP_NUM_THREADS": "1"}
        self.process = None
        self.start()

    def start(self):
        place = self.folder.name
        # A process group of its own: the server has workers.
        self.process = subprocess.Popen(
            [self.python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
             "--backend-store-uri", f"sqlite:///{place}/registry.db", "--artifacts-destination", f"{place}/artifacts"],
            cwd=place, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        waitFor(f"{self.url}/health", self.close)

    def run(self, program, *arguments):
        subprocess.run([self.python, "-c", program, self.url, *arguments], cwd=self.folder.name, check=True,
                       env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def register(self, name, alias, *trees):
        self.run(REGISTER, name, alias, *map(str, trees))

    def point(self, name, alias, version):
        self.run(POINT, name, alias, str(version))

    def kill(self):
        os.killpg(self.process.pid, 9)
        self.process.wait()

    def close(self):
        self.kill()
        self.folder.cleanup()
