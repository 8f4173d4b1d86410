# SPDX-License-Identifier: Apache-2.0
"""kill -9 in the middle: every output exactly once, and state that equals an offline computation.

The long form (AUSPEX_FULL=1) kills 20 times at random and twice at every point of the engine, for
each program on each broker, and each time once more during the start after that; where a
model has a server, that is killed 50 times besides, between the first commit and the last. The
short one takes a seeded slice. AUSPEX_SEED repeats the draws of a run, AUSPEX_KEEP=1 keeps its files.
"""
import functools
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fixtures"))
import Campaign  # noqa: E402  (found by the line above, as the next ones)
import KafkaClient  # noqa: E402
import KafkaFixture  # noqa: E402
import LoopProgram  # noqa: E402
import PairProgram  # noqa: E402
import ScoringProgram  # noqa: E402
import ServedProgram  # noqa: E402
import ServingProgram  # noqa: E402
import SharedProgram  # noqa: E402
import StatefulProgram  # noqa: E402
import suiteMain  # noqa: E402
import TopicProgram  # noqa: E402
import Topics  # noqa: E402
import WindowedProgram  # noqa: E402

FULL = os.environ.get("AUSPEX_FULL") == "1"
SEED = int(os.environ.get("AUSPEX_SEED") or random.SystemRandom().randrange(1_000_000))
PROGRAMS = {"scoring": ScoringProgram.ScoringProgram, "stateful": StatefulProgram.StatefulProgram,
            "windowed": WindowedProgram.WindowedProgram, "served": ServedProgram.ServedProgram,
            "serving": ServingProgram.ServingProgram, "loop": LoopProgram.LoopProgram}
STATEFUL = ("stateful", "windowed")
TOPIC_POINTS = ("commit.begin", "commit.committed")
PAIR_POINTS = ("commit.committed", "commit.begin", "commit.offsetsSent")
SHARED_POINTS = Campaign.POINTS[:6]  # without those of files
THIRDS = ("scoring", "stateful", "windowed")
# Of each deployment that has one, at least, in the long form; the engine dies as often.
SERVER_KILLS = 50
BROKEN = ("--set", "auspex.test.commit.order=broken")
# Between the commit of the outputs and that of the offsets, when the order is broken.
BROKEN_POINT = "commit.committed"
BROKEN_KILLS = 3


class KillTest(unittest.TestCase):
    """What both brokers are put through; the sub-classes say which broker."""

    def topics(self, folder):
        raise NotImplementedError

    def points(self, program):
        raise NotImplementedError

    def make(self, program, folder, name):
        return PROGRAMS[program](folder, name, SEED)

    def campaign(self, program, settings=()):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="auspex-kills-"))
        self.addCleanup(self.remove, folder)
        name = KafkaClient.unique_name(program)
        print(f"{type(self).__name__} {program} {' '.join(settings)}", flush=True)
        made = self.make(program, folder, name)
        if hasattr(made, "close"):
            self.addCleanup(made.close)
        return Campaign.Campaign(made, self.topics(folder), name, SEED, settings)

    def remove(self, folder):
        """AUSPEX_KEEP=1 keeps programs, data and messages for whoever looks into them."""
        if not os.environ.get("AUSPEX_KEEP"):
            shutil.rmtree(folder)

    def survive(self, program, random_kills):
        campaign = self.campaign(program)
        began = time.monotonic()
        campaign.kill_at_random()  # from nothing: the first commits are on their way
        served = campaign.program
        served.server_kills = 0  # those between the first commit and the last count
        points = list(self.points(program)) * (2 if FULL else 1)
        kills = points + [None] * (random_kills - 1)
        random.Random(SEED).shuffle(kills)
        for point in kills:
            if point:
                campaign.kill_at(point)
            else:
                campaign.kill_at_random()
            if FULL or point == points[0]:
                campaign.kill_while_starting()
        wanted = SERVER_KILLS if FULL and isinstance(served, ServedProgram.ServedProgram) else 0
        while served.server_kills < wanted:
            campaign.kill_at_random()
        self.assertEqual(campaign.finish(), [])
        self.assertGreater(campaign.kills, len(kills) + 1)
        print(f"  {campaign.kills} kills of the engine and {served.server_kills} of its server in "
              f"{time.monotonic() - began:.0f} s", flush=True)
        if program in STATEFUL:
            campaign.lose_state()
            self.assertEqual(campaign.finish(), [])

    def break_order(self, program):
        """The same check must see what a wrong order of the commit does."""
        campaign = self.campaign(program, BROKEN)
        try:
            # Already here: a kill before the first commit of the rows is tried again, and the next
            # start may find what it left.
            campaign.kill_at_random()
            for _ in range(BROKEN_KILLS):
                campaign.kill_at(BROKEN_POINT)
            problems = campaign.finish()
        except Campaign.EngineProcess.EngineError as error:
            # The engine itself may see that state and input disagree.
            self.assertIn("state and input disagree", str(error))
            problems = [str(error)]
        print(f"  seen: {problems[:1]}")
        self.assertNotEqual(problems, [])


class EmbeddedKillTest(KillTest):
    """On the embedded broker."""

    def topics(self, folder):
        return Topics.LocalTopics(folder / "data")

    def points(self, program):
        return TOPIC_POINTS if program == "loop" and not FULL else Campaign.POINTS

    def test_scoring(self):
        self.survive("scoring", 20 if FULL else 4)

    def test_stateful(self):
        self.survive("stateful", 20 if FULL else 4)

    def test_windowed(self):
        self.survive("windowed", 20 if FULL else 4)

    def test_served(self):
        """The model's server is killed as well, and requests are under way at each kill."""
        self.survive("served", 20 if FULL else 3)

    def test_topics(self):
        """Client and server of a model behind topics in one engine; the run ends by itself."""
        self.survive("loop", 20 if FULL else 2)

    def test_serving(self):
        """Requests are answered exactly once, those in error too."""
        self.survive("serving", 40 if FULL else 3)

    def test_broken_order_is_seen_on_scoring(self):
        self.break_order("scoring")

    def test_broken_order_is_seen_on_stateful(self):
        self.break_order("stateful")


class KafkaKillTest(KillTest):
    """On a real Kafka broker."""

    @classmethod
    def setUpClass(cls):
        cls.kafka = KafkaFixture.KafkaFixture()
        cls.kafka.start()
        cls.addClassCleanup(cls.kafka.stop)

    def topics(self, folder):
        return Topics.KafkaTopics(self.kafka.bootstrap)

    def make(self, program, folder, name):
        if program.startswith("pair-"):
            return PairProgram.PairProgram(folder, name, SEED, self.kafka.bootstrap,
                                           program.removeprefix("pair-"))
        if program == "topics":
            return TopicProgram.TopicProgram(folder, name, SEED, self.kafka.bootstrap)
        return super().make(program, folder, name)

    def points(self, program):
        """In the short form each program takes a third of the points."""
        if program.startswith("pair-"):
            return PAIR_POINTS if FULL else PAIR_POINTS[:1]
        if program == "topics":
            return Campaign.POINTS if FULL else TOPIC_POINTS
        third = THIRDS.index(program) if program in THIRDS else 0
        return Campaign.POINTS if FULL else Campaign.POINTS[third::len(THIRDS)]

    def test_scoring(self):
        self.survive("scoring", 20 if FULL else 3)

    def test_stateful(self):
        self.survive("stateful", 20 if FULL else 3)

    def test_windowed(self):
        self.survive("windowed", 20 if FULL else 3)

    def test_topics(self):
        """The model is behind topics, its server is killed as well, and answers twice at times."""
        self.survive("topics", 20 if FULL else 2)

    def test_pair_mlserver(self):
        """The model's server is another engine; both are killed all the time."""
        self.survive("pair-MLSERVER", 20 if FULL else 1)

    def test_pair_seldon(self):
        self.survive("pair-SELDON", 12 if FULL else 1)

    def test_pair_json(self):
        self.survive("pair-JSON", 12 if FULL else 1)

    def test_shared(self):
        """Two processes share the requests to a served model; each of them dies, freezes, goes and comes."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="auspex-kills-"))
        self.addCleanup(self.remove, folder)
        print(f"{type(self).__name__} shared", flush=True)
        shared = SharedProgram.SharedProgram(folder, KafkaClient.unique_name("shared"), SEED,
                                             self.kafka.bootstrap)
        self.addCleanup(shared.close)
        shared.start()
        steps = [shared.kill_and_return, shared.kill_and_stay_away, shared.freeze]
        steps += [functools.partial(shared.kill_and_return, point)
                  for point in (SHARED_POINTS if FULL else SHARED_POINTS[3:4])]
        if FULL:
            steps = 4 * steps + 8 * [shared.kill_and_return] + 2 * [shared.leave_and_return]
        random.Random(SEED).shuffle(steps)
        for step in steps:
            step()
        self.assertEqual(shared.finish(), [])

    def test_broken_order_is_seen_on_scoring(self):
        self.break_order("scoring")

    def test_broken_order_is_seen_on_stateful(self):
        self.break_order("stateful")

    if FULL:
        def test_serving(self):
            self.survive("serving", 20)

    def test_an_open_transaction_is_seen(self):
        """The check itself: a transaction that nobody ends, and a group that has read nothing."""
        topic = KafkaClient.create_topic(self.kafka.bootstrap, KafkaClient.unique_name("open"))
        topics = Topics.KafkaTopics(self.kafka.bootstrap)
        KafkaClient.produce(self.kafka.bootstrap, topic, [("k", "v")])
        producer = KafkaClient.producer(self.kafka.bootstrap, KafkaClient.unique_name("writer"))
        producer.begin_transaction()
        KafkaClient.send(producer, topic, [("k", "w")])
        problems = " ".join(topics.leftovers("nobody", {"reads": [topic]}))
        self.assertIn("a transaction is open", problems)
        self.assertIn("stands at None", problems)
        producer.abort_transaction(KafkaClient.TIMEOUT_SECONDS)
        self.assertEqual(topics.leftovers("nobody", {}), [])


del KillTest  # abstract: not to be loaded as a test of its own
print(f"seed {SEED}", flush=True)

if __name__ == "__main__":
    suiteMain.main()
