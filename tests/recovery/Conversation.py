# SPDX-License-Identifier: Apache-2.0
"""Requests and replies over Kafka, by a client that is not ours: who asks, and who sees the answers."""
import collections
import json
import threading
import time

import confluent_kafka

import KafkaClient

ASKED_AT_A_TIME = 20
FLUSH_SECONDS = 60


class Asker:
    """Sends requests at a steady pace, from a thread of its own, until it is stopped."""

    def __init__(self, bootstrap, topic, take, rows_per_second):
        """take: count -> so many requests, dicts with an id, which becomes the key."""
        self._producer = KafkaClient.producer(bootstrap, **{"linger.ms": 0})
        self._topic = topic
        self._take = take
        self._pause = ASKED_AT_A_TIME / rows_per_second
        self._stopped = threading.Event()
        self._failures = []
        self.sent = {}  # id -> when
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self):
        next_time = time.monotonic()
        while not self._stopped.wait(max(0, next_time - time.monotonic())):
            next_time += self._pause
            for request in self._take(ASKED_AT_A_TIME):
                self._send(request)
            self._producer.poll(0)

    def _send(self, request):
        self.sent[request["id"]] = time.monotonic()
        while True:
            try:
                return self._producer.produce(self._topic, json.dumps(request), request["id"],
                                              on_delivery=self._delivered)
            except BufferError:  # the broker is slower than we
                self._producer.poll(0.1)

    def _delivered(self, error, _):
        if error is not None:
            self._failures.append(error)

    def stop(self):
        """Returns when the broker has all that was sent."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._thread.join()
        left = self._producer.flush(FLUSH_SECONDS)
        if left or self._failures:
            raise KafkaClient.ClientError(
                f"{left} requests without an answer of the broker, failures: {self._failures[:3]}")


class Listener:
    """Sees the committed records of a topic as they come, from a thread of its own."""

    def __init__(self, bootstrap, topic, partitions):
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": "no-group", "enable.auto.commit": False,
            "isolation.level": "read_committed", "fetch.wait.max.ms": 5, **KafkaClient.QUIET})
        self._consumer.assign([
            confluent_kafka.TopicPartition(topic, number, confluent_kafka.OFFSET_BEGINNING)
            for number in range(partitions)])
        self._stopped = threading.Event()
        self.count = 0
        self.by_partition = collections.Counter()
        self.seen = {}  # key -> when
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while not self._stopped.is_set():
            for message in self._consumer.consume(1000, timeout=0.02):
                if message.error() is None:
                    self.seen.setdefault(message.key().decode(), time.monotonic())
                    self.by_partition[message.partition()] += 1
                    self.count += 1

    def stop(self):
        if not self._stopped.is_set():
            self._stopped.set()
            self._thread.join()
            self._consumer.close()
