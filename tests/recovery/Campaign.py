# SPDX-License-Identifier: Apache-2.0
"""A program that is killed again and again and goes on each time, in one data directory."""
import random
import shutil
import time

import EngineProcess

# Small draws and frequent commits, so that kills land between many commits.
PACE = ("--set", "auspex.draw.rows=20", "--set", "commit.interval.ms=5")
# Rows that are still to be done when a process starts; more are added when it was too quick.
AHEAD = 4000
ATTEMPTS = 6
RUN_SECONDS = 300
# No row of a sink file is shorter: so many bytes for each pending row are still to come at least.
LEAST_ROW_BYTES = 12

POINTS = ("commit.begin", "commit.changelogWritten", "commit.offsetsSent", "commit.committed",
          "commit.stateApplied", "commit.end", "sinkFile.written", "sinkFile.synced")


class Campaign:
    """topics: where the outputs are read; settings: further arguments of every run."""

    def __init__(self, program, topics, service, seed, settings=()):
        self.program = program
        self.topics = topics
        self.service = service
        self.kills = 0
        self._chance = random.Random(seed)
        self._seed = seed
        self._ahead = AHEAD
        self._committed = 0  # when it was last looked at: nobody writes between two processes
        self._arguments = ["run", program.file.name, "--data-dir", "data",
                           "--service-id", service, "--output", "json",
                           *topics.arguments, *settings]

    def committed(self):
        """Rows in the program's main output topic that everybody sees."""
        self._committed = self.topics.count(self.program.topic)
        return self._committed

    def kill_at_random(self):
        """kill -9 once this process has brought a part, drawn at random, of the rows that are to
        come into a sink file. By progress and not by time: machines are fast, slow and busy."""
        def kill(process):
            part = self._chance.random() * 0.5 * self._ahead * LEAST_ROW_BYTES
            wanted = self._sink_bytes() + 1 + part
            while process.running and self._sink_bytes() < wanted:
                time.sleep(0.001)
            process.kill()
        self._kill(None, "at random", kill)

    def kill_while_starting(self):
        """kill -9 shortly after the start: while the last kill is still being mended, as a rule,
        and at the latest when the first new rows come into a sink file."""
        def kill(process):
            before = self._sink_bytes()
            end = time.monotonic() + self._chance.random() * 0.5
            while process.running and time.monotonic() < end and self._sink_bytes() <= before:
                time.sleep(0.001)
            process.kill()
        self._kill(None, "while starting", kill)

    def lose_state(self):
        """Takes the local state away: it has to come back from its changelogs."""
        shutil.rmtree(self.program.folder / "data" / "state")

    def kill_at(self, point):
        """The engine kills itself at one of its own points, at a pass drawn from the seed."""
        most = 12 if point.startswith("sinkFile") else 25
        named = f"{point}:{self._chance.randint(3, most)}"
        self._kill(named, named, lambda process: process.wait(RUN_SECONDS))

    def finish(self):
        """Runs to the end at its own pace, twice. Returns what is wrong with the outputs, as sentences."""
        self.program.grow(500)
        first = EngineProcess.run(self._arguments, self.program.folder, RUN_SECONDS)
        problems = self.program.problems(self.topics, first.printed())
        problems += self.topics.leftovers(self.service, self.program.inputs)
        rows, size = self.committed(), self._sink_bytes()
        printed = first.printed()
        second = EngineProcess.run(self._arguments, self.program.folder, RUN_SECONDS)
        if (self.committed(), self._sink_bytes()) != (rows, size):
            problems.append("a second run added rows")
        if second.printed() != printed:
            problems.append(f"a second run printed {second.printed()!r} instead of {printed!r}")
        return problems

    def _kill(self, point, phase, kill):
        """Counts only a kill after the first commit and before the last."""
        for _ in range(ATTEMPTS):
            pending = self.program.rows - self._committed
            self.program.grow(max(0, self._ahead - pending))
            process = EngineProcess.EngineProcess([*self._arguments, *PACE], self.program.folder,
                                                  point)
            kill(process)
            if process.code == EngineProcess.KILLED:
                committed = self.committed()
                if 0 < committed < self.program.rows:
                    self.kills += 1
                    print(f"  kill {self.kills:2} {phase:26} {committed:6} of {self.program.rows} "
                          f"rows committed, seed {self._seed}", flush=True)
                    return
            elif process.code == 0:
                self.committed()
            else:
                raise EngineProcess.EngineError(f"ended with {process.code} instead of being "
                                                f"killed {phase}: {process.said()}")
            self._ahead = min(2 * self._ahead, 20 * AHEAD)
        raise EngineProcess.EngineError(f"never killed between the commits, {phase}")

    def _sink_bytes(self):
        paths = [self.program.folder / name for name in self.program.sinks]
        return sum(path.stat().st_size for path in paths if path.exists())
