# SPDX-License-Identifier: Apache-2.0
"""`auspex serve` asked over real sockets: by NVIDIA's client over HTTP and gRPC, by the engine's own, and by hostile ones."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import numpy
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/fixtures"))
import suiteMain  # noqa: E402
from MlServer import MlServer  # noqa: E402

ENGINE = pathlib.Path(os.environ.get("AUSPEX_TREE", ROOT / "build/release")) / "engine/auspex"
MODELS = ROOT / "tests/data/models"
PATIENCE = 60
NAN = float("nan")

PROGRAM = f"""
CREATE MODEL fraud WITH (URI='{MODELS}/logistic-3.2.0.json');
ALTER MODEL fraud ADD VERSION WITH (URI='{MODELS}/logistic-2.1.4.json');
ALTER MODEL fraud SET ALIAS challenger = 2;
CREATE MODEL colours WITH (URI='{MODELS}/dictionaryAscii-3.2.0.json');
CREATE MODEL classes WITH (URI='{MODELS}/softprob-3.2.0.json');
"""


def expectedOf(stem):
    """Rows, and what the model's maker predicts for them."""
    lines = (MODELS / f"{stem}.expected").read_text().split("\n")
    rows, features, margins, _ = map(int, lines[0].split())
    table = numpy.array([[float(word) for word in line.split()] for line in lines[1:rows + 1]], dtype=numpy.float32)
    return table[:, :features], table[:, features + margins:]


class Served:
    """The engine serving a program, as a process of its own."""

    def __init__(self, program=PROGRAM, *options):
        self.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(self.folder.name) / "models.sql"
        path.write_text(program)
        self.process = subprocess.Popen([ENGINE, "serve", path, "--listen", "127.0.0.1:0", *options],
                                        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
        if not found:
            raise AssertionError(line + self.process.stderr.read())
        self.port = int(found.group(1))
        self.address = f"127.0.0.1:{self.port}"

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body),
                               headers or {})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        finally:
            connection.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.process.stderr.close()
        self.process.stdout.close()
        self.folder.cleanup()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def wholeRequest(rows, **more):
    return {"inputs": [{"name": "x", "shape": list(rows.shape), "datatype": "FP32",
                        "data": [None if value != value else float(value) for value in rows.ravel()]}], **more}


class Asking(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.served = Served()
        cls.rows, cls.values = expectedOf("logistic-3.2.0")

    @classmethod
    def tearDownClass(cls):
        cls.served.stop()

    def assertScores(self, found, expected, exact=False):
        found = numpy.asarray(found).reshape(-1)
        expected = numpy.asarray(expected).reshape(-1)
        self.assertEqual(found.shape, expected.shape)
        if exact:
            self.assertTrue(numpy.array_equal(found, expected), (found[:5], expected[:5]))
        else:
            self.assertTrue(numpy.allclose(found, expected, rtol=1e-5, atol=1e-7), (found[:5], expected[:5]))

    def infer(self, rows, path="fraud", **more):
        status, answer = self.served.ask("POST", f"/v2/models/{path}/infer", wholeRequest(rows, **more))
        self.assertEqual(status, 200, answer)
        return answer


class TritonClient(Asking):
    """NVIDIA's client, which checks answers as Triton's users do."""

    def inputs(self, kind, binary=None):
        tensor = kind.InferInput("x", list(self.rows.shape), "FP32")
        tensor.set_data_from_numpy(self.rows, **({} if binary is None else {"binary_data": binary}))
        return [tensor]

    def columns(self, kind):
        values = {"amount": numpy.array([-1.51187813, NAN, 0.5], dtype=numpy.float32),
                  "Score x": numpy.array([57.6339912, 1, 2], dtype=numpy.float64),
                  "n": numpy.array([1, 2, 3], dtype=numpy.int32),
                  "color": numpy.array([b"white", b"no such", b"red"], dtype=numpy.object_),
                  "store": numpy.array([-3, 9_000_000_000, 1], dtype=numpy.int64)}
        types = {"amount": "FP32", "Score x": "FP64", "n": "INT32", "color": "BYTES", "store": "INT64"}
        tensors = []
        for name, value in values.items():
            tensor = kind.InferInput(name, [3, 1] if name == "n" else [3], types[name])
            tensor.set_data_from_numpy(value.reshape(3, 1) if name == "n" else value)
            tensors.append(tensor)
        return tensors

    def checkServer(self, client):
        self.assertTrue(client.is_server_live())
        self.assertTrue(client.is_server_ready())
        self.assertTrue(client.is_model_ready("fraud"))
        self.assertTrue(client.is_model_ready("fraud", "2"))
        self.assertFalse(client.is_model_ready("nobody"))
        self.assertFalse(client.is_model_ready("fraud", "3"))

    def checkMetadata(self, server, model):
        self.assertEqual(server["name"], "auspex")
        self.assertIn("binary_tensor_data", server["extensions"])
        self.assertEqual(model["name"], "colours")
        self.assertEqual(model["versions"], ["1"])
        self.assertEqual([(tensor["name"], tensor["datatype"], [int(size) for size in tensor["shape"]])
                          for tensor in model["inputs"]],
                         [("amount", "FP32", [-1]), ("Score x", "FP32", [-1]), ("n", "FP32", [-1]),
                          ("color", "BYTES", [-1]), ("store", "INT64", [-1])])
        self.assertEqual([(tensor["name"], tensor["datatype"]) for tensor in model["outputs"]],
                         [("predict", "FP32")])

    def test_http(self):
        client = tritonclient.http.InferenceServerClient(self.served.address)
        self.checkServer(client)
        self.checkMetadata(client.get_server_metadata(), client.get_model_metadata("colours"))
        for binaryIn in (False, True):
            for binaryOut in (False, True):
                with self.subTest(binaryIn=binaryIn, binaryOut=binaryOut):
                    if not binaryIn and numpy.isnan(self.rows).any():
                        continue  # the client cannot write NaN as JSON
                    outputs = [tritonclient.http.InferRequestedOutput("predict", binary_data=binaryOut)]
                    result = client.infer("fraud", self.inputs(tritonclient.http, binaryIn), request_id="17",
                                          outputs=outputs)
                    self.assertEqual(result.get_response()["id"], "17")
                    self.assertScores(result.as_numpy("predict"), self.values)
        self.assertScores(client.infer("fraud", self.inputs(tritonclient.http, True)).as_numpy("predict"), self.values)
        with self.assertRaisesRegex(InferenceServerException, "there is no model 'nobody'"):
            client.infer("nobody", self.inputs(tritonclient.http, True))
        client.close()

    def test_grpc(self):
        client = tritonclient.grpc.InferenceServerClient(self.served.address)
        self.checkServer(client)
        self.checkMetadata(client.get_server_metadata(as_json=True), client.get_model_metadata("colours", as_json=True))
        result = client.infer("fraud", self.inputs(tritonclient.grpc), request_id="17")
        self.assertEqual(result.get_response().id, "17")
        self.assertEqual(result.as_numpy("predict").shape, (len(self.rows), 1))
        self.assertScores(result.as_numpy("predict"), self.values)
        outputs = [tritonclient.grpc.InferRequestedOutput("predict_proba"),
                   tritonclient.grpc.InferRequestedOutput("predict_margin")]
        result = client.infer("fraud", self.inputs(tritonclient.grpc), outputs=outputs)
        self.assertScores(result.as_numpy("predict_proba")[:, 1], self.values)
        self.assertIsNone(result.as_numpy("predict"))
        with self.assertRaisesRegex(InferenceServerException, "NOT_FOUND.*there is no model 'nobody'"):
            client.infer("nobody", self.inputs(tritonclient.grpc))
        with self.assertRaisesRegex(InferenceServerException, "INVALID_ARGUMENT.*no input is the model's feature"):
            client.infer("fraud", self.columns(tritonclient.grpc)[:2])
        with self.assertRaisesRegex(InferenceServerException, "UNIMPLEMENTED"):
            client.get_inference_statistics("fraud")
        client.close()

    def test_columns_of_every_kind_by_both(self):
        scores = []
        for kind in (tritonclient.http, tritonclient.grpc):
            client = kind.InferenceServerClient(self.served.address)
            scores.append(client.infer("colours", self.columns(kind)).as_numpy("predict"))
            client.close()
        self.assertScores(scores[0], scores[1], exact=True)
        # Categories that are not known are missing.
        codes = numpy.array([[-1.51187813, 57.6339912, 1, 6, 3], [NAN, 1, 2, NAN, 4], [0.5, 2, 3, 0, NAN]])
        plain = numpy.array(json.loads("[" + ",".join(self.scoreByFile("dictionaryAscii-3.2.0.json", codes)) + "]"))
        self.assertScores(scores[0], plain.astype(numpy.float32))

    @staticmethod
    def scoreByFile(model, codes):
        names = ["amount", "Score x", "n", "color", "store"]
        colors = ["red", "green", "blue", "naive", "", "black", "white", "grey", "pink", "gold"]
        stores = [7, 11, 400, -3, 9_000_000_000, 12]
        with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
            for row in codes:
                record = {name: None if value != value else value for name, value in zip(names, row)}
                record["color"] = None if record["color"] is None else colors[int(record["color"])]
                record["store"] = None if record["store"] is None else stores[int(record["store"])]
                file.write(json.dumps(record) + "\n")
            file.flush()
            done = subprocess.run([ENGINE, "model", "score", MODELS / model, "--input", file.name],
                                  capture_output=True, text=True, check=True)
            return done.stdout.split()

    def test_many_requests_at_a_time_over_grpc(self):
        client = tritonclient.grpc.InferenceServerClient(self.served.address)
        done = []
        for row in range(400):
            tensor = tritonclient.grpc.InferInput("x", [1, 5], "FP32")
            tensor.set_data_from_numpy(self.rows[row % len(self.rows)].reshape(1, 5))
            client.async_infer("fraud", [tensor], request_id=str(row),
                               callback=lambda result, error: done.append((result, error)))
        end = time.monotonic() + PATIENCE
        while len(done) < 400 and time.monotonic() < end:
            time.sleep(0.01)
        client.close()
        self.assertEqual([error for _, error in done if error], [])
        self.assertEqual(sorted(int(result.get_response().id) for result, _ in done), list(range(400)))
        for result, _ in done:
            row = int(result.get_response().id) % len(self.rows)
            self.assertScores(result.as_numpy("predict"), self.values[row])


class PlainHttp(Asking):
    def test_json_gives_what_the_file_gives(self):
        answer = self.infer(self.rows, id="a ü")
        self.assertEqual((answer["model_name"], answer["model_version"], answer["id"]), ("fraud", "1", "a ü"))
        output, = answer["outputs"]
        self.assertEqual((output["name"], output["datatype"], output["shape"]), ("predict", "FP32", [len(self.rows), 1]))
        self.assertScores(output["data"], self.values)

    def test_names_versions_and_aliases(self):
        first = self.infer(self.rows)["outputs"][0]["data"]
        second = self.infer(self.rows, "fraud/versions/2")["outputs"][0]["data"]
        self.assertNotEqual(first, second)
        for path, version in (("FRAUD", "1"), ("fraud@default", "1"), ("fraud:2", "2"), ("fraud@challenger", "2"),
                              ("fraud/versions/challenger", "2"), ("fraud%40challenger", "2")):
            with self.subTest(path=path):
                answer = self.infer(self.rows, path)
                self.assertEqual(answer["model_version"], version)
                self.assertEqual(answer["outputs"][0]["data"], first if version == "1" else second)
        for path, words in (("nobody", "there is no model 'nobody'"), ("fraud/versions/7", "has no version 7"),
                            ("fraud@x", "has no alias 'x'"), ("fraud:2/versions/1", "names a version")):
            with self.subTest(path=path):
                status, answer = self.served.ask("POST", f"/v2/models/{path}/infer", wholeRequest(self.rows))
                self.assertEqual(status, 404)
                self.assertIn(words, answer["error"])
        self.assertEqual(self.served.ask("GET", "/v2/models/fraud")[1]["versions"], ["1", "2"])
        self.assertEqual(self.served.ask("GET", "/v2/models/fraud/versions/2/ready"),
                         (200, {"name": "fraud", "ready": True}))
        status, listed = self.served.ask("POST", "/v2/repository/index")
        self.assertEqual([(entry["name"], entry["version"]) for entry in listed],
                         [("CLASSES", "1"), ("COLOURS", "1"), ("FRAUD", "1"), ("FRAUD", "2")])

    def test_several_outputs(self):
        rows, _ = expectedOf("softprob-3.2.0")
        answer = self.infer(rows, "classes", outputs=[{"name": "predict_proba"}, {"name": "predict"}])
        probabilities = numpy.array(answer["outputs"][0]["data"]).reshape(answer["outputs"][0]["shape"])
        self.assertEqual(probabilities.shape, (len(rows), 3))
        self.assertScores(answer["outputs"][1]["data"], probabilities.argmax(axis=1), exact=True)

    def test_errors_are_told_and_the_connection_goes_on(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=PATIENCE)
        cases = [("POST", "/v2/models/fraud/infer", "{", 400), ("POST", "/v2/models/fraud/infer", "", 400),
                 ("POST", "/v2/models/fraud/infer", json.dumps({"inputs": []}), 400),
                 ("POST", "/v2/models/fraud/infer", json.dumps(wholeRequest(self.rows[:, :4])), 400),
                 ("POST", "/v2/models/fraud/infer", json.dumps(wholeRequest(self.rows, outputs=[{"name": "?"}])), 400),
                 ("GET", "/v2/models/fraud/infer", None, 405), ("POST", "/v2/models/fraud", "{}", 405),
                 ("GET", "/v2/models/fraud/explain", None, 404), ("GET", "/v2/models", None, 404),
                 ("GET", "/", None, 404), ("DELETE", "/v2", None, 404), ("GET", "/v2/models/%ff%00", None, 404),
                 ("GET", "/v2/models//ready", None, 404)]
        for method, path, body, status in cases:
            with self.subTest(method=method, path=path, body=(body or "")[:40]):
                connection.request(method, path, body)
                answer = connection.getresponse()
                self.assertEqual(answer.status, status)
                self.assertTrue(json.loads(answer.read())["error"])
        connection.request("POST", "/v2/models/fraud/infer", json.dumps(wholeRequest(self.rows)),
                           {"Content-Encoding": "gzip"})
        answer = connection.getresponse()
        self.assertEqual((answer.status, "gzip" in answer.read().decode()), (415, True))
        connection.request("GET", "/v2/health/ready")
        self.assertEqual(connection.getresponse().read(), b'{"ready":true}')
        connection.close()

    def test_many_clients_at_a_time_get_each_its_own(self):
        wrong = []

        def ask(first):
            connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=PATIENCE)
            for turn in range(50):
                row = (first + turn) % len(self.rows)
                connection.request("POST", "/v2/models/fraud/infer",
                                   json.dumps(wholeRequest(self.rows[row:row + 1], id=f"{first}-{turn}")))
                answer = json.loads(connection.getresponse().read())
                score = answer["outputs"][0]["data"][0]
                if answer["id"] != f"{first}-{turn}" or abs(score - self.values[row, 0]) > 1e-5:
                    wrong.append(answer)
            connection.close()

        threads = [threading.Thread(target=ask, args=(first,)) for first in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])


class Hostile(Asking):
    """Whatever a client sends or leaves out, the next one is answered."""

    def wire(self, data):
        connection = socket.create_connection(("127.0.0.1", self.served.port), timeout=PATIENCE)
        connection.sendall(data)
        return connection

    def test_bytes_that_are_no_requests(self):
        preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        pieces = [b"\0" * 1000, b"\x16\x03\x01\x02\0", b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 5000, b"GET " + b"a" * 100_000,
                  preface + b"\xff" * 1000, preface + b"\0\0\0\x04\0\0\0\0\0" + b"\0\x40\0\x01\x04\0\0\0\x01" + b"\x82" * 16384,
                  preface + b"\0\0\x08\x07\0\0\0\0\0" + b"\0" * 8, preface * 3,
                  b"POST /v2/models/fraud/infer HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
                  b"POST /v2/models/fraud/infer HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
        for data in pieces:
            with self.subTest(data=data[:40]):
                connection = self.wire(data)
                connection.shutdown(socket.SHUT_WR)
                try:
                    while connection.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
                connection.close()
        self.infer(self.rows)

    def test_requests_that_claim_more_than_they_bring(self):
        huge = {"inputs": [{"name": "x", "shape": [2 ** 40, 5], "datatype": "FP32", "data": [1]}]}
        for body, headers in ((huge, {}), ({"inputs": [{"name": "x", "shape": [2 ** 61, 2 ** 61], "datatype": "FP32",
                                                        "data": []}]}, {}),
                              (b"[" * 100_000, {}), (b'{"inputs":' * 1000, {}),
                              (wholeRequest(self.rows), {"Inference-Header-Content-Length": "99999999"}),
                              (wholeRequest(self.rows), {"Inference-Header-Content-Length": "-1"}),
                              (wholeRequest(self.rows), {"Inference-Header-Content-Length": "10"})):
            with self.subTest(headers=headers):
                status, answer = self.served.ask("POST", "/v2/models/fraud/infer", body, headers)
                self.assertEqual(status, 400, answer)
        self.infer(self.rows)

    def test_connections_that_hang(self):
        hanging = [self.wire(b"POST /v2/models/fraud/infer HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{") for _ in range(200)]
        self.infer(self.rows)
        for connection in hanging:
            connection.close()

    def test_too_large_a_body(self):
        with Served(PROGRAM, "--max-request-bytes", "10000") as served:
            status, _ = served.ask("POST", "/v2/models/fraud/infer", wholeRequest(self.rows[:2]))
            self.assertEqual(status, 200)
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
            connection.request("POST", "/v2/models/fraud/infer", "x" * 10_001)
            self.assertEqual(connection.getresponse().status, 413)
            connection.close()
            client = tritonclient.grpc.InferenceServerClient(served.address)
            tensor = tritonclient.grpc.InferInput("x", [1000, 5], "FP32")
            tensor.set_data_from_numpy(numpy.zeros((1000, 5), dtype=numpy.float32))
            with self.assertRaises(InferenceServerException):
                client.infer("fraud", [tensor])
            self.assertTrue(client.is_server_live())
            client.close()


RUN = """
CREATE MODEL here WITH (URI='{models}/dictionaryAscii-3.2.0.json');
CREATE MODEL there WITH (DEPLOYMENT='RPC', PROTOCOL='{protocol}', ENDPOINT='{address}', REMOTE_MODEL='colours',
  LAYOUT='COLUMNS', BINARY={binary});
CREATE STREAM rows (id BIGINT KEY, amount DOUBLE, `Score x` DOUBLE, n DOUBLE, color VARCHAR, store BIGINT)
  WITH (KAFKA_TOPIC='rows', VALUE_FORMAT='JSON', PARTITIONS=1);
{inserts}
CREATE STREAM scored AS SELECT id, PREDICT('here', *) AS a, PREDICT('there', *) AS b FROM rows EMIT CHANGES;
SELECT id, a, b FROM scored EMIT CHANGES;
"""


class OwnClient(Asking):
    """DEPLOYMENT='RPC' against `auspex serve` gives what the embedded model gives, to the bit."""

    def test_scores_are_the_embedded_ones(self):
        inserts = "\n".join(
            f"INSERT INTO rows (id, amount, `Score x`, n, color, store) VALUES ({row}, {values[0]}, {values[1]}, "
            f"{row % 9}, '{color}', {store});"
            for row, (values, color, store) in enumerate(zip(
                numpy.random.default_rng(7).normal(size=(40, 2)) * [1, 60],
                ["red", "white", "no such", "", "gold"] * 8, [7, -3, 9_000_000_000, 1] * 10)))
        for protocol in ("V2_HTTP", "V2_GRPC"):
            for binary in ("true", "false"):
                with self.subTest(protocol=protocol, binary=binary), tempfile.TemporaryDirectory() as folder:
                    path = pathlib.Path(folder) / "run.sql"
                    path.write_text(RUN.format(models=MODELS, protocol=protocol, address=self.served.address,
                                               binary=binary, inserts=inserts))
                    done = subprocess.run([ENGINE, "run", path, "--until", "end", "--output", "json", "--data-dir",
                                           pathlib.Path(folder) / "data"], capture_output=True, text=True,
                                          timeout=PATIENCE)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    rows = [json.loads(line) for line in done.stdout.splitlines()]
                    self.assertEqual(len(rows), 40, done.stderr)
                    found = [(row["A"], row["B"]) for row in rows]
                    self.assertEqual([a for a, _ in found], [b for _, b in found])
                    self.assertGreater(len({a for a, _ in found}), 10)


class Command(unittest.TestCase):
    """What the command says of programs and options, and how it ends."""

    def run_serve(self, program, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "models.sql"
            path.write_text(program)
            done = subprocess.run([ENGINE, "serve", path, *(options or ("--listen", "127.0.0.1:0"))],
                                  capture_output=True, text=True, timeout=PATIENCE)
            return done.returncode, done.stderr

    def test_programs_that_are_not_of_models(self):
        cases = [("CREATE STREAM s (a INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON', PARTITIONS=1);", "takes CREATE, ALTER"),
                 (PROGRAM + "ALTER MODEL fraud SHADOW challenger;", "without splits and shadows"),
                 ("CREATE MODEL m (a DOUBLE) WITH (DEPLOYMENT='RPC', ENDPOINT='a:1', REMOTE_MODEL='m');", "scores itself"),
                 ("CREATE MODEL m WITH (URI='no such file');", "was not loaded"), ("CREATE MODEL", "models.sql:1:"),
                 ("", "make no model"), (PROGRAM + "DROP MODEL fraud; DROP MODEL colours; DROP MODEL classes;", "make no model")]
        for program, words in cases:
            with self.subTest(words=words):
                code, text = self.run_serve(program)
                self.assertEqual(code, 1, text)
                self.assertIn(words, text)

    def test_places_that_are_none(self):
        with Served() as served:
            code, text = self.run_serve(PROGRAM, "--listen", served.address)
            self.assertEqual((code, "Address already in use" in text), (4, True), text)
        self.assertEqual(self.run_serve(PROGRAM, "--listen", "8080")[0], 2)
        self.assertEqual(self.run_serve(PROGRAM, "--threads", "0")[0], 2)

    def test_it_stops_when_told_with_what_is_in_flight_answered(self):
        served = Served()
        rows, values = expectedOf("logistic-3.2.0")
        body = json.dumps(wholeRequest(rows)).encode()
        connection = socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE)
        connection.sendall(b"POST /v2/models/fraud/infer HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:100])
        time.sleep(0.3)
        ending = threading.Thread(target=lambda: setattr(served, "code", served.stop()))
        begin = time.monotonic()
        ending.start()
        time.sleep(0.3)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE)
        connection.sendall(body[100:])
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        ending.join()
        head, text = answer.split(b"\r\n\r\n", 1)
        self.assertIn(b"connection: close", head)
        self.assertEqual(len(json.loads(text)["outputs"][0]["data"]), len(values))
        self.assertEqual(served.code, 130)
        self.assertLess(time.monotonic() - begin, 4)


if os.environ.get("AUSPEX_FULL"):
    class BesideMlServer(unittest.TestCase):
        """The same scores as MLServer's XGBoost runtime, and how fast each answers the same requests."""

        def setUp(self):
            self.peer = MlServer(trees=100, depth=6)
            self.addCleanup(self.peer.close)
            self.served = Served(f"CREATE MODEL fraud WITH (URI='{self.peer.model}');")
            self.addCleanup(self.served.stop)

        def test_the_same_scores(self):
            whole = (numpy.random.default_rng(7).normal(size=(500, 5)) * 2000).astype(numpy.float32)
            missing = whole.copy()
            missing[::7, 2] = NAN
            # MLServer reads raw tensors over gRPC only, and JSON has no NaN.
            for kind, port, rows, options in ((tritonclient.http, self.peer.httpPort, whole, {"binary_data": False}),
                                              (tritonclient.grpc, self.peer.grpcPort, missing, {})):
                scores = []
                for address in (f"127.0.0.1:{port}", self.served.address):
                    client = kind.InferenceServerClient(address)
                    tensor = kind.InferInput("x", list(rows.shape), "FP32")
                    tensor.set_data_from_numpy(rows, **options)
                    scores.append(client.infer("fraud", [tensor]).as_numpy("predict"))
                    client.close()
                self.assertEqual(scores[0].shape, scores[1].shape)
                self.assertTrue(numpy.allclose(scores[0], scores[1], rtol=1e-5, atol=1e-5))

        def test_how_fast(self):
            done = subprocess.run([ENGINE.parent.parent / "tests/bench/ServeBench", "5",
                                   f"{self.served.address}/v2/models/fraud",
                                   f"127.0.0.1:{self.peer.httpPort}/v2/models/fraud"], capture_output=True, text=True,
                                  check=True)
            print(done.stdout)
            ratios = [float(text) for text in re.findall(r"throughput ratio ([0-9.]+)", done.stdout)]
            self.assertEqual(len(ratios), 2, done.stdout)
            self.assertGreater(min(ratios), 1, done.stdout)


if __name__ == "__main__":
    suiteMain.main()
