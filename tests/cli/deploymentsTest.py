# SPDX-License-Identifier: Apache-2.0
"""The examples of deployments, and a version that takes over while a run goes on."""
import json
import os
import shutil
import signal
import subprocess

from CommandLine import BINARY, PATIENCE, ROOT, CommandLineCase, until
from KafkaFixture import free_ports

EXAMPLES = os.path.join(ROOT, "queries/examples/deployments")
SWAPS = "default_-CSAS_SCORED_PAYMENTS_0-0-models"
PAYMENT = '{{"card": "c9", "amount": 900, "country": "RO", "category": "gift_cards", "hour": 3, "n_1h": {}}}'


def jsonLines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


KILL_POINTS = ("commit.begin", "commit.changelogWritten", "commit.offsetsSent", "commit.committed",
               "commit.stateApplied", "commit.end")
SCORING = """
CREATE SOURCE CONNECTOR file WITH ('connector.class'='file', 'path'='rows.csv', 'topic'='s', 'key'='id');
CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, country VARCHAR, category VARCHAR, card_age INT, hour INT,
  n_1h INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
CREATE MODEL m WITH (URI='{model}', ITERATIONS='20');
ALTER MODEL m ADD VERSION WITH (URI='{model}');
CREATE STREAM scored AS SELECT id, MODEL_VERSION('m', *) AS v FROM s EMIT CHANGES;
CREATE TABLE sums AS SELECT v, COUNT(*) AS n FROM scored GROUP BY v EMIT CHANGES;
"""
OWN_CLIENT = """
CREATE SOURCE CONNECTOR file WITH ('connector.class'='file', 'path'='rows.csv', 'topic'='s', 'key'='id');
CREATE STREAM s (id VARCHAR KEY, amount DOUBLE, country VARCHAR, category VARCHAR, card_age INT, hour INT,
  n_1h INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
CREATE MODEL m WITH (URI='{model}');
SERVE MODEL m WITH (PROTOCOL='JSON', REQUEST_TOPIC='requests', REPLY_TOPIC='replies', PARTITIONS=2);
CREATE MODEL asked (amount DOUBLE, country VARCHAR, category VARCHAR, card_age INT, hour INT, n_1h INT)
  WITH (DEPLOYMENT='KAFKA', PROTOCOL='JSON', REQUEST_TOPIC='requests', REPLY_TOPIC='replies', REMOTE_MODEL='m');
CREATE STREAM scored AS SELECT id, PREDICT('asked', *) AS asked, PREDICT('m', *) AS own FROM s EMIT CHANGES;
CREATE STREAM replies (id VARCHAR KEY, scores ARRAY<DOUBLE>) WITH (KAFKA_TOPIC='replies', VALUE_FORMAT='JSON');
CREATE STREAM once AS SELECT * FROM replies EMIT CHANGES;
CREATE STREAM twice AS SELECT * FROM once EMIT CHANGES;
CREATE STREAM copied AS SELECT * FROM twice EMIT CHANGES;
"""
SWAP = "ALTER MODEL m SET ALIAS default = 2;\n"


class SwapUnderKillsCase(CommandLineCase):
    """kill -9 at each point of a commit, while a version takes over."""

    def setUp(self):
        super().setUp()
        model = os.path.join(ROOT, "queries/examples/fraud/fraud_v2.ubj")
        self.write("program.sql", SCORING.format(model=model))
        self.write("rows.csv", "id,amount\n" + "".join(f"a{row},{row}\n" for row in range(20)))

    def testEveryRowIsScoredOnceByTheVersionOfItsTime(self):
        self.auspex("run", "program.sql")
        self.append("program.sql", SWAP)
        self.append("rows.csv", "".join(f"b{row},{row}\n" for row in range(20)))
        shutil.copytree(self.folder, self.folder + " origin")
        self.addCleanup(shutil.rmtree, self.folder + " origin", True)
        numKilled = 0
        for point in KILL_POINTS:
            for passing in (1, 2, 3):
                with self.subTest(point=point, passing=passing):
                    shutil.rmtree(self.folder)
                    shutil.copytree(self.folder + " origin", self.folder)
                    self.environment["AUSPEX_KILL_POINT"] = f"{point}:{passing}"
                    process = self.start("run", "program.sql")
                    numKilled += process.wait(PATIENCE) == -signal.SIGKILL
                    del self.environment["AUSPEX_KILL_POINT"]
                    self.auspex("run", "program.sql")
                    found = sorted((record["key"], record["value"]["V"]) for record in self.records("SCORED"))
                    self.assertEqual(found, sorted([(f"a{row}", 1) for row in range(20)] +
                                                   [(f"b{row}", 2) for row in range(20)]))
        self.assertGreater(numKilled, 2 * len(KILL_POINTS) - 1)


class DeploymentsCase(CommandLineCase):
    def version(self, key):
        """The version that has scored the payment; None before it was."""
        found = [record["value"]["VERSION"] for record in self.records("SCORED_PAYMENTS") if record["key"] == key]
        return found[0] if found else None

    def produce(self, key, number):
        self.auspex("topics", "produce", "payments", "--key-separator", "|", text=f"{key}|{PAYMENT.format(number)}\n")

    def shell(self, statements):
        return self.auspex("shell", "-e", statements)

    def testAVersionTakesOverWhileTheRunGoesOn(self):
        program = os.path.join(EXAMPLES, "hotSwap.sql")
        process = self.startProgram(program, "--until", "stopped")
        self.produce("before", 1)
        until(lambda: self.version("before") is not None, "the first score")
        self.assertEqual(self.version("before"), 1)
        self.shell("ALTER MODEL fraud SET ALIAS default = 2;")
        self.produce("after", 2)
        until(lambda: self.version("after") is not None, "the score after the swap")
        self.assertEqual(self.version("after"), 2)
        # Killed, and started again: it goes on with the version that has taken over.
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = self.startProgram(program, "--until", "stopped")
        self.produce("restarted", 3)
        until(lambda: self.version("restarted") is not None, "the score after the restart")
        self.assertEqual(self.version("restarted"), 2)
        self.shell("ALTER MODEL fraud ROLLBACK;")
        self.produce("back", 4)
        until(lambda: self.version("back") is not None, "the score after the rollback")
        self.assertEqual(self.version("back"), 1)
        swaps = [record["value"] for record in self.records(SWAPS)]
        self.assertIn((1, 2), [(swap["from"]["shares"][0]["version"], swap["to"]["shares"][0]["version"])
                               for swap in swaps if "from" in swap])
        code, _ = self.interrupt(process)
        self.assertEqual(code, 130)
        self.assertEqual(len(self.records("SCORED_PAYMENTS")), 2004)

    def startProgram(self, program, *arguments):
        socket = self.path("auspex-data/shell.sock")
        if os.path.exists(socket):
            os.remove(socket)
        process = self.start("run", program, *arguments)
        until(lambda: os.path.exists(socket) or process.poll() is not None, "the run's socket")
        self.assertIsNone(process.poll(), self.read("err"))
        return process

    def testTheEngineIsTheModelServerOfOthers(self):
        process = self.startProgram(os.path.join(EXAMPLES, "topicServer.sql"), "--until", "stopped")
        self.auspex("topics", "produce", "fraud-requests", "--key-separator", "|", text="\n".join([
            f"right|{PAYMENT.format(9)[:-1]}, \"card_age\": 3}}", "wrong|{\"amount\": \"much\"}", ""]))
        until(lambda: len(self.records("fraud-replies")) == 2, "the replies")
        replies = {record["key"]: record["value"] for record in self.records("fraud-replies")}
        self.assertEqual(replies["right"]["version"], 1)
        self.assertTrue(0 < replies["right"]["score"] < 1, replies)
        self.assertIn("takes a number", replies["wrong"]["error"])
        shown, _ = self.shell("SHOW SERVED MODELS;")
        self.assertRegex(shown, r"fraud.*SERVE_FRAUD_0.*RUNNING.*2.*1.*0")
        self.shell("STOP SERVING fraud;")
        shown, _ = self.shell("SHOW QUERIES;")
        self.assertNotIn("SERVE_FRAUD_0", shown)
        self.interrupt(process)

    def testARunThatAsksItselfEndsWhenAllIsAnswered(self):
        model = os.path.join(ROOT, "queries/examples/fraud/fraud_v2.ubj")
        self.write("program.sql", OWN_CLIENT.format(model=model))
        self.write("rows.csv", "id,amount,country,category,card_age,hour,n_1h\n" + "".join(
            f"a{row},{row},DE,travel,{row % 90},{row % 24},{row % 5}\n" for row in range(3000)))
        self.auspex("run", "program.sql")
        rows = [record["value"] for record in self.records("SCORED")]
        self.assertEqual(len(rows), 3000)
        self.assertEqual([row for row in rows if row["ASKED"] is None or row["ASKED"] != row["OWN"]], [])
        # What reads the replies ends behind the served model, and so behind the query that asks.
        self.assertEqual(sum(1 for _ in self.records("COPIED")), len(self.records("replies")))
        # Again: all is done, and the run ends.
        self.auspex("run", "program.sql")
        self.assertEqual(len(self.records("SCORED")), 3000)

    def testVariantsShareTheCards(self):
        program = os.path.join(EXAMPLES, "abTest.sql")
        output, _ = self.auspex("run", program, "--output", "json")
        rows = jsonLines(output)
        variants = {row["VARIANT"]: row["N"] for row in rows if "VARIANT" in row}
        self.assertEqual(set(variants), {"champion", "challenger"})
        self.assertEqual(sum(variants.values()), 2000)
        self.assertTrue(120 <= variants["challenger"] <= 280, variants)
        shadowed = [row for row in rows if "SHADOW_DIFFERENCE" in row]
        self.assertTrue(120 <= sum(row["N"] for row in shadowed) <= 280, shadowed)
        # A card's payments all went one way.
        ways = {}
        for record in self.records("SCORED_PAYMENTS"):
            ways.setdefault(record["value"]["CARD"], set()).add(record["value"]["VARIANT"])
        self.assertTrue(all(len(way) == 1 for way in ways.values()))
        # Again: the same rows, and none are added.
        again, _ = self.auspex("run", program, "--output", "json")
        self.assertEqual([row for row in jsonLines(again) if "VARIANT" in row],
                         [row for row in rows if "VARIANT" in row])
        self.assertEqual(len(self.records("SCORED_PAYMENTS")), 2000)


class ServedModelCase(CommandLineCase):
    """One program whose model is in the engine, behind a server, or both."""

    def setUp(self):
        super().setUp()
        self.port = free_ports(1)[0]
        self.python = subprocess.run([os.path.join(ROOT, "tests/fixtures/python")], check=True,
                                     capture_output=True, text=True).stdout.strip()
        for name in ("embeddedModel.sql", "servedModel.sql", "guardedModel.sql", "score.sql"):
            with open(os.path.join(EXAMPLES, name)) as file:
                text = file.read().replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
            self.write(name, text.replace("../fraud/", os.path.join(ROOT, "queries/examples/fraud/")))

    def serve(self):
        server = subprocess.Popen([self.python, os.path.join(EXAMPLES, "modelServer.py"), "--port", str(self.port)],
                                  stdout=subprocess.PIPE)
        self.addCleanup(self.stopServer, server)
        self.assertIn(b"fraud", server.stdout.readline())
        return server

    @staticmethod
    def stopServer(server):
        server.kill()
        server.wait()
        server.stdout.close()

    def scores(self, *arguments):
        """The scorers' table, and the risk of each payment."""
        output, _ = self.auspex("run", *arguments, "score.sql", "--output", "json", "--fresh")
        table = [row for row in jsonLines(output) if "SCORER" in row]
        return table, {record["key"]: record["value"]["RISK"] for record in self.records("SCORED_PAYMENTS")}

    def testOnlyTheModelsStatementDiffers(self):
        table, embedded = self.scores("embeddedModel.sql")
        self.assertEqual([row["N"] for row in table], [2000])
        server = self.serve()
        table, served = self.scores("servedModel.sql")
        self.assertEqual([(row["SCORER"], row["N"]) for row in table], [("default", 2000)])
        self.assertEqual(set(served), set(embedded))
        for key, risk in served.items():
            self.assertAlmostEqual(risk, embedded[key], places=6)
        table, _ = self.scores("guardedModel.sql")
        self.assertEqual([(row["SCORER"], row["N"]) for row in table], [("default", 2000)])
        self.stopServer(server)
        table, guarded = self.scores("guardedModel.sql")
        self.assertEqual([(row["SCORER"], row["N"]) for row in table], [("FRAUD_LOCAL", 2000)])
        self.assertEqual(guarded, embedded)

    def testARunWaitsForItsServerAndGoesOn(self):
        process = self.start("run", "servedModel.sql", "score.sql", "--until", "stopped")
        self.auspexUntilReady(process)
        self.assertEqual(len(self.records("SCORED_PAYMENTS")), 0)
        output, _ = self.auspex("shell", "-e", "DESCRIBE MODEL fraud EXTENDED;")
        self.assertRegex(output, r"Rows     : 0 scored, 0 refused, 0 unavailable, [1-9]\d* wait")
        # Killed while everything waits, and started again without the server: nothing is lost.
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.remove(self.path("auspex-data/shell.sock"))
        process = self.start("run", "servedModel.sql", "score.sql", "--until", "stopped")
        self.auspexUntilReady(process)
        self.serve()
        until(lambda: len(self.records("SCORED_PAYMENTS")) == 2000, "all scores")
        output, _ = self.auspex("shell", "-e", "EXPLAIN CSAS_SCORED_PAYMENTS_0;")
        self.assertIn(f"server=V2_HTTP 127.0.0.1:{self.port}", output)
        self.assertRegex(output, r"Rows     : 2000 scored, 0 refused")
        self.assertIn("Breaker  : closed", output)
        code, _ = self.interrupt(process)
        self.assertEqual(code, 130)
        self.assertEqual(len({record["key"] for record in self.records("SCORED_PAYMENTS")}), 2000)

    def auspexUntilReady(self, process):
        """The run has its queries, and rows wait for the server."""
        def rowsWait():
            self.assertIsNone(process.poll(), self.read("err"))
            if not os.path.exists(self.path("auspex-data/shell.sock")):
                return False
            run = subprocess.run([BINARY, "shell", "-e", "DESCRIBE MODEL fraud EXTENDED;"], cwd=self.folder,
                                 env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
            return "wait" in run.stdout and " 0 wait" not in run.stdout
        until(rowsWait, "rows that wait")
