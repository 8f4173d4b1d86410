# SPDX-License-Identifier: Apache-2.0
"""File connectors through `run`: what they read, write, refuse and count."""
import csv
import gzip
import json

from CommandLine import CommandLineCase, until


class SourceCase(CommandLineCase):
    def testBadRowsOfCsvAreDeadLettersAndTheRestGoesOn(self):
        self.payments(12)
        self.append("payments.csv", "short\nlong,1,2\ngood,50\n")
        _, report = self.auspex("run", "program.sql")
        self.assertIn("15 rows read", report)
        self.assertIn("2 dead", report)
        self.assertIn("PAYMENTS_FILE-dead-letters", report)
        dead = self.records("PAYMENTS_FILE-dead-letters")
        self.assertEqual([record["value"] for record in dead], ["short", "long,1,2"])
        self.assertIn("row 13: 1 cells where the header has 2", dead[0]["headers"]["auspex.reason"])
        self.assertEqual(len(self.records("BIG")), 4)

    def testRowTooLargeForTheTopicIsADeadLetter(self):
        self.payments(12)
        self.append("payments.csv", "x" * 1_100_000 + ",50\ngood,50\n")
        _, report = self.auspex("run", "program.sql")
        self.assertIn("1 dead", report)
        dead = self.records("PAYMENTS_FILE-dead-letters")
        self.assertEqual(len(dead), 1)
        self.assertRegex(dead[0]["headers"]["auspex.reason"],
                         r"row 13: Record of \d+ bytes is too large for topic 'payments'")
        self.assertRegex(dead[0]["headers"]["auspex.cut"], r"value cut: the record had \d+ bytes")
        self.assertEqual(len(self.records("BIG")), 4)

    def testWrongTypesInJsonAreDeadLettersOfTheQuery(self):
        self.write("p.ndjson", '{"id":"a","amount":50}\n{"id":"b","amount":"much"}\nno json\n{"id":"c","amount":60}\n')
        self.write("program.sql", """
            CREATE SOURCE CONNECTOR f WITH ('connector.class'='file', 'path'='p.ndjson', 'topic'='payments');
            CREATE STREAM payments (id VARCHAR, amount DOUBLE) WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON');
            CREATE STREAM big AS SELECT id, amount FROM payments WHERE amount > 10 EMIT CHANGES;""")
        _, report = self.auspex("run", "program.sql")
        self.assertIn("CSAS_BIG_0: 4 rows in, 2 out, 2 dead", report)
        dead = self.records("CSAS_BIG_0-dead-letters")
        self.assertEqual(len(dead), 2)
        self.assertEqual([record["value"].get("ID") for record in self.records("BIG")], ["a", "c"])

    def testGzip(self):
        self.payments(12)
        self.write("payments.csv.gz", gzip.compress(self.read("payments.csv").encode()))
        self.write("program.sql", self.read("program.sql").replace("payments.csv", "payments.csv.gz"))
        self.auspex("run", "program.sql")
        self.assertEqual(len(self.records("BIG")), 3)

    def testTimestampKeyAndNull(self):
        self.write("p.csv", "id,at,amount,note\na,2024-01-02T03:04:05Z,1.5,NA\nb,1704164646000,007,x\n")
        self.write("program.sql", """
            CREATE SOURCE CONNECTOR f WITH ('connector.class'='file', 'path'='p.csv', 'topic'='p', 'key'='id',
              'timestamp'='at', 'null'='NA', 'partitions'='3');""")
        self.auspex("run", "program.sql")
        records = {record["key"]: record for record in self.records("p")}
        self.assertEqual(records["a"]["timestamp"], 1704164645000)
        self.assertEqual(records["b"]["timestamp"], 1704164646000)
        self.assertEqual(records["a"]["value"], {"id": "a", "at": "2024-01-02T03:04:05Z", "amount": 1.5, "note": None})
        self.assertEqual(records["b"]["value"]["amount"], "007")
        self.assertRegex(self.auspex("topics", "list")[0], r"\np |\n p +\| 3 ")

    def testTimestampFormat(self):
        self.write("p.csv", "id,at\na,31.01.2024 13:04\nb,yesterday\n")
        self.write("program.sql", """
            CREATE SOURCE CONNECTOR f WITH ('connector.class'='file', 'path'='p.csv', 'topic'='p', 'key'='id',
              'timestamp'='at', 'timestamp.format'='dd.MM.yyyy HH:mm');""")
        _, report = self.auspex("run", "program.sql")
        self.assertEqual([record["timestamp"] for record in self.records("p")], [1706706240000])
        self.assertIn("1 dead", report)
        self.write("program.sql", self.read("program.sql").replace("dd.MM", "dd.QQQQQQ.'MM"))
        self.assertIn("timestamp.format", self.auspex("run", "program.sql", "--fresh", code=1)[1])

    def testFollowsAGrowingFile(self):
        self.payments(12, more=", 'follow'='true'")
        self.append("program.sql", "SELECT * FROM big EMIT CHANGES;")
        process = self.startEndless("--output", "csv", "--until", "stopped")
        until(lambda: "k12," in self.read("out"), "the rows that were there")
        self.append("payments.csv", "new,5")
        self.append("payments.csv", "0\nnext,60\n")
        until(lambda: "next,60" in self.read("out"), "the rows that came later")
        self.assertIn("new,50", self.read("out"))
        self.assertEqual(self.interrupt(process)[0], 130)

    def testChangedFileIsAnError(self):
        self.payments(12)
        self.auspex("run", "program.sql")
        self.append("payments.csv", "more,99\n")
        _, report = self.auspex("run", "program.sql")
        self.assertIn("1 rows read", report)
        self.write("payments.csv", self.read("payments.csv").replace("k11,11.5", "k11,99.9"))
        _, errors = self.auspex("run", "program.sql", code=5)
        self.assertIn("has changed other than by growing", errors)
        self.assertEqual(len(self.records("BIG")), 4)
        self.write("payments.csv", "id,amount\n")
        self.assertIn("has changed", self.auspex("run", "program.sql", code=5)[1])

    def testMistakesInPropertiesAreErrorsOfTheStatement(self):
        self.write("p.csv", "id\na\n")
        for properties, message in (("'path'='p.csv','topc'='p'", "'topic'"), ("'path'='nowhere.csv','topic'='p'", "nowhere.csv"),
                                    ("'path'='p.csv'", "'topic' is missing"), ("'path'='p.dat','topic'='p'", "format"),
                                    ("'path'='p.csv','topic'='p','partitions'='many'", "partitions"),
                                    ("'path'='p.csv','topic'='p','follow'='perhaps'", "true or false")):
            self.write("program.sql", f"CREATE SOURCE CONNECTOR f WITH ('connector.class'='file',{properties});")
            self.assertIn(message, self.auspex("run", "program.sql", code=1)[1])

    def testColumnsOfTheKeyMustBeThere(self):
        self.payments(2)
        self.write("payments.csv", "name,amount\na,1\n")
        _, errors = self.auspex("run", "program.sql", code=5)
        self.assertIn("has no column 'id' for the key", errors)


class SinkCase(CommandLineCase):
    def program(self, name):
        self.payments(12)
        self.append("program.sql", f"CREATE SINK CONNECTOR big_file WITH ('connector.class'='file', 'topic'='BIG', 'path'='{name}');")

    def testNdjson(self):
        self.program("out.ndjson")
        _, report = self.auspex("run", "program.sql")
        self.assertIn("BIG_FILE: wrote", report)
        rows = [json.loads(line) for line in self.read("out.ndjson").splitlines()]
        self.assertEqual(rows, [{"ID": f"k{i}", "AMOUNT": i + 0.5} for i in (10, 11, 12)])
        before = self.read("out.ndjson")
        self.auspex("run", "program.sql")
        self.assertEqual(self.read("out.ndjson"), before)
        self.append("payments.csv", "more,99\n")
        self.auspex("run", "program.sql")
        self.assertEqual(self.read("out.ndjson"), before + '{"ID":"more","AMOUNT":99.0}\n')

    def testCsv(self):
        self.program("out.csv")
        self.append("payments.csv", '"a ""b"", c",50\n')
        self.auspex("run", "program.sql")
        with open(self.path("out.csv"), newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
        self.assertEqual(rows[0], ["ID", "AMOUNT"])
        self.assertEqual(rows[1:], [["k10", "10.5"], ["k11", "11.5"], ["k12", "12.5"], ['a "b", c', "50.0"]])

    def testFileOfSomebodyElseIsLeftAlone(self):
        self.program("out.ndjson")
        self.write("out.ndjson", "precious\n")
        _, errors = self.auspex("run", "program.sql", code=5)
        self.assertIn("was not written by this data directory", errors)
        self.assertEqual(self.read("out.ndjson"), "precious\n")

    def testShortenedFileIsAnError(self):
        self.program("out.ndjson")
        self.auspex("run", "program.sql")
        self.write("out.ndjson", "")
        self.assertIn("somebody cut it", self.auspex("run", "program.sql", code=5)[1])

    def testTopicWithoutColumnsIsAnError(self):
        self.payments(1)
        self.append("program.sql", "CREATE SINK CONNECTOR f WITH ('connector.class'='file', 'topic'='NONE', 'path'='o.csv');")
        self.assertIn("NONE", self.auspex("run", "program.sql", code=1)[1])
