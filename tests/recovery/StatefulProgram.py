# SPDX-License-Identifier: Apache-2.0
"""Orders from a growing file: counted and summed by product over a repartition, and joined with
a table of regions that changes meanwhile."""
import bisect
import collections
import itertools
import json
import pathlib
import random
import time

import ProgramChecks

CUSTOMERS = 60
PRODUCTS = 45

SQL = """
CREATE SOURCE CONNECTOR regions_file WITH ('connector.class'='file', 'path'='regions.ndjson',
  'topic'='{name}-regions', 'key'='customer', 'timestamp'='at', 'partitions'='3');
CREATE SOURCE CONNECTOR orders_file WITH ('connector.class'='file', 'path'='orders.ndjson',
  'topic'='{name}-orders', 'key'='customer', 'timestamp'='at', 'partitions'='3');
CREATE TABLE regions (customer VARCHAR PRIMARY KEY, region VARCHAR)
  WITH (KAFKA_TOPIC='{name}-regions', VALUE_FORMAT='JSON');
CREATE STREAM orders (customer VARCHAR KEY, id BIGINT, product VARCHAR, amount BIGINT)
  WITH (KAFKA_TOPIC='{name}-orders', VALUE_FORMAT='JSON');
CREATE STREAM placed WITH (KAFKA_TOPIC='{name}-placed') AS
  SELECT o.customer AS customer, id, amount, region
  FROM orders o LEFT JOIN regions r ON o.customer = r.customer EMIT CHANGES;
CREATE TABLE totals WITH (KAFKA_TOPIC='{name}-totals') AS
  SELECT product, COUNT(*) AS n, SUM(amount) AS total FROM orders GROUP BY product EMIT CHANGES;
CREATE SINK CONNECTOR placed_file WITH ('connector.class'='file', 'topic'='{name}-placed',
  'path'='placed.ndjson', 'format'='ndjson');
CREATE SINK CONNECTOR totals_file WITH ('connector.class'='file', 'topic'='{name}-totals',
  'path'='totals.csv', 'format'='csv');
SELECT product, n, total FROM totals;
"""


class StatefulProgram:
    """Its files lie in folder; its topics begin with name."""

    def __init__(self, folder, name, seed):
        self.folder = pathlib.Path(folder)
        self.topic = f"{name}-totals"
        self._placed = f"{name}-placed"
        self.inputs = {"CSAS_PLACED_0": [f"{name}-orders", f"{name}-regions"],
                       "CTAS_TOTALS_0": [f"{name}-orders"],
                       "connector-PLACED_FILE": [self._placed],
                       "connector-TOTALS_FILE": [self.topic]}
        self.sinks = ["placed.ndjson", "totals.csv"]
        self._chance = random.Random(seed)
        # Near the broker's clock: Kafka begins a segment when a commit's control record is days
        # later than the records, and compacts the finished one, and all totals are looked at here.
        self._time = int(time.time() * 1000)
        self._orders = []
        self._regions = collections.defaultdict(list)  # customer -> [(time, region)]
        self.file = self.folder / "program.sql"
        self.file.write_text(SQL.format(name=name))

    @property
    def rows(self):
        """Records that the main output topic holds when all is done."""
        return len(self._orders)

    def grow(self, count):
        """Adds so many orders to the input, and a change of a region for every tenth."""
        orders, regions = [], []
        for _ in range(count):
            self._time += 10
            customer = f"c{self._chance.randrange(CUSTOMERS)}"
            if self._chance.random() < 0.1:
                region = f"r{self._chance.randrange(1000)}"
                regions.append({"customer": customer, "at": str(self._time - 5), "region": region})
                self._regions[customer].append((self._time - 5, region))
                customer = f"c{self._chance.randrange(CUSTOMERS)}"
            orders.append({"customer": customer, "at": str(self._time),
                           "id": len(self._orders) + len(orders),
                           "product": f"p{self._chance.randrange(PRODUCTS)}",
                           "amount": self._chance.randint(1, 1_000_000)})
        self._orders += orders
        for name, rows in (("regions", regions), ("orders", orders)):
            with open(self.folder / f"{name}.ndjson", "a") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)

    def problems(self, topics, printed):
        """What is wrong with the outputs of a run that has ended, as sentences."""
        placed = [(record.key.decode(), *_fields(record, "ID", "AMOUNT", "REGION"))
                  for record in topics.records(self._placed)]
        totals = [(record.key.decode(), *_fields(record, "N", "TOTAL"))
                  for record in topics.records(self.topic)]
        wrong = self._wrong_joins(placed) + self._wrong_totals(totals) + self._wrong_table(printed)
        with open(self.folder / "placed.ndjson") as file:
            written = [(row["CUSTOMER"], row["ID"], row["AMOUNT"], row["REGION"])
                       for row in map(json.loads, file)]
        wrong += ProgramChecks.differences("placed.ndjson", placed, written)
        with open(self.folder / "totals.csv") as file:
            cells = [line.rstrip("\n").split(",") for line in file]
        if cells.pop(0) != ["PRODUCT", "N", "TOTAL"]:
            wrong.append("totals.csv has no header")
        written = [(product.strip('"'), int(n), int(total)) for product, n, total in cells]
        return wrong + ProgramChecks.differences("totals.csv", totals, written)

    def _region(self, customer, time):
        """The customer's region as of a time; None before the first."""
        known = self._regions[customer]
        place = bisect.bisect_right(known, (time, "~"))
        return known[place - 1][1] if place else None

    def _wrong_joins(self, placed):
        expected = [(order["customer"], order["id"], order["amount"],
                     self._region(order["customer"], int(order["at"]))) for order in self._orders]
        return ProgramChecks.differences("placed", expected, placed)

    def _wrong_totals(self, totals):
        """Each order moves its product's count by one and its sum by the order's amount."""
        expected = collections.defaultdict(collections.Counter)
        for order in self._orders:
            expected[order["product"]][order["amount"]] += 1
        rows = collections.defaultdict(list)
        for product, n, total in totals:
            rows[product].append((n, total))
        wrong = []
        for product in expected.keys() | rows.keys():
            counts = [n for n, _ in rows[product]]
            sums = [0] + [total for _, total in rows[product]]
            if counts != list(range(1, expected[product].total() + 1)):
                wrong.append(f"totals of {product}: {_run(counts)} instead of 1 to "
                             f"{expected[product].total()}")
            steps = collections.Counter(after - before for before, after in itertools.pairwise(sums))
            if steps != expected[product]:
                wrong.append(f"totals of {product}: {len((steps - expected[product]))} steps that "
                             f"are no order's amount")
        return wrong

    def _wrong_table(self, printed):
        expected = collections.defaultdict(lambda: [0, 0])
        for order in self._orders:
            expected[order["product"]][0] += 1
            expected[order["product"]][1] += order["amount"]
        found = {row["PRODUCT"]: [row["N"], row["TOTAL"]]
                 for row in map(json.loads, printed.splitlines())}
        return [] if found == expected else [
            f"the table is {found} instead of {dict(expected)}"]


def _fields(record, *names):
    value = json.loads(record.value)
    return [value[name] for name in names]


def _run(counts):
    breaks = [f"{before}, {after}" for before, after in itertools.pairwise(counts)
              if after != before + 1]
    return f"{len(counts)} rows" + (f" with .. {breaks[0]} .. in {len(breaks)} places"
                                    if breaks else "")
