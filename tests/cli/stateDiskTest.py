# SPDX-License-Identifier: Apache-2.0
"""State on a disk that fills up, and state whose files are damaged."""
import collections
import json
import os
import random
import shutil
import subprocess

from CommandLine import BINARY, CommandLineCase, until

TOTALS = """
CREATE SOURCE CONNECTOR events WITH ('connector.class'='file', 'path'='events.csv', 'topic'='events', 'key'='card');
CREATE STREAM events (card VARCHAR KEY, amount INT, note VARCHAR) WITH (KAFKA_TOPIC='events', VALUE_FORMAT='JSON');
CREATE TABLE totals AS SELECT card, COUNT(*) AS n, SUM(amount) AS total FROM events GROUP BY card EMIT CHANGES;
CREATE SINK CONNECTOR totals_file WITH ('connector.class'='file', 'topic'='TOTALS', 'path'='totals.ndjson');
"""
DISK_KIB = 100000
# Mounts a disk in a folder, leaves so many KiB of it, and starts the engine: for who is not root, in a world of its own.
ON_SMALL_DISK = f"""mount -t tmpfs -o size={DISK_KIB}k none "$0" &&
  head -c "$(({DISK_KIB} - $1))k" /dev/zero > "$0/ballast" && shift && exec "$@"
"""


class StateDiskCase(CommandLineCase):
    def setUp(self):
        super().setUp()
        self.random = random.Random(7)
        self.expected = collections.defaultdict(list)  # by card: what is given out for it, in order
        self.write("program.sql", TOTALS)
        self.write("events.csv", "card,amount,note\n")

    def addEvents(self, count, cards):
        lines = []
        for _ in range(count):
            card, amount = f"c{self.random.randrange(cards):05}", self.random.randrange(100)
            last = self.expected[card][-1] if self.expected[card] else (0, 0)
            self.expected[card].append((last[0] + 1, last[1] + amount))
            lines.append(f"{card},{amount},{self.random.randbytes(60).hex()}\n")
        self.append("events.csv", "".join(lines))

    def checkTotals(self):
        given = collections.defaultdict(list)
        for line in self.read("totals.ndjson").splitlines():
            row = json.loads(line)
            given[row["CARD"]].append((row["N"], row["TOTAL"]))
        self.assertEqual(given, self.expected)

    def startOnSmallDisk(self, mountedAt, freeKib):
        os.makedirs(self.path(mountedAt))
        isRoot = os.geteuid() == 0
        # Of a bare machine in a folder the mounts cannot be made private, so root mounts for all and takes it away again.
        unshare = [] if isRoot else ["unshare", "--mount", "--map-root-user"]
        command = [*unshare, "sh", "-c", ON_SMALL_DISK, mountedAt, str(freeKib), BINARY, "run",
                   "program.sql", "--data-dir", "data"]
        if isRoot:
            self.addCleanup(subprocess.run, ["umount", "--lazy", self.path(mountedAt)], stderr=subprocess.DEVNULL,
                            check=False)
        with open(self.path("out"), "wb") as out, open(self.path("err"), "wb") as err:
            process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.addCleanup(self.end, process)
        return process

    def testAFullDiskIsWaitedFor(self):
        self.addEvents(40000, 15000)
        for mountedAt, freeKib, says in (("data", 5000, "No space left on device"),
                                         ("data/state", 500, "waits: the disk is full")):
            with self.subTest(mountedAt=mountedAt):
                process = self.startOnSmallDisk(mountedAt, freeKib)
                until(lambda: process.poll() is not None or says in self.read("err"), f"'{says}'")
                self.assertIsNone(process.poll(), self.read("err"))
                os.remove(f"/proc/{process.pid}/root{self.path(mountedAt)}/ballast")
                self.assertEqual(process.wait(60), 0, self.read("err"))
                self.checkTotals()
                if os.geteuid() == 0:
                    subprocess.run(["umount", self.path(mountedAt)], check=True)
                shutil.rmtree(self.path("data"))
                os.remove(self.path("totals.ndjson"))

    def stateFiles(self):
        folder = self.path("auspex-data/state/CTAS_TOTALS_0/0_0")
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if not name.startswith("LOCK")]

    def damage(self, path, how):
        size = os.path.getsize(path)
        if how == "removed":
            os.remove(path)
        elif how == "cut":
            os.truncate(path, size // 2)
        elif how == "overwritten":
            with open(path, "r+b") as file:
                file.write(b"\xaa" * size)
        elif size > 0:
            with open(path, "r+b") as file:
                for _ in range(8):
                    file.seek(self.random.randrange(size))
                    file.write(bytes([self.random.randrange(256)]))

    def testDamagedStateIsBuiltAgain(self):
        self.addEvents(3000, 1000)
        self.auspex("run", "program.sql")
        self.addEvents(500, 1000)
        self.auspex("run", "program.sql")
        self.checkTotals()
        rebuilt = 0
        for how in ("removed", "cut", "changed"):
            for path in self.stateFiles():
                name = os.path.basename(path)
                with self.subTest(name=name, how=how):
                    if not os.path.exists(path):
                        continue  # RocksDB has replaced it meanwhile
                    self.damage(path, how)
                    self.addEvents(20, 1000)
                    _, said = self.auspex("run", "program.sql")
                    rebuilt += "is built again from" in said
                    self.checkTotals()
        self.assertGreater(rebuilt, 5)

    def testStateDamagedWhileItIsUsedIsBuiltAgain(self):
        self.write("program.sql", TOTALS.replace("COUNT(*) AS n", "COUNT(*) AS n, MAX(note) AS longest")
                   .replace("'key'='card'", "'key'='card', 'follow'='true'"))
        process = self.startEndless("--set", "auspex.state.memory.bytes=1")
        count = 0

        def addMore(more):
            nonlocal count
            self.addEvents(more, 40000)
            count += more
            until(lambda: self.countGiven() == count or process.poll() is not None, f"{count} rows")
            return [path for path in self.stateFiles() if path.endswith(".sst")]

        # Until most of the state lies in files, and can neither stand in memory.
        while sum(map(os.path.getsize, addMore(20000))) < 6_000_000:
            pass
        for path in addMore(1):
            self.damage(path, "overwritten")
        addMore(3000)
        self.assertIn("is built again from", self.read("err"))
        self.assertEqual(self.interrupt(process)[0], 130)
        self.checkTotals()

    def countGiven(self):
        if not os.path.exists(self.path("totals.ndjson")):
            return 0
        return self.read("totals.ndjson").count("\n")

    def testStateThatIsTooOldIsBuiltAgain(self):
        trustNothing = ("--set", "auspex.test.trusted.state.age.ms=0")
        state, former = self.path("auspex-data/state"), self.path("former")
        self.addEvents(300, 100)
        self.auspex("run", "program.sql")
        shutil.copytree(state, former)
        self.addEvents(300, 100)
        self.auspex("run", "program.sql")
        self.assertNotIn("is built again", self.auspex("run", "program.sql", *trustNothing)[1], "it has missed nothing")
        for arguments, isRebuilt in (((), False), (trustNothing, True)):
            with self.subTest(arguments=arguments):
                shutil.rmtree(state)
                shutil.copytree(former, state)
                self.addEvents(300, 100)
                _, said = self.auspex("run", "program.sql", *arguments)
                self.assertEqual("older than the records of erased rows" in said, isRebuilt, said)
                self.checkTotals()

    def testStateIsBuiltAgainWhenItsFolderIsGone(self):
        self.addEvents(300, 100)
        self.auspex("run", "program.sql")
        shutil.rmtree(self.path("auspex-data/state"))
        self.addEvents(300, 100)
        self.auspex("run", "program.sql")
        self.checkTotals()
