# SPDX-License-Identifier: Apache-2.0
"""`shell`: statements by -e, -f, a pipe and a terminal, in this process and attached to a run."""
import fcntl
import os
import pty
import select
import socket
import stat
import subprocess
import termios
import time

from CommandLine import BINARY, PATIENCE, CommandLineCase, until

CONTROL_C = b"\x03"


class Terminal:
    """A shell at a pseudo terminal."""

    def __init__(self, case, *arguments):
        master, slave = pty.openpty()
        self.process = subprocess.Popen([BINARY, "shell", *arguments], cwd=case.folder, stdin=slave, stdout=slave,
                                        stderr=slave, env=dict(case.environment, TERM="vt100"), start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.master = master
        self.seen = b""
        case.addCleanup(os.close, master)
        case.addCleanup(case.end, self.process)
        self.expect(b"auspex> ")

    def type(self, text):
        os.write(self.master, text if isinstance(text, bytes) else text.encode())

    def endInput(self):
        """Types Ctrl-D until the shell ends, and returns its exit code. One that comes between two lines, while the
        terminal belongs to nobody, is lost, here as for anybody who types ahead."""
        def ended():
            if self.process.poll() is None:
                self.type(b"\x04")
            return self.process.poll() is not None
        until(ended, "the shell's end")
        return self.process.returncode

    def expect(self, text):
        """Waits until `text` is on the screen; what came before it is used up."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen:
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{text} did not come after {self.seen.decode(errors='replace')}")
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536)
        before, self.seen = self.seen.split(text, 1)
        return before


class ShellCase(CommandLineCase):
    def testExecute(self):
        self.payments(12)
        self.auspex("run", "program.sql")
        output, _ = self.auspex("shell", "-e", "SHOW STREAMS; SELECT * FROM big", "--output", "csv")
        self.assertIn("BIG,BIG,KAFKA,JSON", output)
        self.assertIn("k12,12.5", output)

    def testExecuteStopsAtTheFirstError(self):
        output, errors = self.auspex("shell", "-e", "SHOW STREMS; SHOW TOPICS;", code=1)
        self.assertEqual(output, "")
        self.assertIn("1:6:", errors)
        self.assertIn("^", errors)

    def testFile(self):
        self.payments(12)
        self.write("first.sql", "SHOW STREAMS;\nSHOW TABLES;\n")
        output, _ = self.auspex("shell", "-f", "first.sql")
        self.assertIn("Stream Name", output)
        self.assertIn("Table Name", output)
        self.assertIn("nowhere.sql", self.auspex("shell", "-f", "nowhere.sql", code=2)[1])

    def testPipe(self):
        output, errors = self.auspex("shell", text="SHOW\n  TABLES;\nSELECT wrong;\nSHOW STREAMS;\nexit\nSHOW TOPICS;\n")
        self.assertIn("Table Name", output)
        self.assertIn("Stream Name", output)
        self.assertNotIn("Partitions", output)
        self.assertIn("^", errors)

    def testPullSelectOnATable(self):
        self.payments(12)
        self.append("payments.csv", "k1,100\nk1,200\n")
        self.append("program.sql", "CREATE TABLE total AS SELECT id, COUNT(*) AS n, SUM(amount) AS s FROM payments "
                    "GROUP BY id EMIT CHANGES;")
        self.auspex("run", "program.sql")
        output, _ = self.auspex("shell", "--output", "csv", "-e", "SELECT * FROM total WHERE id = 'k1';")
        self.assertEqual(output.splitlines(), ["ID,N,S", "k1,3,301.5"])

    def testWhatIsCreatedIsThereNextTime(self):
        self.auspex("shell", "-e", "CREATE STREAM s (id INT KEY, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', "
                    "PARTITIONS=1); INSERT INTO s (id, v) VALUES (1, 2);")
        output, _ = self.auspex("shell", "--output", "csv", "-e", "SELECT * FROM s;")
        self.assertEqual(output.splitlines(), ["ID,V", "1,2"])

    def testTerminal(self):
        terminal = Terminal(self)
        terminal.type("SHOW\r")
        terminal.expect(b"...> ")
        terminal.type("STREAMS;\r")
        terminal.expect(b"Stream Name")
        terminal.expect(b"auspex> ")
        terminal.type("SELECT nonsense" + "\x7f" * 15 + "SHOW TABLES;\r")  # line editing
        terminal.expect(b"Table Name")
        terminal.expect(b"auspex> ")
        terminal.type(b"\x1b[A\r")  # history
        terminal.expect(b"Table Name")
        terminal.expect(b"auspex> ")
        terminal.type("DROP STREAM unfinished")
        terminal.expect(b"unfinished")
        terminal.type(CONTROL_C)
        terminal.expect(b"auspex> ")
        terminal.type("SHOW TABLES;\r")
        terminal.expect(b"Table Name")
        terminal.expect(b"auspex> ")
        terminal.type("exit\r")
        self.assertEqual(terminal.process.wait(PATIENCE), 0)
        with open(self.path(".auspex_history"), encoding="utf-8") as file:
            self.assertIn("TABLES", file.read())

    def testControlCStopsALiveSelectAndQueriesGoOnBetween(self):
        terminal = Terminal(self)
        terminal.type("CREATE STREAM s (id VARCHAR KEY, v VARCHAR) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', "
                      "PARTITIONS=1);\r")
        terminal.expect(b"Stream S created")
        terminal.expect(b"auspex> ")
        terminal.type("SET 'auto.offset.reset'='earliest';\rINSERT INTO s (id, v) VALUES ('k', 'größe');\r")
        terminal.type("SELECT v AS shown FROM s EMIT CHANGES;\r")
        terminal.expect(b"SHOWN")
        terminal.expect("größe".encode())
        terminal.type(CONTROL_C)
        terminal.expect(b"auspex> ")
        terminal.type("SHOW TABLES;\r")
        terminal.expect(b"Table Name")
        terminal.expect(b"auspex> ")
        self.assertEqual(terminal.endInput(), 0)


class AttachCase(CommandLineCase):
    def setUp(self):
        super().setUp()
        self.payments(12, more=", 'follow'='true'")

    def testSocketIsOfItsUserAloneAndGoesWithTheRun(self):
        process = self.startEndless()
        name = self.path("auspex-data/shell.sock")
        self.assertEqual(stat.S_IMODE(os.stat(name).st_mode), 0o600)
        self.assertEqual(self.interrupt(process)[0], 130)
        self.assertFalse(os.path.exists(name))

    def testStatementsAreExecutedByTheRun(self):
        process = self.startEndless()
        self.auspex("shell", "-e", "CREATE STREAM huge AS SELECT * FROM payments WHERE amount > 11 EMIT CHANGES;")
        until(lambda: len(self.records("HUGE")) == 2, "the new query's rows")
        self.append("payments.csv", "later,90\n")
        until(lambda: len(self.records("HUGE")) == 3, "the row that came later")
        output, errors = self.auspex("shell", "--output", "json", "-e", "SELECT * FROM huge; SELECT * FROM hugee;", code=1)
        self.assertEqual(len(output.splitlines()), 3)
        self.assertIn("HUGE", errors)
        self.assertEqual(self.interrupt(process)[0], 130)

    def testSessionsHaveTheirOwnSettings(self):
        process = self.startEndless()
        self.auspex("shell", "-e", "SET 'auto.offset.reset'='earliest'; DEFINE x='1';")
        output, _ = self.auspex("shell", "-e", "SHOW PROPERTIES;")
        self.assertNotIn("earliest", output)
        self.assertEqual(self.interrupt(process)[0], 130)

    def testLiveSelectIsStoppedByControlCAndTheRunGoesOn(self):
        process = self.startEndless()
        terminal = Terminal(self)
        terminal.type("SELECT id, amount FROM big EMIT CHANGES;\r")
        terminal.expect(b"EMIT CHANGES;")
        count = 0
        end = time.monotonic() + PATIENCE
        while b"live" not in terminal.seen and time.monotonic() < end:
            count += 1
            self.append("payments.csv", f"live{count},50\n")
            if select.select([terminal.master], [], [], 0.1)[0]:
                terminal.seen += os.read(terminal.master, 65536)
        terminal.expect(b"live")
        terminal.type(CONTROL_C)
        terminal.expect(b"auspex> ")
        terminal.type("SHOW STREAMS;\r")
        terminal.expect(b"Stream Name")
        terminal.expect(b"auspex> ")
        self.assertIsNone(process.poll())
        terminal.type("exit\r")
        self.assertEqual(terminal.process.wait(PATIENCE), 0)
        self.assertEqual(self.interrupt(process)[0], 130)

    def testEndOfTheRunEndsALiveSelect(self):
        process = self.startEndless()
        with open(self.path("shell.err"), "wb") as err:
            shell = subprocess.Popen([BINARY, "shell", "-e", "SELECT * FROM big EMIT CHANGES;"], cwd=self.folder,
                                     env=self.environment, stdout=subprocess.PIPE, stderr=err)
        self.addCleanup(shell.stdout.close)
        self.addCleanup(self.end, shell)
        def shown():
            self.append("payments.csv", "live,50\n")
            return select.select([shell.stdout], [], [], 0.1)[0]
        until(shown, "the live rows")
        code, seconds = self.interrupt(process)
        self.assertEqual(code, 130)
        self.assertLess(seconds, 2)
        self.assertEqual(shell.wait(PATIENCE), 4)
        self.assertIn("the run has ended", self.read("shell.err"))

    def testGarbageOnTheSocketEndsNothing(self):
        process = self.startEndless()
        client = socket.socket(socket.AF_UNIX)
        os.chdir(self.path("auspex-data"))
        self.addCleanup(os.chdir, "/")
        client.connect("shell.sock")
        client.sendall(b"Z\x03\x00\x00\x00abcQ\x00\x00\x00\x00\xff\xff\xff\xff\xffrubbish")
        client.close()
        output, _ = self.auspex("shell", "-e", "SHOW STREAMS;")
        self.assertIn("BIG", output)
        self.assertEqual(self.interrupt(process)[0], 130)
