# SPDX-License-Identifier: Apache-2.0
"""`auspex test`: its exit codes, which scripts rely on, and what it says with each."""
from CommandLine import CommandLineCase

PASSES = """statement ok
CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);
CREATE STREAM o AS SELECT k, a + 1 AS b FROM s EMIT CHANGES;

input s
x | {"a": 1}

output O
x | {"B": 2}
"""
FAILS = PASSES.replace('"B": 2', '"B": 3')


class TestCommandCase(CommandLineCase):
    def testPassesWithZero(self):
        self.write("cases/passes.test", PASSES)
        output, _ = self.auspex("test", "cases")
        self.assertEqual(output.splitlines()[-1], "4 passed, 0 failed, 0 skipped")

    def testFailsWithOne(self):
        self.write("cases/passes.test", PASSES)
        self.write("cases/fails.test", FAILS)
        output, _ = self.auspex("test", "cases", "--draw-rows", "7", code=1)
        self.assertEqual(output.splitlines()[-1], "1 passed, 1 failed, 0 skipped")
        self.assertIn("fails.test:8", output)
        output, _ = self.auspex("test", "cases", "--only", "passes", "--draw-rows", "7")
        self.assertEqual(output.splitlines()[-1], "1 passed, 0 failed, 0 skipped")

    def testWhatIsNoTestFailsWithOne(self):
        self.write("wrong.test", "nonsense\n")
        output, _ = self.auspex("test", "wrong.test", code=1)
        self.assertIn("wrong.test:1: 'nonsense' is no directive", output)

    def testWrongUsageIsTwo(self):
        self.write("cases/passes.test", PASSES)
        for arguments in ([], ["nowhere"], ["cases", "--draw-rows", "0"], ["cases", "--draw-rows", "many"],
                          ["cases", "--only", "nothing is called so"], ["cases", "--nope"]):
            output, errors = self.auspex("test", *arguments, code=2)
            self.assertTrue(errors, arguments)
            self.assertNotIn("passed", output, arguments)
