# SPDX-License-Identifier: Apache-2.0
"""Orders and payments, some of them late: windows of all kinds, groups that leave, distinct rows, a join within
a time, a foreign key.

What is right is computed from the input topics alone, row by row as the dialect has it: each
partition is read in order, the inputs of a join by the earlier timestamp first.
"""
import collections
import json
import pathlib
import random
import struct
import time

import ProgramChecks

CUSTOMERS = 60
PRODUCTS = 20
LATE_PART = 0.05
HOP, SIZE, HOP_GRACE = 1000, 2000, 500
GAP = 400
WITHIN, JOIN_GRACE = 300, 200
TTL = 700

SQL = """
SET 'auspex.end.flush'='false';
CREATE SOURCE CONNECTOR prices_file WITH ('connector.class'='file', 'path'='prices.ndjson',
  'topic'='{name}-prices', 'key'='product', 'timestamp'='at', 'partitions'='2');
CREATE SOURCE CONNECTOR orders_file WITH ('connector.class'='file', 'path'='orders.ndjson',
  'topic'='{name}-orders', 'key'='customer', 'timestamp'='at', 'partitions'='3');
CREATE SOURCE CONNECTOR payments_file WITH ('connector.class'='file', 'path'='payments.ndjson',
  'topic'='{name}-payments', 'key'='customer', 'timestamp'='at', 'partitions'='3');
CREATE TABLE prices (product VARCHAR PRIMARY KEY, price BIGINT)
  WITH (KAFKA_TOPIC='{name}-prices', VALUE_FORMAT='JSON');
CREATE STREAM orders (customer VARCHAR KEY, id BIGINT, product VARCHAR, amount BIGINT)
  WITH (KAFKA_TOPIC='{name}-orders', VALUE_FORMAT='JSON');
CREATE STREAM payments (customer VARCHAR KEY, id BIGINT)
  WITH (KAFKA_TOPIC='{name}-payments', VALUE_FORMAT='JSON');
CREATE TABLE ticks WITH (KAFKA_TOPIC='{name}-ticks') AS
  SELECT customer, AS_VALUE(customer) AS who, COUNT(*) AS n, SUM(amount) AS total
  FROM orders WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY customer EMIT CHANGES;
CREATE TABLE finals WITH (KAFKA_TOPIC='{name}-finals') AS
  SELECT customer, COUNT(*) AS n FROM orders
  WINDOW HOPPING (SIZE {SIZE} MILLISECONDS, ADVANCE BY {HOP} MILLISECONDS, GRACE PERIOD {HOP_GRACE} MILLISECONDS)
  GROUP BY customer EMIT FINAL;
CREATE TABLE visits WITH (KAFKA_TOPIC='{name}-visits') AS
  SELECT customer, COUNT(*) AS n FROM orders WINDOW SESSION ({GAP} MILLISECONDS) GROUP BY customer EMIT CHANGES;
CREATE TABLE recent WITH (KAFKA_TOPIC='{name}-recent', TTL='{TTL} MILLISECONDS') AS
  SELECT customer, COUNT(*) AS n FROM orders GROUP BY customer EMIT CHANGES;
CREATE STREAM firsts WITH (KAFKA_TOPIC='{name}-firsts') AS SELECT DISTINCT customer, product FROM orders EMIT CHANGES;
CREATE STREAM paid WITH (KAFKA_TOPIC='{name}-paid') AS
  SELECT o.customer AS customer, o.id AS id, p.id AS payment
  FROM orders o LEFT JOIN payments p WITHIN {WITHIN} MILLISECONDS GRACE PERIOD {JOIN_GRACE} MILLISECONDS
  ON o.customer = p.customer EMIT CHANGES;
CREATE TABLE bought WITH (KAFKA_TOPIC='{name}-bought') AS
  SELECT customer, LATEST_BY_OFFSET(product) AS product FROM orders GROUP BY customer EMIT CHANGES;
CREATE TABLE owed WITH (KAFKA_TOPIC='{name}-owed') AS
  SELECT b.customer AS customer, b.product AS product, price
  FROM bought b LEFT JOIN prices p ON b.product = p.product EMIT CHANGES;
CREATE SINK CONNECTOR ticks_file WITH ('connector.class'='file', 'topic'='{name}-ticks',
  'path'='ticks.ndjson', 'format'='ndjson');
"""

Row = collections.namedtuple("Row", "partition offset time key value")


class WindowedProgram:
    """Its files lie in folder; its topics begin with name."""

    def __init__(self, folder, name, seed):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.topic = f"{name}-ticks"
        orders, payments = f"{name}-orders", f"{name}-payments"
        self.inputs = {"CTAS_TICKS_0": [orders], "CTAS_FINALS_0": [orders], "CTAS_VISITS_0": [orders],
                       "CTAS_RECENT_0": [orders], "CSAS_FIRSTS_0": [orders],
                       "CSAS_PAID_0": [orders, payments], "CTAS_BOUGHT_0": [orders],
                       "CTAS_OWED_0": [f"{name}-bought", f"{name}-prices"],
                       "connector-TICKS_FILE": [self.topic]}
        self.sinks = ["ticks.ndjson"]
        self._chance = random.Random(seed)
        # Near the broker's clock, as in StatefulProgram.
        self._time = int(time.time() * 1000)
        self._written = collections.defaultdict(list)  # file -> rows
        self.file = self.folder / "program.sql"
        self.file.write_text(SQL.format(name=name, **globals()))

    @property
    def rows(self):
        """Records that the main output topic holds when all is done."""
        return len(self._written["orders"])

    def grow(self, count):
        """Adds so many orders, payments for half of them, and a price for every tenth.

        All of them later than what is there: a run may have read that to its end, all of both
        inputs of the join, before the next rows were written.
        """
        self._time += 3 * SIZE + 5 * WITHIN
        new = {"orders": [], "payments": [], "prices": []}
        for _ in range(count):
            self._time += 10
            customer = f"c{self._chance.randrange(CUSTOMERS)}"
            late = self._chance.randrange(3 * SIZE) if self._chance.random() < LATE_PART else 0
            new["orders"].append({"customer": customer, "at": str(self._time - late),
                                  "id": len(self._written["orders"]) + len(new["orders"]),
                                  "product": f"p{self._chance.randrange(PRODUCTS)}",
                                  "amount": self._chance.randint(1, 1_000_000)})
            if self._chance.random() < 0.5:
                at = self._time - late + self._chance.randrange(-2 * WITHIN, 2 * WITHIN)
                new["payments"].append({"customer": customer, "at": str(at),
                                        "id": len(self._written["payments"]) + len(new["payments"])})
            if self._chance.random() < 0.1:
                new["prices"].append({"product": f"p{self._chance.randrange(PRODUCTS)}",
                                      "at": str(self._time), "price": self._chance.randrange(10_000)})
        for name, rows in new.items():
            self._written[name] += rows
            with open(self.folder / f"{name}.ndjson", "a") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)

    def problems(self, topics, _printed):
        """What is wrong with the outputs of a run that has ended, as sentences."""
        def read(what):
            return [Row(record.partition, record.offset, record.timestamp, record.key,
                        None if record.value is None else json.loads(record.value))
                    for record in topics.records(f"{self.name}-{what}")]
        orders, payments = (by_partition(read(what)) for what in ("orders", "payments"))
        wrong = self._wrong_inputs(orders, payments)
        wrong += self._wrong_ticks(orders, read("ticks"))
        finals = [(row.key[:-8], start_of(row.key), row.value["N"]) for row in read("finals")]
        wrong += ProgramChecks.differences("finals", expected_finals(orders), finals)
        visits = {key: value["N"] for key, value in last_values(read("visits")).items()}
        wrong += ProgramChecks.differences("visits", expected_visits(orders).items(), visits.items())
        recent = [(row.key, row.time, row.value and row.value["N"]) for row in read("recent")]
        wrong += ProgramChecks.differences("recent", expected_recent(orders), recent)
        firsts = [(row.key, row.time, row.value["PRODUCT"]) for row in read("firsts")]
        wrong += ProgramChecks.differences("firsts", expected_firsts(orders), firsts)
        paid = [(row.value["ID"], row.value["PAYMENT"]) for row in read("paid")]
        wrong += ProgramChecks.differences("paid", expected_paid(orders, payments), paid)
        owed = {key.decode(): (value["PRODUCT"], value["PRICE"])
                for key, value in last_values(read("owed")).items()}
        return wrong + ProgramChecks.differences("owed", self._expected_owed().items(), owed.items())

    def _wrong_inputs(self, orders, payments):
        return [problem for what, parts in (("orders", orders), ("payments", payments))
                for problem in ProgramChecks.differences(
                    what, [row["id"] for row in self._written[what]],
                    [row.value["id"] for part in parts.values() for row in part])]

    @staticmethod
    def _wrong_ticks(orders, found):
        """Each order moves its window's count by one and its sum by the order's amount."""
        expected, rows = collections.defaultdict(list), collections.defaultdict(list)
        for part in orders.values():
            for row in part:
                of_window = expected[row.key, row.time // 1000 * 1000]
                n, total = of_window[-1] if of_window else (0, 0)
                of_window.append((n + 1, total + row.value["amount"]))
        for row in found:
            rows[row.key[:-8], start_of(row.key)].append((row.value["N"], row.value["TOTAL"]))
        return [f"ticks of {window}: {rows[window]} instead of {expected[window]}"
                for window in expected.keys() | rows.keys() if rows[window] != expected[window]][:3]

    def _expected_owed(self):
        prices = {row["product"]: row["price"] for row in self._written["prices"]}
        products = {row["customer"]: row["product"] for row in self._written["orders"]}
        return {customer: (product, prices.get(product)) for customer, product in products.items()}


def by_partition(rows):
    parts = collections.defaultdict(list)
    for row in rows:
        parts[row.partition].append(row)
    return parts


def start_of(key):
    """The start of the window that ends a key, in Kafka Streams' form."""
    return struct.unpack(">q", key[-8:])[0]


def last_values(rows):
    last = {}
    for row in rows:
        last[row.key] = row.value
    return {key: value for key, value in last.items() if value is not None}


def expected_finals(orders):
    """Windows that time has come past, each with the rows that were not too late for it."""
    given = []
    for part in orders.values():
        now, windows = -1, collections.Counter()
        for row in part:
            now = max(now, row.time)
            for window in [window for window in windows if window[1] + SIZE + HOP_GRACE <= now]:
                given.append((*window, windows.pop(window)))
            for start in range(row.time // HOP * HOP - SIZE + HOP, row.time + 1, HOP):
                if start + SIZE + HOP_GRACE > now:
                    windows[row.key, start] += 1
    return given


def expected_visits(orders):
    """windowed key -> rows of the session."""
    sessions = collections.defaultdict(list)  # customer -> [(start, end, rows)]
    for part in orders.values():
        for row in part:
            near = [each for each in sessions[row.key]
                    if each[0] - GAP <= row.time <= each[1] + GAP]
            rest = [each for each in sessions[row.key] if each not in near]
            near.append((row.time, row.time, 1))
            rest.append((min(each[0] for each in near), max(each[1] for each in near),
                         sum(each[2] for each in near)))
            sessions[row.key] = rest
    return {customer + struct.pack(">qq", end, start): count
            for customer, of_customer in sessions.items() for start, end, count in of_customer}


def expected_recent(orders):
    """Changes of the groups, each deleted when no order has come to it for TTL."""
    given = []
    for part in orders.values():
        now, groups = -1, {}  # customer -> (rows, time)
        for row in part:
            now = max(now, row.time)
            for customer in [each for each, group in groups.items() if group[1] + TTL <= now]:
                given.append((customer, groups.pop(customer)[1] + TTL, None))
            if row.key in groups or row.time + TTL > now:
                rows, at = groups.get(row.key, (0, -1))
                groups[row.key] = (rows + 1, max(at, row.time))
                given.append((row.key, groups[row.key][1], rows + 1))
    return given


def expected_firsts(orders):
    firsts = {}
    for part in orders.values():
        for row in part:
            firsts.setdefault((row.key, row.value["product"]), row.time)
    return [(customer, at, product) for (customer, product), at in firsts.items()]


def expected_paid(orders, payments):
    given = []
    for partition in orders.keys() | payments.keys():
        given += JoinedPartition(orders[partition], payments[partition]).given
    return given


class JoinedPartition:
    """Orders with the payments near them, and alone when none can come any more."""

    def __init__(self, *sides):
        self.given = []
        self._now = -1
        self._rows = (collections.defaultdict(list), collections.defaultdict(list))
        self._waiting = {}  # order id -> time
        heads = [0, 0]
        while heads[0] < len(sides[0]) or heads[1] < len(sides[1]):
            times = [side[head].time if head < len(side) else None for side, head in zip(sides, heads)]
            first = 0 if times[1] is None or (times[0] is not None and times[0] <= times[1]) else 1
            self._take(first, sides[first][heads[first]])
            heads[first] += 1

    def _take(self, side, row):
        number = row.value["id"]
        self._now = max(self._now, row.time)
        for order in [order for order, at in self._waiting.items() if at + WITHIN + JOIN_GRACE < self._now]:
            self.given.append((order, None))
            del self._waiting[order]
        if row.time + WITHIN + JOIN_GRACE < self._now:
            if side == 0:
                self.given.append((number, None))
            return
        partners = [other for at, other in self._rows[1 - side][row.key] if abs(at - row.time) <= WITHIN]
        for other in partners:
            order, payment = (number, other) if side == 0 else (other, number)
            self.given.append((order, payment))
            self._waiting.pop(order, None)
        self._rows[side][row.key].append((row.time, number))
        if side == 0 and not partners:
            self._waiting[number] = row.time
