#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A model server for tests and examples: V2 and TensorFlow Serving, over HTTP and, with grpcio, gRPC.

Prints one line of JSON with its ports once it listens, on 127.0.0.1 only. POST /control {"mode": "slow"} changes how it
misbehaves, GET /control tells what it has counted. Ends when its standard input does (--stay: when it is killed).
"""
import argparse
import http.server
import json
import math
import struct
import sys
import threading

from ServedModel import HUGE_BYTES, MODES, TENSORFLOW, Model, Refusal, asColumn, flattened, pack, unpack


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    model = None

    def log_message(self, *_):
        pass

    def reply(self, status, body, headers=()):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.model.mode == "cut" and self.command == "POST" and self.path != "/control":
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def do_GET(self):
        path, model = self.path, self.model
        if path == "/control":
            return self.reply(200, model.control({}))
        if path == "/v2":
            return self.reply(200, {"name": "test", "extensions": ["binary_tensor_data"] if model.binary else []})
        if path in (f"/v2/models/{model.name}", f"/v2/models/{model.name}/versions/1"):
            return self.reply(200, {"name": model.name, "versions": ["1"], "platform": "test", "inputs": [
                {"name": name, "datatype": datatype, "shape": shape} for name, datatype, shape in model.inputs],
                "outputs": [{"name": "score", "datatype": model.outputType, "shape": [-1, 1]}]})
        if path == f"/v1/models/{model.name}/metadata":
            return self.reply(200, self.signatures())
        return self.reply(404, {"error": f"no model at {path}"})

    def signatures(self):
        def tensor(datatype, shape):
            return {"dtype": TENSORFLOW[datatype][1], "tensor_shape": {
                "dim": [{"size": str(size), "name": ""} for size in shape], "unknown_rank": False}, "name": "t:0"}
        model = self.model
        return {"model_spec": {"name": model.name, "signature_name": "", "version": "1"}, "metadata": {
            "signature_def": {"signature_def": {"serving_default": {
                "inputs": {name: tensor(datatype, shape) for name, datatype, shape in model.inputs},
                "outputs": {"score": tensor("FP32", [-1, 1])}, "method_name": "tensorflow/serving/predict"}}}}}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        model = self.model
        try:
            if self.path == "/control":
                return self.reply(200, model.control(json.loads(body)))
            if self.fault():
                return None
            if self.path in (f"/v2/models/{model.name}/infer", f"/v2/models/{model.name}/versions/1/infer"):
                return self.inferV2(body)
            if self.path == f"/v1/models/{model.name}:predict":
                return self.predict(json.loads(body))
            return self.reply(404, {"error": f"no model at {self.path}"})
        except (Refusal, ValueError, KeyError, TypeError, struct.error) as error:
            return self.reply(400, {"error": f"{type(error).__name__}: {error}"})

    def fault(self):
        """Answers instead of the model where the mode says so."""
        mode = self.model.mode
        if mode == "error500":
            self.reply(500, {"error": "out of order"})
        elif mode == "busy503":
            self.reply(503, {"error": "busy"})
        elif mode == "missing404":
            self.reply(404, {"error": "not loaded"})
        elif mode == "redirect":
            self.reply(307, b"", [("Location", "http://127.0.0.1:1/elsewhere")])
        elif mode == "html":
            self.reply(200, b"<html>Welcome to the proxy</html>")
        elif mode == "huge":
            self.reply(200, b"[" + b"1," * (HUGE_BYTES // 2))
        else:
            return False
        return True

    def inferV2(self, body):
        size = int(self.headers.get("Inference-Header-Content-Length", len(body)))
        request, raw, columns = json.loads(body[:size]), body[size:], {}
        for tensor in request["inputs"]:
            parameters = tensor.get("parameters", {})
            if "binary_data_size" in parameters:
                count = parameters["binary_data_size"]
                values, raw = unpack(raw[:count], tensor["datatype"]), raw[count:]
            else:
                values = list(flattened(tensor["data"]))
            columns[tensor["name"]] = asColumn(tensor["name"], tensor["shape"], values)
        scores = self.model.score(columns)
        output = {"name": "score", "shape": self.model.shape(scores), "datatype": self.model.outputType}
        answer = {"model_name": self.model.name, "id": request.get("id", ""), "outputs": [output]}
        wanted = (request.get("outputs") or [{}])[0].get("parameters", {}).get("binary_data")
        if wanted or request.get("parameters", {}).get("binary_data_output"):
            packed = pack(scores, self.model.outputType)
            output["parameters"] = {"binary_data_size": len(packed)}
            head = json.dumps(answer).encode()
            packed = packed[:-1] if self.model.mode == "truncated" else packed
            return self.reply(200, head + packed, [("Inference-Header-Content-Length", str(len(head)))])
        output["data"] = ["text"] * len(scores) if self.model.mode == "text" else [
            None if math.isnan(score) else score for score in scores]
        text = json.dumps(answer).encode()
        return self.reply(200, text[:-3] if self.model.mode == "truncated" else text)

    def predict(self, request):
        if "instances" in request:
            rows = request["instances"]
            columns = {"x": rows} if self.model.isTensor else {
                name: [row[name] for row in rows] for name, _, _ in self.model.inputs}
            scores, key = self.model.score(columns), "predictions"
        else:
            columns = {name: list(flattened(data)) for name, data in request["inputs"].items()}
            scores, key = self.model.score(columns), "outputs"
        values = [scores] if self.model.mode == "wrongShape" else [[score] for score in scores]
        values = [["text"] for _ in scores] if self.model.mode == "text" else values
        text = json.dumps({key: values}).encode()
        return self.reply(200, text[:-3] if self.model.mode == "truncated" else text)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # a client opens many connections at a time

    def handle_error(self, request, client_address):
        """A client that is gone is none."""


def parseArguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="of HTTP; 0: one that is free")
    parser.add_argument("--grpc-port", type=int, help="of gRPC, which needs grpcio; 0: one that is free")
    parser.add_argument("--name", default="fraud")
    parser.add_argument("--tensor", type=int, default=0, help="takes one tensor x of so many features")
    parser.add_argument("--inputs", default="a:FP64,b:INT64,c:BYTES", help="takes a tensor per input")
    parser.add_argument("--model", help="scores by this XGBoost model (needs xgboost) and takes its inputs")
    parser.add_argument("--output-type", default="FP64", choices=("FP32", "FP64"))
    parser.add_argument("--no-binary", action="store_true", help="has no binary tensor extension")
    parser.add_argument("--mode", default="ok", choices=MODES)
    parser.add_argument("--delay", type=float, default=0.2, help="seconds of mode slow")
    parser.add_argument("--stay", action="store_true", help="does not end with its standard input")
    return parser.parse_args()


def main():
    options = parseArguments()
    model = Model(options)
    Handler.model = model
    server = Server(("127.0.0.1", options.port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = {"http": server.server_address[1]}
    if options.grpc_port is not None:
        import GrpcService
        ports["grpc"] = GrpcService.start(model, options.grpc_port)
    print(json.dumps(ports), flush=True)
    if options.stay:
        threading.Event().wait()
    sys.stdin.read()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
