# SPDX-License-Identifier: Apache-2.0
"""What the test server serves, how it misbehaves, and tensors as both of its transports carry them."""
import math
import struct
import threading
import time

import ScoringRule

MODES = ("ok", "slow", "hang", "error500", "busy503", "missing404", "wrongShape", "wrongCount", "nan", "huge", "truncated",
         "cut", "redirect", "html", "text")
FORMATS = {"BOOL": "?", "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q", "UINT8": "B", "UINT16": "H",
           "UINT32": "I", "UINT64": "Q", "FP32": "f", "FP64": "d"}
TENSORFLOW = {"FP32": (1, "DT_FLOAT"), "FP64": (2, "DT_DOUBLE"), "INT32": (3, "DT_INT32"), "BYTES": (7, "DT_STRING"),
              "INT64": (9, "DT_INT64"), "BOOL": (10, "DT_BOOL")}
HUGE_BYTES = 17_000_000


class Refusal(Exception):
    """The request is wrong: 400, INVALID_ARGUMENT."""


class Model:
    """What is served, how it misbehaves, and what was counted. Any thread."""

    def __init__(self, options):
        self.name = options.name
        self.isTensor = options.tensor > 0
        if options.model:
            self.rule = ScoringRule.Booster(options.model)
        else:
            names = [text.split(":") for text in options.inputs.split(",")] if not self.isTensor else []
            self.rule = ScoringRule.Rule([(name, datatype) for name, datatype in names])
        self.inputs = [("x", "FP32", [-1, options.tensor])] if self.isTensor else [
            (name, datatype, [-1]) for name, datatype in self.rule.inputs]
        self.outputType = options.output_type
        self.binary = not options.no_binary
        self.lock = threading.Lock()
        self.mode, self.delay, self.refused = options.mode, options.delay, None
        self.requests = self.rows = 0

    def control(self, change):
        with self.lock:
            self.mode = change.get("mode", self.mode)
            self.delay = change.get("delay", self.delay)
            self.refused = change.get("refused", self.refused)
            if self.mode not in MODES:
                raise Refusal(f"no mode {self.mode}")
            return {"mode": self.mode, "requests": self.requests, "rows": self.rows}

    def score(self, columns):
        """columns: name -> list of values, or of lists for the one tensor."""
        if set(columns) != {name for name, _, _ in self.inputs}:
            raise Refusal(f"inputs {sorted(columns)} are not {[name for name, _, _ in self.inputs]}")
        if self.isTensor:
            rows = columns["x"]
            if any(len(row) != self.inputs[0][2][1] for row in rows):
                raise Refusal(f"rows are not of {self.inputs[0][2][1]} features")
        else:
            rows = list(zip(*(columns[name] for name, _, _ in self.inputs), strict=True))
        with self.lock:
            self.requests += 1
            self.rows += len(rows)
            refused = self.refused
        if refused is not None and any(row[0] == refused for row in rows):
            raise Refusal(f"a row begins with {refused}")
        return self.spoil(self.rule.scores(rows))

    def spoil(self, scores):
        if self.mode == "slow":
            time.sleep(self.delay)
        elif self.mode == "hang":
            time.sleep(30)
        elif self.mode == "wrongCount":
            scores = scores[:-1]
        elif self.mode == "nan":
            scores = [math.nan if place % 2 else score for place, score in enumerate(scores)]
        return scores

    def shape(self, scores):
        return [1, len(scores)] if self.mode == "wrongShape" else [len(scores), 1]


def grouped(values, width):
    return [values[at:at + width] for at in range(0, len(values), width)]


def flattened(data):
    for value in data:
        if isinstance(value, list):
            yield from flattened(value)
        else:
            yield value


def unpackStrings(data):
    strings, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        strings.append(data[at + 4:at + 4 + size].decode())
        at += 4 + size
    return strings


def unpack(data, datatype):
    if datatype == "BYTES":
        return unpackStrings(data)
    letter = FORMATS[datatype]
    return list(struct.unpack(f"<{len(data) // struct.calcsize(letter)}{letter}", data))


def pack(scores, datatype):
    return struct.pack(f"<{len(scores)}{FORMATS[datatype]}", *scores)


def asColumn(name, shape, values):
    """Checks a tensor's size and gives its rows."""
    if math.prod(shape) != len(values):
        raise Refusal(f"input {name} of shape {shape} has {len(values)} elements")
    return grouped(values, shape[1]) if len(shape) == 2 and name == "x" else values
