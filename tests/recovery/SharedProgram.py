# SPDX-License-Identifier: Apache-2.0
"""A served model on Kafka that several processes of one service share, asked by a client that is not ours.

Processes are killed, frozen, started again, or stay away until others have taken their partitions over.
"""
import os
import pathlib
import random
import shutil
import signal
import time

import Conversation
import EngineProcess
import KafkaClient
import ScoringProgram
import ServingProgram
import Topics

INSTANCES = 2
PARTITIONS = 4
ROWS_PER_SECOND = 600
# So many replies at most come from an instance between its start and its end.
LIFE_REPLIES = 400
WAIT_SECONDS = 90
INTERRUPTED = 130
PACE = ("--set", "auspex.draw.rows=20", "--set", "commit.interval.ms=5")

SQL = """
CREATE MODEL fraud_v2 WITH (URI='fraud_v2.ubj');
SERVE MODEL fraud_v2 WITH (REQUEST_TOPIC='{name}-requests', REPLY_TOPIC='{name}-replies',
  MODEL_NAME='fraud');
"""


class Instance:
    """One process of the service, with a folder and a data directory of its own."""

    def __init__(self, folder, arguments):
        folder.mkdir()
        shutil.copy(ScoringProgram.EXAMPLE / "fraud_v2.ubj", folder)
        self._folder = folder
        self._arguments = arguments
        self.process = None

    def start(self, point=None):
        self.process = EngineProcess.EngineProcess(self._arguments, self._folder, point)

    @property
    def id(self):
        path = self._folder / "data" / "instance-id"
        return path.read_text().strip() if path.exists() else None

    def signal(self, number):
        os.kill(self.process.pid, number)


class SharedProgram:
    """Close it: its processes, and those who ask and listen, run until then."""

    def __init__(self, folder, name, seed, bootstrap):
        self.kills = 0
        self._folder = pathlib.Path(folder)
        self._name = name
        self._seed = seed
        self._chance = random.Random(seed)
        self._bootstrap = bootstrap
        self._service = f"{name}-service"
        self._requests, self._replies = f"{name}-requests", f"{name}-replies"
        for topic in (self._requests, self._replies):
            KafkaClient.create_topic(bootstrap, topic, PARTITIONS)
        self._program = ServingProgram.ServingProgram(self._folder, name, seed)
        program = self._folder / "shared.sql"
        program.write_text(SQL.format(name=name))
        arguments = ["run", str(program), "--data-dir", "data", "--service-id", self._service,
                     "--until", "stopped", "--bootstrap-server", bootstrap, *PACE]
        self._instances = [Instance(self._folder / f"instance{number}", arguments)
                           for number in range(INSTANCES)]
        self._listener = Conversation.Listener(bootstrap, self._replies, PARTITIONS)
        self._asker = Conversation.Asker(bootstrap, self._requests, self._program.take,
                                         ROWS_PER_SECOND)

    def start(self):
        """All processes at the same moment, which none of them expects."""
        for instance in self._instances:
            instance.start()

    def close(self):
        for instance in self._instances:
            if instance.process:
                instance.process.kill()
        self._asker.stop()
        self._listener.stop()

    def kill_and_return(self, point=None):
        """kill -9 of one process, or of all, which is started again at once."""
        for instance in self._some():
            if point:
                self._restart_at(instance, f"{point}:{self._chance.randint(3, 25)}")
            else:
                self._wait_for_life(instance)
                self._kill(instance, "at random")
            instance.start()

    def kill_and_stay_away(self):
        """kill -9, and nothing more of the process until others answer in its place."""
        instance = self._chance.choice(self._instances)
        self._wait_for_life(instance)
        self._kill(instance, "and away")
        self._wait_for_others(instance)
        instance.start()

    def leave_and_return(self):
        """An orderly end; then as after a kill."""
        instance = self._chance.choice(self._instances)
        self._wait_for_life(instance)
        instance.signal(signal.SIGINT)
        self._expect(instance.process.wait(WAIT_SECONDS) == INTERRUPTED, instance.process.said())
        print(f"  left at {self._listener.count} replies", flush=True)
        self._wait_for_others(instance)
        instance.start()

    def freeze(self):
        """A process stands still in the middle until others answer in its place, and then goes on: what it
        still wants to commit may not count."""
        instance = self._chance.choice(self._instances)
        self._wait_for_life(instance)
        instance.signal(signal.SIGSTOP)
        print(f"  frozen at {self._listener.count} replies", flush=True)
        self._wait_for_others(instance)
        instance.signal(signal.SIGCONT)
        self._wait_for_life(instance)

    def finish(self):
        """Has everything answered. Returns what is wrong with the replies, as sentences."""
        for instance in self._instances:
            self._wait_for_life(instance)
        self._asker.stop()
        count = self._program.rows
        self._wait(lambda: self._listener.count >= count, "all requests to be answered")
        for instance in self._instances:
            instance.signal(signal.SIGINT)
            instance.process.wait(WAIT_SECONDS)
        topics = Topics.KafkaTopics(self._bootstrap)
        print(f"  {count} requests, {self.kills} kills, seed {self._seed}", flush=True)
        return (self._program.wrong_replies(topics)
                + topics.leftovers(self._service, {"SERVE_FRAUD_V2_0": [self._requests]}))

    def _some(self):
        """One of the processes as a rule, now and then all of them."""
        if self._chance.random() < 0.2:
            return self._chance.sample(self._instances, INSTANCES)
        return [self._chance.choice(self._instances)]

    def _kill(self, instance, phase):
        self._expect(instance.process.kill() == EngineProcess.KILLED, instance.process.said())
        self._count_kill(phase)

    def _restart_at(self, instance, point):
        """The process kills itself at one of its own points."""
        self._wait_for_life(instance)
        self._kill(instance, "before a point")
        instance.start(point)
        self._expect(instance.process.wait(WAIT_SECONDS) == EngineProcess.KILLED,
                     instance.process.said())
        self._count_kill(point)

    def _count_kill(self, phase):
        self.kills += 1
        print(f"  kill {self.kills:2} {phase:26} {self._listener.count:6} of {self._program.rows} "
              f"answered, seed {self._seed}", flush=True)

    def _owned(self, instance):
        """Numbers of the partitions that the group has given to a process; none while it is unsettled."""
        members = KafkaClient.group_members(self._bootstrap,
                                            f"{self._service}-SERVE_FRAUD_V2_0") or {}
        return {number for _, number in members.get(instance.id, ())}

    def _answered(self, partitions):
        return sum(self._listener.by_partition[number] for number in partitions)

    def _wait_for_life(self, instance):
        """Until a process has partitions and has committed a number of replies, drawn at random, in them."""
        owned = set()
        # What it had once stays: when it is asked for again, the group may be unsettled.
        self._wait(lambda: owned.update(self._owned(instance)) or owned,
                   "a process to have partitions", instance)
        wanted = self._answered(owned) + 1 + self._chance.randrange(LIFE_REPLIES)
        self._wait(lambda: self._answered(owned) >= wanted, "replies of a process", instance)

    def _wait_for_others(self, away):
        """Until others have all partitions and answer in each."""
        self._wait(lambda: self._settled_without(away), "others to take over")
        before = dict(self._listener.by_partition)
        self._wait(lambda: all(self._listener.by_partition[number] > before.get(number, 0)
                               for number in range(PARTITIONS)), "replies of the others")

    def _settled_without(self, away):
        others = [instance for instance in self._instances if instance is not away]
        return len(set().union(*map(self._owned, others))) == PARTITIONS

    def _wait(self, reached, what, instance=None):
        end = time.monotonic() + WAIT_SECONDS
        while not reached():
            alive = instance is None or instance.process.running
            self._expect(alive and time.monotonic() < end, f"waited for {what} in vain: "
                         + " / ".join(each.process.said() for each in self._instances if each.process))
            time.sleep(0.02)

    @staticmethod
    def _expect(holds, otherwise):
        if not holds:
            raise EngineProcess.EngineError(otherwise)
