# SPDX-License-Identifier: Apache-2.0
"""A model of a registry: its alias moves while a run goes on, and the registry is away, slow or lying."""
import os
import signal

from CommandLine import ROOT, CommandLineCase, until
from StubRegistry import StubRegistry

PROGRAM = """
CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color DOUBLE, store DOUBLE)
  WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
CREATE MODEL m WITH (URI='mlflow://fraud@champion', REGISTRY='{url}');
CREATE STREAM scored AS SELECT id, MODEL_VERSION('m', *) AS v FROM s EMIT CHANGES;
"""
FAST = ("--set", "models.refresh.interval.ms=50")


class RegistryCase(CommandLineCase):
    def setUp(self):
        super().setUp()
        with open(os.path.join(ROOT, "tests/data/models/logistic-3.2.0.json"), "rb") as file:
            trees = file.read()
        self.models = {1: trees, 2: trees + b"\n"}  # the same trees in another file
        self.registry = StubRegistry(dict(self.models))
        self.addCleanup(lambda: self.registry.close())
        self.write("program.sql", PROGRAM.format(url=self.registry.url))
        self.numRows = 0

    def startRun(self):
        socket = self.path("auspex-data/shell.sock")
        if os.path.exists(socket):
            os.remove(socket)
        return self.startEndless("--until", "stopped", *FAST)

    def scoredBy(self):
        """The version that scores a row more."""
        self.numRows += 1
        key = f"k{self.numRows}"
        self.auspex("topics", "produce", "s", "--key-separator", "|", text=f'{key}|{{"amount": 5}}\n')
        def found():
            return [record["value"]["V"] for record in self.records("SCORED") if record["key"] == key]
        until(lambda: found() != [], f"the score of {key}")
        self.assertEqual(len(found()), 1)
        return found()[0]

    def describe(self):
        return self.auspex("shell", "-e", "DESCRIBE MODEL m;")[0]

    def testTheAliasMovesWhileTheRunGoesOn(self):
        process = self.startRun()
        self.assertEqual(self.scoredBy(), 1)
        self.registry.alias = 2
        until(lambda: "led to version 2" in self.describe(), "the second version")
        self.assertEqual(self.scoredBy(), 2)
        self.assertIn("mlflow://fraud/2 of run run2", self.auspex("shell", "-e", "SHOW MODEL VERSIONS m;")[0])
        # Killed, and started again without the registry: its own copies serve.
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.registry.close()
        process = self.startRun()
        self.assertEqual(self.scoredBy(), 2)
        until(lambda: "the registry at" in self.describe(), "that the registry is away")
        # Back, and the alias as well.
        self.registry = StubRegistry(dict(self.models), self.registry.port)
        until(lambda: "led to version 1" in self.describe(), "the first version again")
        self.assertEqual(self.scoredBy(), 1)
        self.assertEqual(self.interrupt(process)[0], 130)

    def testARegistryThatLiesLeavesWhatServes(self):
        process = self.startRun()
        for mode, words in (("html", "not of MLflow"), ("redirect", "redirects"), ("error", "there is none"),
                            ("cut", "the file of"), ("garbage", "was not loaded")):
            with self.subTest(mode=mode):
                self.registry.alias = 2
                self.registry.mode = mode
                until(lambda words=words: words in self.describe(), words)
                self.assertEqual(self.scoredBy(), 1)
        self.registry.mode = "ok"
        until(lambda: "led to version 2" in self.describe(), "the second version")
        self.assertEqual(self.scoredBy(), 2)
        self.interrupt(process)

    def testAddressesOffTheListAreNotAsked(self):
        _, errors = self.auspex("run", "program.sql", "--set", "models.rpc.allow=10.0.0.0/8", code=1)
        self.assertIn("models.rpc.allow", errors)
        self.registry.mode = "redirect"
        _, errors = self.auspex("run", "program.sql", code=1)
        self.assertIn("redirects", errors)
