# SPDX-License-Identifier: Apache-2.0
"""A model changes over and over under load, served or scored by a query: every row has one score, by a version
that was in force, and the delay that a change adds is printed. On Kafka all is read once more from the first offsets:
the same bytes come out again.

The long form (AUSPEX_FULL=1) changes 100 times in each way on each broker, the short one a few times.
"""
import collections
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fixtures"))
import EngineProcess  # noqa: E402  (found by the line above, as the next ones)
import KafkaClient  # noqa: E402
import KafkaFixture  # noqa: E402
import ScoringProgram  # noqa: E402
import Topics  # noqa: E402
import suiteMain  # noqa: E402
import xgboost  # noqa: E402

import generate  # noqa: E402  (found by ScoringProgram)
import train  # noqa: E402

FULL = os.environ.get("AUSPEX_FULL") == "1"
SEED = int(os.environ.get("AUSPEX_SEED") or random.SystemRandom().randrange(1_000_000))
SWAPS = 100 if FULL else 6
ROUNDS_OF_FIRST = 20  # version 2 is version 1 after so many rounds
ROWS_AT_A_TIME = 20
SECONDS_BETWEEN_ROWS = 0.01
SECONDS_BETWEEN_SWAPS = 0.5
WAIT_SECONDS = 120
INTERRUPTED = 130
# A reply that comes so soon after a change may have waited for it.
NEAR_SECONDS = 0.1

SOURCE = """
CREATE SOURCE CONNECTOR requests_file WITH ('connector.class'='file', 'path'='requests.ndjson',
  'topic'='{name}-requests', 'key'='id', 'partitions'='2', 'follow'='true');
CREATE MODEL fraud WITH (URI='fraud_v2.ubj');
ALTER MODEL fraud ADD VERSION WITH (URI='fraud_v2.ubj', ITERATIONS='{rounds}');
"""
SERVED = """
SERVE MODEL fraud WITH (REQUEST_TOPIC='{name}-requests', REPLY_TOPIC='{name}-replies', PARTITIONS=2);
"""
QUERIED = """
CREATE STREAM requests (key VARCHAR KEY, id VARCHAR, amount DOUBLE, country VARCHAR, category VARCHAR, card_age INT,
  hour INT, n_1h INT) WITH (KAFKA_TOPIC='{name}-requests', VALUE_FORMAT='JSON');
CREATE STREAM replies WITH (KAFKA_TOPIC='{name}-replies') AS
  SELECT key, id AS `id`, PREDICT('fraud', *) AS `score`, MODEL_VERSION('fraud', *) AS `version` FROM requests;
"""


class Load:
    """Appends requests to a file until it is stopped, and notes when."""

    def __init__(self, path):
        self._path = path
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self.payments = []
        self.sent = {}  # id -> when
        self._thread.start()

    def _write(self):
        source = (payment for payment, _ in generate.payments(10_000_000, SEED))
        with open(self._path, "a") as file:
            while not self._stopped.wait(SECONDS_BETWEEN_ROWS):
                some = list(itertools.islice(source, ROWS_AT_A_TIME))
                file.writelines(json.dumps(payment) + "\n" for payment in some)
                file.flush()
                self.payments += some
                self.sent.update((payment["id"], time.monotonic()) for payment in some)

    def stop(self):
        self._stopped.set()
        self._thread.join()


class Arrivals:
    """When each reply was seen by a reader of the topic, until it is stopped."""

    def __init__(self, folder, topic, arguments):
        self._process = subprocess.Popen(
            [EngineProcess.binary(), "topics", "print", topic, "--follow", *arguments], cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.seen = {}  # id -> when
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        for line in self._process.stdout:
            self.seen[json.loads(line)["value"]["id"]] = time.monotonic()

    def stop(self):
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
        self._thread.join()
        self._process.stdout.close()


class SwapTest(unittest.TestCase):
    """What both brokers are put through; the sub-classes say which broker."""

    def topics(self, folder):
        raise NotImplementedError

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="auspex-swaps-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.name = KafkaClient.unique_name("swap")
        self.arguments = ["--data-dir", "data", *self.topics(self.folder).arguments]
        (self.folder / "requests.ndjson").touch()
        shutil.copy(ScoringProgram.EXAMPLE / "fraud_v2.ubj", self.folder)

    def shell(self, statement):
        """Has the running engine execute a statement; what it answers."""
        done = subprocess.run([EngineProcess.binary(), "shell", "--data-dir", "data", "-e",
                               statement], cwd=self.folder, capture_output=True, text=True,
                              timeout=WAIT_SECONDS)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def records(self):
        return self.topics(self.folder).records(f"{self.name}-replies")

    def start(self):
        (self.folder / "data" / "shell.sock").unlink(missing_ok=True)
        engine = EngineProcess.EngineProcess(
            ["run", "program.sql", "--service-id", self.name, "--until", "stopped",
             "--set", "commit.interval.ms=20", *self.arguments], self.folder)
        self.addCleanup(engine.kill)
        self.wait_for_engine()
        return engine

    def stop(self, engine):
        os.kill(engine.pid, signal.SIGINT)
        self.assertEqual(engine.wait(WAIT_SECONDS), INTERRUPTED, engine.said())

    def test_served_model(self):
        self.swap_under_load(SERVED, "SERVE_FRAUD_0")

    def test_query(self):
        self.swap_under_load(QUERIED, "CSAS_REPLIES_0")

    def swap_under_load(self, scoring, query):
        (self.folder / "program.sql").write_text(
            (SOURCE + scoring).format(name=self.name, rounds=ROUNDS_OF_FIRST))
        engine = self.start()
        arrivals = Arrivals(self.folder, f"{self.name}-replies", self.arguments)
        self.addCleanup(arrivals.stop)
        load = Load(self.folder / "requests.ndjson")
        self.addCleanup(load.stop)
        swapped = [self.swap(2 - number % 2) for number in range(SWAPS)]
        load.stop()
        self.wait_for(lambda: len(self.records()) >= len(load.payments),
                      f"{len(load.payments)} replies")
        arrivals.stop()
        self.stop(engine)
        self.check(load.payments, [json.loads(record.value) for record in self.records()])
        self.tell_delays(query, load.sent, arrivals.seen, swapped)
        self.replay(query, len(load.payments))

    def replay(self, query, count):
        """Nothing where offsets cannot be set from outside."""

    def swap(self, version):
        """When it was done."""
        time.sleep(SECONDS_BETWEEN_SWAPS)
        self.shell(f"ALTER MODEL fraud SET ALIAS default = {version};")
        return time.monotonic()

    def tell_delays(self, query, sent, seen, swapped):
        near, far = [], []
        for request, at in seen.items():
            is_near = any(abs(at - swap) < NEAR_SECONDS for swap in swapped)
            (near if is_near else far).append(1000 * (at - sent[request]))
        self.assertGreater(len(near), 0)
        shown = [f"{len(some)} replies in {statistics.median(some):.0f} ms "
                 f"(99 %: {sorted(some)[len(some) * 99 // 100]:.0f}, largest {max(some):.0f})"
                 for some in (near, far)]
        print(f"{type(self).__name__} {query}: {SWAPS} swaps; within {NEAR_SECONDS} s of one {shown[0]}, "
              f"else {shown[1]}; seed {SEED}", flush=True)

    def wait_for_engine(self):
        self.wait_for((self.folder / "data" / "shell.sock").exists, "the engine")

    def wait_for(self, reached, what):
        end = time.monotonic() + WAIT_SECONDS
        while not reached():
            self.assertLess(time.monotonic(), end, f"waited for {what} in vain")
            time.sleep(0.05)

    def check(self, payments, replies):
        count = collections.Counter(reply["id"] for reply in replies)
        self.assertEqual(len(replies), len(payments))
        self.assertEqual(set(count), {payment["id"] for payment in payments})
        versions = collections.Counter(reply["version"] for reply in replies)
        self.assertEqual(set(versions), {1, 2})
        scores = {1: self.scores(payments, None), 2: self.scores(payments, ROUNDS_OF_FIRST)}
        wrong = [reply for reply in replies
                 if not abs(reply["score"] - scores[reply["version"]][reply["id"]])
                 <= ScoringProgram.TOLERANCE]
        self.assertEqual(wrong[:3], [])

    @staticmethod
    def scores(payments, rounds):
        matrix = xgboost.DMatrix(train.features(payments), enable_categorical=True, nthread=1)
        model = xgboost.Booster(model_file=ScoringProgram.EXAMPLE / "fraud_v2.ubj")
        scores = model.predict(matrix, iteration_range=(0, rounds or 0))
        return {payment["id"]: float(score) for payment, score in zip(payments, scores)}


class EmbeddedSwapTest(SwapTest):
    """On the embedded broker."""

    def topics(self, folder):
        return Topics.LocalTopics(folder / "data")


class KafkaSwapTest(SwapTest):
    """On a real Kafka broker."""

    @classmethod
    def setUpClass(cls):
        cls.kafka = KafkaFixture.KafkaFixture()
        cls.kafka.start()
        cls.addClassCleanup(cls.kafka.stop)

    def topics(self, folder):
        return Topics.KafkaTopics(self.kafka.bootstrap)

    def replay(self, query, count):
        """Everything is scored once more, by the versions that scored it first."""
        group = f"{self.name}-{query}"
        offsets = KafkaClient.committed_offsets(self.kafka.bootstrap, group,
                                                f"{self.name}-requests")
        KafkaClient.set_offsets(self.kafka.bootstrap, group, f"{self.name}-requests",
                                dict.fromkeys(offsets, 0))
        engine = self.start()
        self.wait_for(lambda: len(self.records()) >= 2 * count, "the replay")
        self.stop(engine)
        records = self.records()
        self.assertEqual(len(records), 2 * count)
        for partition in range(2):
            of_partition = [(record.key, record.value, record.headers, record.timestamp)
                            for record in records if record.partition == partition]
            half = len(of_partition) // 2
            self.assertEqual(of_partition[:half], of_partition[half:])
        print(f"{type(self).__name__} {query}: {count} records twice, byte for byte", flush=True)


del SwapTest  # abstract: not to be loaded as a test of its own

if __name__ == "__main__":
    suiteMain.main()
