# SPDX-License-Identifier: Apache-2.0
"""Pull queries in `run` and `shell`: of programs at their end, of tables that are being written, after restarts."""
import json
import threading

from CommandLine import CommandLineCase, until

TOTALS = """
CREATE TABLE totals AS SELECT id, COUNT(*) AS n, SUM(amount) AS total FROM payments GROUP BY id EMIT CHANGES;
"""
WINDOWS = """
CREATE SOURCE CONNECTOR file WITH ('connector.class'='file', 'path'='s.csv', 'topic'='s', 'key'='k', 'timestamp'='t');
CREATE STREAM s (k VARCHAR KEY, a INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');
CREATE TABLE w AS SELECT k, COUNT(*) AS n FROM s
  WINDOW TUMBLING (SIZE 1 SECOND, GRACE PERIOD 0 SECONDS) GROUP BY k EMIT CHANGES;
SELECT k, WINDOWSTART AS ws, n FROM w;
"""
FIRST = 1700000000000  # milliseconds


def rowsOf(output):
    return [json.loads(line) for line in output.splitlines()]


class PullCase(CommandLineCase):
    def totals(self, select="", more=""):
        self.payments(12, more)
        self.append("program.sql", TOTALS + select)

    def ask(self, sql, code=0):
        output, _ = self.auspex("shell", "--output", "json", "-e", sql, code=code)
        return rowsOf(output)

    def testOfAProgramAtItsEndAndAgain(self):
        self.totals("SELECT * FROM totals WHERE id IN ('k3', 'k11', 'none');")
        for _ in range(2):
            output, _ = self.auspex("run", "program.sql", "--output", "json")
            self.assertCountEqual(rowsOf(output), [{"ID": "k3", "N": 1, "TOTAL": 3.5}, {"ID": "k11", "N": 1, "TOTAL": 11.5}])

    def testAfterARestartInAShell(self):
        self.totals()
        self.auspex("run", "program.sql")
        self.assertEqual(self.ask("SELECT total FROM totals WHERE id = 'k7';"), [{"TOTAL": 7.5}])
        self.assertEqual(len(self.ask("SELECT * FROM totals;")), 12)
        self.assertEqual(len(self.ask("SELECT * FROM totals LIMIT 5;")), 5)

    def testOfATableThatIsBeingWritten(self):
        self.totals(more=", 'follow'='true'")
        process = self.startEndless()
        until(lambda: len(self.ask("SELECT * FROM totals;")) == 12, "the first rows")
        for i in range(1, 4):
            self.append("payments.csv", "k1,10\n" * 50)
            until(lambda: self.ask("SELECT n FROM totals WHERE id = 'k1';") == [{"N": 1 + 50 * i}], "the new rows")
        self.assertEqual(self.ask("PAUSE CTAS_TOTALS_0; SELECT n FROM totals WHERE id = 'k1';"), [{"N": 151}])
        self.append("payments.csv", "k1,10\n")
        self.assertEqual(self.ask("SELECT n FROM totals WHERE id = 'k1';"), [{"N": 151}])
        self.ask("RESUME CTAS_TOTALS_0;")
        until(lambda: self.ask("SELECT n FROM totals WHERE id = 'k1';") == [{"N": 152}], "the row of the pause")
        self.assertEqual(self.interrupt(process)[0], 130)

    def testOfARunWhenItIsStopped(self):
        self.totals("SELECT n FROM totals WHERE id = 'k1';", more=", 'follow'='true'")
        process = self.startEndless("--output", "csv")
        until(lambda: len(self.ask("SELECT * FROM totals;")) == 12, "the rows")
        self.assertEqual(self.read("out"), "")
        self.assertEqual(self.interrupt(process)[0], 130)
        self.assertEqual(self.read("out"), "N\n1\n")

    def testAProgramShowsWindowsThatAreOver(self):
        self.write("program.sql", WINDOWS)
        self.write("s.csv", "k,a,t\n" + "".join(f"x,{i},{FIRST + 1000 * i}\n" for i in range(1, 6)))
        output, _ = self.auspex("run", "program.sql", "--output", "json")
        self.assertCountEqual(rowsOf(output), [{"K": "x", "WS": FIRST + 1000 * i, "N": 1} for i in range(1, 6)])
        # State has those that are not.
        self.assertEqual(self.ask("SELECT k, WINDOWSTART AS ws, n FROM w;"), [{"K": "x", "WS": FIRST + 5000, "N": 1}])

    def testLimitEndsAPushQuery(self):
        self.payments(30)
        self.auspex("run", "program.sql")
        rows = self.ask("SET 'auto.offset.reset'='earliest'; SELECT id FROM big EMIT CHANGES LIMIT 3;")
        self.assertEqual(rows, [{"ID": "k10"}, {"ID": "k11"}, {"ID": "k12"}])
        self.assertEqual(self.ask("SELECT id FROM big EMIT CHANGES LIMIT 0;"), [])
        self.ask("SELECT id FROM big EMIT CHANGES LIMIT -1;", code=1)

    def testAskedWhileItsQueryIsPausedAndResumed(self):
        self.totals(more=", 'follow'='true'")
        process = self.startEndless()
        until(lambda: len(self.ask("SELECT * FROM totals;")) == 12, "the first rows")
        def toggle():
            for _ in range(10):
                self.ask("PAUSE CTAS_TOTALS_0; RESUME CTAS_TOTALS_0;")
        toggling = threading.Thread(target=toggle)
        toggling.start()
        numAsked = 0
        while toggling.is_alive():
            self.assertEqual(self.ask("SELECT total FROM totals WHERE id = 'k7';"), [{"TOTAL": 7.5}])
            numAsked += 1
        toggling.join()
        self.assertGreater(numAsked, 1)
        self.assertEqual(self.interrupt(process)[0], 130)
