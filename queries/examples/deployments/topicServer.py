#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small model server behind Kafka topics, for trying things out: an XGBoost model in MLServer's form.

Usage: topicServer.py --bootstrap-server HOST:PORT [--requests fraud-requests]
         [--replies fraud-replies] [--model ../fraud/fraud_v2.ubj] [--name fraud] [--delay-ms 0]
Needs Python's xgboost, numpy and confluent-kafka. Waits for its topics. Every request is answered at
least once: the offsets are committed behind the replies.
"""
import argparse
import json
import pathlib
import sys
import time

import confluent_kafka
import modelServer

HERE = pathlib.Path(__file__).resolve().parent
WAIT_SECONDS = 0.2
REQUESTS_AT_A_TIME = 16


def reply_to(model, name, request):
    """The value of the reply to a record, as JSON."""
    headers = dict(request.headers() or [])
    try:
        if headers.get("mlserver-model") != name.encode():
            raise ValueError(f"no such model: {headers.get('mlserver-model')!r}")
        inputs = json.loads(request.value())["inputs"]
        scores = model.score({tensor["name"]: tensor["data"] for tensor in inputs})
    except (ValueError, KeyError, TypeError) as error:
        return {"error": str(error)}
    return {"model_name": name, "outputs": [
        {"name": "score", "datatype": "FP64", "shape": [len(scores)], "data": scores}]}


def partitions_of(consumer, topic):
    """All partitions of a topic, once it is there."""
    while True:
        found = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        if found:
            return [confluent_kafka.TopicPartition(topic, number) for number in found]
        time.sleep(WAIT_SECONDS)


def serve(options):
    model = modelServer.Model(options.model)
    common = {"bootstrap.servers": options.bootstrap_server, "log_level": 2}
    # Not subscribed but assigned: a server that is started again need not wait for its former
    # life to leave the group.
    consumer = confluent_kafka.Consumer({**common, "group.id": f"{options.name}-server",
                                         "auto.offset.reset": "earliest",
                                         "enable.auto.commit": False, "fetch.wait.max.ms": 5,
                                         "allow.auto.create.topics": False})
    producer = confluent_kafka.Producer({**common, "linger.ms": 0})
    print(f"{options.name} answers {options.requests} in {options.replies}", flush=True)
    consumer.assign(partitions_of(consumer, options.requests))
    while True:
        requests = [message for message in consumer.consume(REQUESTS_AT_A_TIME, 0.05)
                    if not message.error()]
        for request in requests:
            time.sleep(options.delay_ms / 1000)
            producer.produce(options.replies, key=request.key(),
                             value=json.dumps(reply_to(model, options.name, request)))
        if requests:
            producer.flush()
            consumer.commit(asynchronous=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bootstrap-server", required=True)
    parser.add_argument("--requests", default="fraud-requests")
    parser.add_argument("--replies", default="fraud-replies")
    parser.add_argument("--model", default=str(HERE.parent / "fraud" / "fraud_v2.ubj"))
    parser.add_argument("--name", default="fraud")
    parser.add_argument("--delay-ms", type=float, default=0)
    try:
        serve(parser.parse_args())
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
