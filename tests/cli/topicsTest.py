# SPDX-License-Identifier: Apache-2.0
"""`topics list|print|produce`, alone and beside a run."""
import json

from CommandLine import CommandLineCase, until


class TopicsCase(CommandLineCase):
    def testListAndPrint(self):
        self.payments(12)
        self.auspex("run", "program.sql")
        output, _ = self.auspex("topics", "list")
        self.assertRegex(output, r"BIG +\| 1 +\| 3\n")
        output, _ = self.auspex("topics", "print", "BIG", "--limit", "2")
        first = json.loads(output.splitlines()[0])
        self.assertEqual((first["partition"], first["offset"], first["key"], first["value"]),
                         (0, 0, "k10", {"AMOUNT": 10.5}))
        self.assertEqual(len(output.splitlines()), 2)

    def testProduceIsReadByTheNextRun(self):
        self.payments(12)
        self.auspex("run", "program.sql")
        _, said = self.auspex("topics", "produce", "payments", "--key-separator", ":",
                              text='typed:{"amount":70}\nsmall:{"amount":1}\n')
        self.assertIn("2 records written to payments", said)
        _, report = self.auspex("run", "program.sql")
        self.assertIn("CSAS_BIG_0: 2 rows in, 1 out", report)
        self.assertEqual(self.records("BIG")[-1]["key"], "typed")

    def testPrintsAnyBytesAsJson(self):
        self.payments(1)
        self.auspex("run", "program.sql")
        given = ['k:{"cut":', "[1, 2]", "{no json}", 'text "quoted"']
        self.auspex("topics", "produce", "payments", "--key-separator", ":", text="\n".join(given) + "\n")
        values = [record["value"] for record in self.records("payments")[1:]]
        self.assertEqual(values, ['{"cut":', [1, 2], "{no json}", 'text "quoted"'])

    def testUnknownTopicAndDirectory(self):
        self.assertIn("no data directory", self.auspex("topics", "list", code=2)[1])
        self.payments(1)
        self.auspex("run", "program.sql")
        for command in ("print", "produce"):
            self.assertIn("'NONE' does not exist", self.auspex("topics", command, "NONE", code=2, text="x\n")[1])

    def testBesideARun(self):
        self.payments(12)
        process = self.startEndless("--until", "stopped")
        self.assertRegex(self.auspex("topics", "list")[0], r"payments +\| 1 +\| ")
        _, said = self.auspex("topics", "produce", "payments", "--key-separator", ":", text='typed:{"amount":70}\n')
        self.assertIn("1 records written", said)
        until(lambda: any(record["key"] == "typed" for record in self.records("BIG")), "the row typed")
        self.auspex("topics", "print", "NONE", code=2)
        self.assertEqual(len(self.auspex("topics", "print", "BIG", "--limit", "1")[0].splitlines()), 1)
        self.assertEqual(self.interrupt(process)[0], 130)
