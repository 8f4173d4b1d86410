# SPDX-License-Identifier: Apache-2.0
"""All 336,776 departures through `auspex run`, on both brokers, against XGBoost's own predictions.

The long form (AUSPEX_FULL=1) also sends more than two million records through, in bounded memory.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
sys.path.insert(0, str(FIXTURES))
import EngineProcess  # noqa: E402  (found by the line above, as the next ones)
import KafkaClient  # noqa: E402
import KafkaFixture  # noqa: E402
import flights_compare  # noqa: E402
import suiteMain  # noqa: E402
import Topics  # noqa: E402

FULL = os.environ.get("AUSPEX_FULL") == "1"
FLIGHTS = 336_776
PEAK_BYTES = 300 << 20
COPIES = 6  # of all flights: 2,020,656 records
RUN_SECONDS = 900

SELECT = "\nSELECT flight_id, risk FROM scored LIMIT 25;\n"


class FlightsTest(unittest.TestCase):
    """What both brokers are put through; the sub-classes say which broker."""

    @classmethod
    def setUpClass(cls):
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix="auspex-flights-"))
        cls.addClassCleanup(shutil.rmtree, cls.base)
        # In a process of its own: what it needs of memory is not to be seen here.
        subprocess.run([sys.executable, FIXTURES / "flights_full.py", cls.base], check=True)
        cls.expected = flights_compare.expectations(cls.base / "expected.csv")

    def arguments(self):
        raise NotImplementedError

    def topic_scores(self, folder):
        """(flight, risk) of each record of SCORED."""
        raise NotImplementedError

    def folder(self, name):
        """One for a program of its own, with all flights in flights.csv."""
        folder = self.base / name
        folder.mkdir()
        for file in ("flights.csv", "late_arrival.ubj"):
            os.link(self.base / file, folder / file)
        (folder / "flights.sql").write_text((self.base / "flights.sql").read_text() + SELECT)
        return folder

    def run_program(self, folder, service):
        process = EngineProcess.run(
            ["run", "flights.sql", "--data-dir", "data", "--service-id", service, "--output",
             "json", *self.arguments()], folder, RUN_SECONDS)
        print(f"{type(self).__name__}: at most {process.peak_bytes / (1 << 20):.0f} MiB in use",
              flush=True)
        self.assertGreater(process.peak_bytes, 1 << 20)
        self.assertLess(process.peak_bytes, PEAK_BYTES)
        return process.printed()

    def test_every_flight_is_scored_once_as_xgboost_does(self):
        folder = self.folder("all")
        self.assertEqual(len(self.expected), FLIGHTS)
        printed = self.run_program(folder, "flights-all")
        scores = self.topic_scores(folder)
        self.assertEqual(len(scores), FLIGHTS)
        self.assertEqual(flights_compare.compare(self.expected, scores), [])
        written = list(flights_compare.scores_of_file(folder / "scored.ndjson"))
        self.assertEqual(len(written), FLIGHTS)
        self.assertEqual(sorted(written), sorted(scores))
        rows = [json.loads(line) for line in printed.splitlines()]
        self.assertEqual(len(rows), 25)
        self.assertEqual(flights_compare.compare(
            {row["FLIGHT_ID"]: self.expected[row["FLIGHT_ID"]] for row in rows},
            [(row["FLIGHT_ID"], row["RISK"]) for row in rows]), [])

        with self.subTest("a second run prints the same and adds nothing"):
            size = (folder / "scored.ndjson").stat().st_size
            self.assertEqual(self.run_program(folder, "flights-all"), printed)
            self.assertEqual((folder / "scored.ndjson").stat().st_size, size)
            self.assertEqual(len(self.topic_scores(folder)), FLIGHTS)

    def two_millions(self):
        """Memory does not grow with the input."""
        folder = self.folder("many")
        self.multiply(folder / "flights.csv")
        program = (folder / "flights.sql").read_text()
        for topic in ("'flights'", "'SCORED'"):
            program = program.replace(topic, topic[:-1] + "-many'")
        program = program.replace("STREAM scored AS", "STREAM scored WITH "
                                  "(KAFKA_TOPIC='SCORED-many') AS")
        (folder / "flights.sql").write_text(program)
        self.run_program(folder, "flights-many")
        with open(folder / "scored.ndjson") as file:
            ids = {flight for line in file for flight in [json.loads(line)["FLIGHT_ID"]]}
        self.assertEqual(len(ids), COPIES * FLIGHTS)

    def multiply(self, path):
        """COPIES of each flight, with ids of their own."""
        header, *lines = path.read_text().splitlines(keepends=True)
        path.unlink()  # a link: the original stays
        with open(path, "w") as file:
            file.write(header)
            for copy in range(COPIES):
                file.writelines(f"{copy}-{line}" for line in lines)


class EmbeddedFlightsTest(FlightsTest):
    """On the embedded broker."""

    def arguments(self):
        return ()

    def topic_scores(self, folder):
        return _scores(Topics.LocalTopics(folder / "data").records("SCORED"))


class KafkaFlightsTest(FlightsTest):
    """On a real Kafka broker, read back by confluent-kafka."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kafka = KafkaFixture.KafkaFixture()
        cls.kafka.start()
        cls.addClassCleanup(cls.kafka.stop)

    def arguments(self):
        return ("--bootstrap-server", self.kafka.bootstrap)

    def topic_scores(self, folder):
        return _scores(KafkaClient.consume_all(self.kafka.bootstrap, "SCORED", timeout=300))


def _scores(records):
    return [(record.key.decode(), flights_compare.field(json.loads(record.value), "RISK"))
            for record in records]


if FULL:
    FlightsTest.test_two_millions = FlightsTest.two_millions
del FlightsTest  # abstract: not to be loaded as a test of its own

if __name__ == "__main__":
    suiteMain.main()
