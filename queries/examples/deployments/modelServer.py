#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small model server for trying things out: an XGBoost model by the Open Inference Protocol V2.

Usage: modelServer.py [--port 8080] [--model ../fraud/fraud_v2.ubj] [--name fraud] [--delay-ms 0]
Needs Python's xgboost and numpy. One tensor per feature, JSON; categories as strings.
"""
import argparse
import http.server
import json
import pathlib
import sys
import threading
import time

import numpy as np
import xgboost

HERE = pathlib.Path(__file__).resolve().parent


class Model:
    """Scores rows of named columns; categories by the dictionaries of the file."""

    def __init__(self, path):
        self._booster = xgboost.Booster(model_file=str(path))
        self._booster.set_param({"nthread": 1})
        self._types = self._booster.feature_types
        self.features = self._booster.feature_names
        learner = json.loads(self._booster.save_raw("json"))["learner"]
        self._categories = dictionaries(learner, len(self.features))
        self._lock = threading.Lock()

    def inputs(self):
        """Name and type of each feature, as the metadata tell them."""
        return [(name, "BYTES" if self._categories[i] else "FP64")
                for i, name in enumerate(self.features)]

    def score(self, columns):
        """columns: by feature name. Raises ValueError for what is no row of the model."""
        encoded = []
        for i, name in enumerate(self.features):
            if name not in columns:
                raise ValueError(f"input {name} is missing")
            encoded.append(self._encode(i, columns[name]))
        matrix = xgboost.DMatrix(np.array(encoded, dtype=np.float32).T, feature_names=self.features,
                                 feature_types=self._types, enable_categorical=True, nthread=1)
        with self._lock:
            return [float(score) for score in self._booster.predict(matrix)]

    def _encode(self, feature, values):
        codes = self._categories[feature]
        if codes:
            return [codes.get(value, np.nan) if isinstance(value, str) else np.nan
                    for value in values]
        return [np.nan if value is None else float(value) for value in values]


def dictionaries(learner, count):
    """Per feature the codes of its categories; empty for numbers. XGBoost 3.1 and later."""
    cats = learner["gradient_booster"]["model"].get("cats", {})
    found = []
    for encoding in cats.get("enc", []):
        if encoding and "offsets" in encoding:
            text, offsets = bytes(v % 256 for v in encoding["values"]), encoding["offsets"]
            names = [text[a:b].decode() for a, b in zip(offsets, offsets[1:])]
            found.append({name: code for code, name in enumerate(names)})
        else:
            found.append({})
    return found or [{} for _ in range(count)]


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection, kept open for many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model = None
    name = ""
    delay = 0.0

    def do_GET(self):
        if self.path.rstrip("/").endswith(self.name):
            inputs = [{"name": name, "datatype": datatype, "shape": [-1]}
                      for name, datatype in self.model.inputs()]
            self._answer(200, {"name": self.name, "versions": ["1"], "platform": "xgboost",
                               "inputs": inputs, "outputs": [
                                   {"name": "score", "datatype": "FP64", "shape": [-1]}]})
        elif self.path in ("/v2", "/v2/health/live", "/v2/health/ready"):
            self._answer(200, {"name": "modelServer", "version": "1", "extensions": []})
        else:
            self._answer(404, {"error": f"unknown: {self.path}"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(self.delay)
        try:
            request = json.loads(body)
            columns = {tensor["name"]: tensor["data"] for tensor in request["inputs"]}
            scores = self.model.score(columns)
        except (ValueError, KeyError, TypeError) as error:
            self._answer(400, {"error": str(error)})
            return
        self._answer(200, {"model_name": self.name, "id": request.get("id", ""), "outputs": [
            {"name": "score", "datatype": "FP64", "shape": [len(scores)], "data": scores}]})

    def _answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Says nothing about clients that are gone before their answer."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--model", default=str(HERE.parent / "fraud" / "fraud_v2.ubj"))
    parser.add_argument("--name", default="fraud")
    parser.add_argument("--delay-ms", type=float, default=0)
    options = parser.parse_args()
    Handler.model = Model(options.model)
    Handler.name = options.name
    Handler.delay = options.delay_ms / 1000
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"{options.name} on 127.0.0.1:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
