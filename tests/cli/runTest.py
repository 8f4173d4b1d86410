# SPDX-License-Identifier: Apache-2.0
"""`run`: results, reports, exit codes, resuming, errors of statements."""
import json
import os
import re
import subprocess

from CommandLine import BINARY, PATIENCE, ROOT, CommandLineCase, until


class RunCase(CommandLineCase):
    def testShowsTwentyRowsThenHowManyMore(self):
        self.payments(40)
        self.append("program.sql", "SELECT * FROM big;")
        output, _ = self.auspex("run", "program.sql")
        lines = output.splitlines()
        self.assertEqual(lines[0].split(), ["ID", "|", "AMOUNT"])
        self.assertEqual(len(lines), 2 + 20 + 1)
        self.assertEqual(lines[-1], "... and 11 more rows")

    def testShowsExactlyTwentyRowsWithoutAMoreLine(self):
        self.payments(29)
        self.append("program.sql", "SELECT * FROM big;")
        output, _ = self.auspex("run", "program.sql")
        self.assertEqual(len(output.splitlines()), 2 + 20)
        self.assertNotIn("more", output)

    def testJsonOutputIsObjectsAndNothingElse(self):
        self.payments(40)
        self.append("program.sql", "SHOW STREAMS; EXPLAIN CSAS_BIG_0; SELECT * FROM big;")
        output, _ = self.auspex("run", "program.sql", "--output", "json")
        rows = [json.loads(line) for line in output.splitlines()]
        self.assertTrue(all(isinstance(row, dict) for row in rows))
        self.assertEqual(sum("AMOUNT" in row for row in rows), 31)
        self.assertIn({"ID": "k12", "AMOUNT": 12.5}, rows)

    def testCsvOutput(self):
        self.payments(11)
        self.append("program.sql", "SELECT id, amount FROM big;")
        output, _ = self.auspex("run", "program.sql", "--output", "csv")
        self.assertEqual(output.splitlines(), ["ID,AMOUNT", "k10,10.5", "k11,11.5"])

    def testSecondRunShowsTheSameRowsAndAddsNone(self):
        self.payments(30)
        self.append("program.sql", "INSERT INTO payments (id, amount) VALUES ('typed', 99); SELECT * FROM big;")
        first, report = self.auspex("run", "program.sql", "--output", "csv")
        self.assertIn("CSAS_BIG_0: 31 rows in, 22 out, 0 dead", report)
        before = self.records("BIG")
        second, report = self.auspex("run", "program.sql", "--output", "csv")
        self.assertEqual(sorted(first.splitlines()), sorted(second.splitlines()))
        self.assertIn("CSAS_BIG_0: 0 rows in, 0 out, 0 dead", report)
        self.assertEqual(before, self.records("BIG"))
        self.assertEqual(len(before), 22)

    def testFreshEmptiesTheDirectory(self):
        self.payments(12)
        self.auspex("run", "program.sql")
        self.write("payments.csv", "id,amount\nnew,50\n")
        self.auspex("run", "program.sql", "--fresh")
        self.assertEqual([record["key"] for record in self.records("BIG")], ["new"])

    def testReportAndItsCommandsWork(self):
        self.payments(12)
        _, report = self.auspex("run", "program.sql", "--data-dir", "data of mine")
        self.assertIn("embedded broker in data of mine", report)
        self.assertIn("CSAS_BIG_0: 12 rows in, 3 out, 0 dead", report)
        self.assertIn("PAYMENTS_FILE: 12 rows read from", report)
        found = re.search(r"topic BIG holds 3 records: (.*)", report)
        self.assertTrue(found, report)
        done = subprocess.run(found.group(1), shell=True, cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
        self.assertEqual(len(done.stdout.splitlines()), 3)

    def testChangedStatementNamesTheDifference(self):
        self.payments(12)
        self.auspex("run", "program.sql")
        self.write("program.sql", self.read("program.sql").replace("amount > 10", "amount > 11"))
        _, errors = self.auspex("run", "program.sql", code=1)
        self.assertIn("Then it was:\n    CREATE STREAM big AS SELECT id, amount FROM payments WHERE amount > 10", errors)
        self.assertIn("--fresh", errors)
        self.assertEqual(len(self.records("BIG")), 3)

    def testAddedStatementRunsBesideTheOld(self):
        self.payments(12)
        self.auspex("run", "program.sql")
        self.append("program.sql", "CREATE STREAM huge AS SELECT * FROM payments WHERE amount > 11 EMIT CHANGES;")
        self.auspex("run", "program.sql")
        self.assertEqual(len(self.records("HUGE")), 2)
        self.assertEqual(len(self.records("BIG")), 3)

    def testSeveralErrorsAreToldAtOnceAndNothingRuns(self):
        self.payments(12)
        self.append("program.sql", "CREATE STREAM one AS SELECT amuont FROM payments EMIT CHANGES;\n"
                    "CREATE STREAM two AS SELECT UCSAE(id) AS u FROM payments EMIT CHANGES;\n"
                    "CREATE STREAM three AS SELECT * FROM payment EMIT CHANGES;\n")
        _, errors = self.auspex("run", "program.sql", code=1)
        for wrong, nearest in (("amuont", "AMOUNT"), ("UCSAE", "UCASE"), ("payment", "PAYMENTS")):
            self.assertRegex(errors, f"(?i){wrong}")
            self.assertIn(nearest, errors)
        self.assertGreaterEqual(errors.count("^"), 3)
        self.assertRegex(errors, r"program\.sql:\d+:\d+: ")
        topics, _ = self.auspex("topics", "list")
        self.assertNotIn("BIG", topics)

    def testSyntaxErrorShowsTheCaret(self):
        self.write("program.sql", "CREATE STREAM s (id VARCHAR KEY) WITH (KAFKA_TOPIC='s';\n")
        _, errors = self.auspex("run", "program.sql", code=1)
        self.assertRegex(errors, r"program\.sql:1:\d+: ")
        self.assertIn("^", errors)

    def testErrorsOfSyntaxAndMeaningAreToldInOneRound(self):
        self.payments(12)
        lines = ["CREATE STREAM wrong1 AS SELECT amuont FROM payments EMIT CHANGES;",
                 "CREATE STREAM wrong2 (id VARCHAR KEY WITH (KAFKA_TOPIC='w', PARTITIONS=1);",
                 "CREATE STREAM follows AS SELECT nothing FROM wrong2 EMIT CHANGES;",
                 "SELECT * FROM follows;",
                 "CREATE STREAM wrong3 AS SELECT UCSAE(id) AS u FROM payments EMIT CHANGES;",
                 "SELECT id FORM payments;"]
        before = len(self.read("program.sql").splitlines())
        self.append("program.sql", "\n".join(lines) + "\n")
        for fresh in ([], ["--fresh"]):
            _, errors = self.auspex("run", "program.sql", *fresh, code=1)
            told = [int(line) - before for line in re.findall(r"program\.sql:(\d+):\d+: ", errors)]
            self.assertEqual(told, [1, 2, 5, 6], errors)
            self.assertFalse(os.path.exists(self.path("auspex-data")))
        _, errors = self.auspex("explain", "program.sql", code=1)
        self.assertEqual([int(line) - before for line in re.findall(r"program\.sql:(\d+):", errors)], [1, 2, 5, 6])

    def testErrorsBesideWhatRanBeforeLeaveItAlone(self):
        self.payments(12)
        self.auspex("run", "program.sql")
        self.write("more.sql", "CREATE STREAM huge AS SELECT amuont FROM big EMIT CHANGES;\nSELECT FROM big;\n")
        _, errors = self.auspex("run", "more.sql", code=1)
        self.assertEqual(re.findall(r"more\.sql:(\d+):", errors), ["1", "2"])
        self.assertIn("AMOUNT", errors)
        _, errors = self.auspex("run", "more.sql", "--fresh", code=1)
        self.assertIn("more.sql:2:", errors)
        self.assertEqual(len(self.records("BIG")), 3)

    def testUnknownModelAndProperty(self):
        self.payments(1)
        self.append("program.sql", "CREATE STREAM s AS SELECT PREDICT('nobody', *) AS r FROM payments EMIT CHANGES;\n"
                    "SET 'auto.offset.rest'='latest';\n")
        _, errors = self.auspex("run", "program.sql", code=1)
        self.assertIn("nobody", errors)
        self.assertIn("auto.offset.reset", errors)

    def testProgramsOfSeveralFiles(self):
        self.payments(12)
        self.write("second.sql", "CREATE STREAM huge AS SELECT * FROM big WHERE amount > 11 EMIT CHANGES;")
        self.write("elsewhere/third.sql", "CREATE SINK CONNECTOR file WITH ('connector.class'='file', 'topic'='HUGE',"
                   " 'path'='huge.ndjson');")
        self.auspex("run", "program.sql", "second.sql", "elsewhere/third.sql")
        self.assertEqual(len(self.read("elsewhere/huge.ndjson").splitlines()), 2)
        self.write("wrong.sql", "SELECT * FROM hughe;")
        _, errors = self.auspex("run", "program.sql", "second.sql", "wrong.sql", code=1)
        self.assertRegex(errors, r"wrong\.sql:1:\d+: ")

    def testVariables(self):
        self.payments(12)
        self.append("program.sql", "SELECT id FROM big WHERE id = '${wanted}';")
        output, _ = self.auspex("run", "program.sql", "--define", "wanted=k11", "--output", "csv")
        self.assertEqual(output.splitlines(), ["ID", "k11"])

    def testARowFromAFarFutureMovesTimeByAStepOnly(self):
        self.write("program.sql", """
CREATE SOURCE CONNECTOR f WITH ('connector.class'='file', 'path'='rows.csv', 'topic'='t', 'key'='k');
CREATE STREAM s (k VARCHAR KEY, ts BIGINT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', TIMESTAMP='ts');
CREATE TABLE c AS SELECT k, COUNT(*) AS n FROM s WINDOW TUMBLING (SIZE 10 SECONDS, GRACE PERIOD 0 SECONDS)
  GROUP BY k EMIT CHANGES;
SELECT k, windowstart AS begins, n FROM c;
""")
        self.write("rows.csv", "k,ts\na,1000\na,4000000000000\na,2000\n")
        for step, counted in (((), 1), (("--set", "auspex.time.step.max.ms=5000"), 2)):
            with self.subTest(step=step):
                output, _ = self.auspex("run", "program.sql", "--fresh", "--output", "json", *step)
                counts = {row["BEGINS"]: row["N"] for row in map(json.loads, output.splitlines())}
                self.assertEqual(counts, {0: counted, 4000000000000: 1})

    def testChangesOfATableAreMergedWhereThatIsAskedFor(self):
        self.write("program.sql", """
CREATE SOURCE CONNECTOR f WITH ('connector.class'='file', 'path'='rows.csv', 'topic'='t', 'key'='k');
CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
CREATE TABLE c AS SELECT k, COUNT(*) AS n, SUM(a) AS total FROM s GROUP BY k EMIT CHANGES;
""")
        self.write("rows.csv", "k,a\n" + "".join(f"k{row % 3},{row}\n" for row in range(3000)))
        for settings, merges in (((), False), (("--set", "cache.max.bytes.buffering=1000000"), True)):
            with self.subTest(settings=settings):
                self.auspex("run", "program.sql", "--fresh", *settings)
                output, _ = self.auspex("topics", "print", "C")
                changes = [json.loads(line) for line in output.splitlines()]
                last = {change["key"]: change["value"]["N"] for change in changes}
                self.assertEqual(last, {"k0": 1000, "k1": 1000, "k2": 1000})
                self.assertEqual(len(changes) < 1000, merges)
                self.assertEqual(len(changes) == 3000, not merges)

    def testVersion(self):
        self.assertRegex(self.auspex("--version")[0], r"^auspex \d+\.\d+\.\d+\n$")

    def testWrongUsage(self):
        self.payments(1)
        for arguments in (["run"], ["run", "nowhere.sql"], ["run", "program.sql", "--output", "xml"],
                          ["run", "program.sql", "--until", "dawn"], ["fly"], [],
                          ["run", "program.sql", "--set", "commit.interval.ms"],
                          ["run", "program.sql", "--set", "commit.interval.ms=soon"],
                          ["run", "program.sql", "--set", "commit.intervall.ms=5"],
                          ["run", "program.sql", "--config", "nowhere.properties"]):
            _, errors = self.auspex(*arguments, code=2)
            self.assertTrue(errors, arguments)
        self.assertIn("commit.interval.ms", self.auspex("run", "program.sql", "--set", "commit.intervall.ms=5",
                                                        code=2)[1])

    def testConfigFileGivesPropertiesAndTheDataDirectory(self):
        self.payments(12)
        self.write("my.properties", "# mine\nauspex.data.dir = elsewhere\ncommit.interval.ms=50\n")
        self.auspex("run", "program.sql", "--config", "my.properties")
        self.assertTrue(os.path.exists(self.path("elsewhere/broker")))
        self.assertFalse(os.path.exists(self.path("auspex-data")))
        self.write("my.properties", "commit.interval.ms\n")
        _, errors = self.auspex("run", "program.sql", "--config", "my.properties", code=2)
        self.assertIn("my.properties:1", errors)

    def testTwoProcessesOnOneDirectory(self):
        self.payments(12)
        process = self.startEndless("--until", "stopped")
        _, errors = self.auspex("run", "program.sql", code=4)
        self.assertIn(f"pid {process.pid}", errors)

    def testInterruptCommitsSaysHowToResumeAndResumes(self):
        self.payments(30, more=", 'follow'='true'")
        self.append("program.sql", "SELECT * FROM big EMIT CHANGES;")
        process = self.startEndless("--output", "csv")
        until(lambda: "k30," in self.read("out"), "the last row")
        code, seconds = self.interrupt(process)
        self.assertEqual(code, 130, self.read("err"))
        self.assertLess(seconds, 2)
        self.assertIn("run the same command to go on", self.read("err"))
        self.assertIn("CSAS_BIG_0: 30 rows in, 21 out", self.read("err"))
        self.append("payments.csv", "late,77\n")
        process = self.startEndless("--output", "csv")
        until(lambda: "late,77" in self.read("out"), "the row added meanwhile")
        self.assertEqual(self.interrupt(process)[0], 130)
        self.assertIn("CSAS_BIG_0: 1 rows in, 1 out", self.read("err"))
        self.assertEqual(len(self.records("BIG")), 22)

    def testHeadEndsItQuietly(self):
        self.payments(5000)
        self.append("program.sql", "SELECT * FROM payments;")
        with open(self.path("err"), "wb") as err:
            process = subprocess.Popen([BINARY, "run", "program.sql", "--output", "json"], cwd=self.folder,
                                       env=self.environment, stdout=subprocess.PIPE, stderr=err)
        self.addCleanup(self.end, process)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(PATIENCE), 0)
        self.assertNotRegex(self.read("err"), "(?i)error|interrupted|cannot|broken")

    def testHeadEndsALiveSelectQuietly(self):
        self.payments(20, more=", 'follow'='true'")
        self.append("program.sql", "SELECT * FROM big EMIT CHANGES;")
        with open(self.path("err"), "wb") as err:
            process = subprocess.Popen([BINARY, "run", "program.sql", "--output", "json"], cwd=self.folder,
                                       env=self.environment, stdout=subprocess.PIPE, stderr=err)
        self.addCleanup(self.end, process)
        process.stdout.readline()
        process.stdout.close()
        def ended():
            self.append("payments.csv", "more,50\n")
            return process.poll() is not None
        until(ended, "the run to notice that nobody reads")
        self.assertEqual(process.returncode, 0, self.read("err"))

    def testFullDiskIsAnError(self):
        self.payments(12)
        self.append("program.sql", "SELECT * FROM big;")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BINARY, "run", "program.sql"], cwd=self.folder, env=self.environment, stdout=full,
                                  stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn(b"standard output", done.stderr)

    def testNoBrokerIsWaitedForWithAMessage(self):
        self.payments(1)
        process = self.start("run", "program.sql", "--bootstrap-server", "127.0.0.1:1", "--data-dir", "data")
        until(lambda: "waiting for Kafka at 127.0.0.1:1" in self.read("err") or process.poll() is not None,
              "the message")
        self.assertIsNone(process.poll(), self.read("err"))
        code, seconds = self.interrupt(process)
        self.assertEqual(code, 130, self.read("err"))
        self.assertLess(seconds, 2.5)

    def testSyntaxErrorsDoNotWaitForABroker(self):
        self.write("program.sql", "CREATE STREM s (id VARCHAR KEY) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');\n")
        process = self.start("run", "program.sql", "--bootstrap-server", "127.0.0.1:1", "--data-dir", "data")
        until(lambda: "waiting for Kafka at 127.0.0.1:1" in self.read("err") or process.poll() is not None,
              "the message")
        told = re.findall(r"program\.sql:1:\d+: ", self.read("err"))
        self.interrupt(process)
        self.assertEqual(len(told), 1, self.read("err"))
        self.assertEqual(len(re.findall(r"program\.sql:1:\d+: ", self.read("err"))), 1)

    def testExplainStartsAndKeepsNothing(self):
        self.payments(3)
        output, _ = self.auspex("explain", "program.sql")
        self.assertIn("CSAS_BIG_0", output)
        self.assertIn("payments", output)
        self.assertFalse(os.path.exists(self.path("auspex-data")))
        self.write("wrong.sql", "SELECT * FROM nothing;")
        self.auspex("explain", "wrong.sql", code=1)


class ModelCase(CommandLineCase):
    MODEL = os.path.join(ROOT, "queries/examples/fraud/fraud_v2.ubj")

    def setUp(self):
        super().setUp()
        with open(self.MODEL, "rb") as file:
            self.model = file.read()

    def program(self):
        self.write("program.sql", "CREATE MODEL m WITH (URI='m.ubj');\n")

    def testInspect(self):
        output, _ = self.auspex("model", "inspect", self.MODEL)
        self.assertIn("binary:logistic", output)
        self.assertIn("amount", output)

    def testDamagedModelIsRefusedWithTheReason(self):
        self.program()
        for damaged in (self.model[:len(self.model) // 2], b"", b"{}", b"L" + self.model[1:], self.model[:-3]):
            self.write("m.ubj", damaged)
            _, errors = self.auspex("run", "program.sql", "--fresh", code=1)
            self.assertIn("m.ubj", errors)
            self.assertIn("^", errors)

    def testMissingModelFile(self):
        self.program()
        _, errors = self.auspex("run", "program.sql", code=1)
        self.assertIn("m.ubj", errors)

    def otherModel(self):
        with open(os.path.join(ROOT, "queries/examples/flights/late_arrival.ubj"), "rb") as file:
            return file.read()

    def copies(self):
        folder = self.path("auspex-data/models")
        return [os.path.join(folder, name) for name in os.listdir(folder)]

    def testTheEngineKeepsItsOwnCopyOfAModelFile(self):
        self.program()
        self.write("m.ubj", self.model)
        self.auspex("run", "program.sql")
        copy, = self.copies()
        with open(copy, "rb") as file:
            self.assertEqual(file.read(), self.model)
        self.write("m.ubj", self.otherModel())
        self.auspex("run", "program.sql")
        os.remove(self.path("m.ubj"))
        self.auspex("run", "program.sql")

    def testALostOrDamagedCopyIsMadeAgainFromTheUnchangedFile(self):
        self.program()
        self.write("m.ubj", self.model)
        self.auspex("run", "program.sql")
        for damage in (self.model[:-1], self.otherModel(), b"", None):
            copy, = self.copies()
            os.remove(copy)
            if damage is not None:
                self.write(os.path.relpath(copy, self.folder), damage)
            self.auspex("run", "program.sql")
            with open(copy, "rb") as file:
                self.assertEqual(file.read(), self.model)

    def testALostCopyOfAChangedFileIsAnError(self):
        self.program()
        self.write("m.ubj", self.model)
        self.auspex("run", "program.sql")
        copy, = self.copies()
        os.remove(copy)
        self.write("m.ubj", self.otherModel())
        output = subprocess.run([BINARY, "run", "program.sql"], cwd=self.folder, env=self.environment,
                                stderr=subprocess.PIPE, timeout=PATIENCE, check=False, text=True)
        self.assertIn(output.returncode, (1, 2, 4, 5))
        self.assertRegex(output.stderr, r"m\.ubj.*changed.*checksum")
