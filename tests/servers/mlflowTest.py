# SPDX-License-Identifier: Apache-2.0
"""A real registry of MLflow: XGBoost's models are registered, an alias moves, and rows say which version scored them."""
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent / "fixtures")]
from CommandLine import CommandLineCase, until  # noqa: E402
from MlflowServer import MlflowServer  # noqa: E402

PROGRAM = """
CREATE STREAM s (id VARCHAR KEY, a DOUBLE, b DOUBLE) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
CREATE MODEL m WITH (URI='mlflow://fraud model@champion', REGISTRY='{url}');
CREATE STREAM scored AS SELECT id, PREDICT('m', *) AS p, MODEL_VERSION('m', *) AS v FROM s EMIT CHANGES;
"""


class RealRegistryCase(CommandLineCase):
    def setUp(self):
        super().setUp()
        self.server = MlflowServer()
        self.addCleanup(self.server.close)
        # Version 1 has three trees, version 2 five.
        self.server.register("fraud model", "champion", 3, 5)
        self.write("program.sql", PROGRAM.format(url=self.server.url))

    def startRun(self):
        socket = self.path("auspex-data/shell.sock")
        if os.path.exists(socket):
            os.remove(socket)
        return self.startEndless("--until", "stopped", "--set", "models.refresh.interval.ms=200")

    def score(self, key):
        self.auspex("topics", "produce", "s", "--key-separator", "|", text=f'{key}|{{"a": 1, "b": 2}}\n')
        def found():
            return [record["value"] for record in self.records("SCORED") if record["key"] == key]
        until(lambda: found() != [], key)
        return found()[0]

    def test_an_alias_moves(self):
        process = self.startRun()
        first = self.score("first")
        self.assertEqual(first["V"], 1)
        self.server.point("fraud model", "champion", 2)
        until(lambda: "led to version 2" in self.auspex("shell", "-e", "DESCRIBE MODEL m;")[0], "the second version")
        second = self.score("second")
        self.assertEqual(second["V"], 2)
        self.assertNotEqual(first["P"], second["P"])
        shown, _ = self.auspex("shell", "-e", "SHOW MODEL VERSIONS m;")
        self.assertIn("mlflow://fraud model/2", shown)
        self.server.kill()
        process.kill()
        process.wait()
        process = self.startRun()
        self.assertEqual(self.score("third"), second)
        self.interrupt(process)
