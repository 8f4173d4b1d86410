# SPDX-License-Identifier: Apache-2.0
"""The engine's transport and predictor against real model servers, over real sockets: well, slow, failing and lying."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/fixtures"))
import suiteMain  # noqa: E402
from MlServer import MlServer  # noqa: E402

ASK = pathlib.Path(os.environ.get("AUSPEX_TREE", ROOT / "build/release")) / "tests/servers/askServer"
PROTOCOLS = ("V2_HTTP", "V2_GRPC", "TFS_REST", "TFS_GRPC")
ALL_FINE = {"wrong": 0, "unasked": 0, "refused": 0, "unavailable": 0, "waiting": 0}


class Server:
    """A test server as a process of its own."""

    def __init__(self, *options, port=0, grpcPort=0):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "inferenceServer.py", "--port", str(port), "--grpc-port", str(grpcPort), *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ports = json.loads(self.process.stdout.readline())
        self.port, self.grpcPort = ports["http"], ports["grpc"]

    def endpoint(self, protocol):
        return f"127.0.0.1:{self.grpcPort if protocol.endswith('GRPC') else self.port}"

    def control(self, **change):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/control", json.dumps(change).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def start(protocol, server, **options):
    arguments = [f"{name}={value}" for name, value in options.items()]
    return subprocess.Popen([ASK, protocol, server.endpoint(protocol), *arguments], stdout=subprocess.PIPE, text=True)


def finish(process, seconds=60):
    text, _ = process.communicate(timeout=seconds)
    return json.loads(text)


def ask(protocol, server, **options):
    return finish(start(protocol, server, **options))


class Asking(unittest.TestCase):
    def expect(self, found, **expected):
        self.assertEqual({name: found.get(name) for name in expected}, expected, found)


class WellServers(Asking):
    """Every score of every row is right, in every protocol, layout and coding."""

    def test_layouts_and_codings(self):
        for serverOptions, layout in ((("--tensor", "5"), "tensor"), ((), "columns"),
                                      (("--tensor", "3", "--no-binary"), "tensor")):
            with Server(*serverOptions) as server:
                for protocol in PROTOCOLS:
                    for binary in (0, 1):
                        with self.subTest(protocol=protocol, layout=layout, binary=binary, options=serverOptions):
                            found = ask(protocol, server, layout=layout, binary=binary, rows=2000, draw=64)
                            self.expect(found, scored=2000, retries=0, **ALL_FINE)

    def test_batches_of_any_size_give_the_same(self):
        with Server() as server:
            for protocol in PROTOCOLS:
                for batch, draw in ((1, 7), (7, 1), (1000, 300)):
                    with self.subTest(protocol=protocol, batch=batch, draw=draw):
                        found = ask(protocol, server, layout="columns", rows=300, batch=batch, draw=draw)
                        self.expect(found, scored=300, **ALL_FINE)

    def test_a_version_by_name(self):
        with Server("--tensor", "2") as server:
            self.expect(ask("V2_HTTP", server, version="1"), scored=1000, **ALL_FINE)
            self.assertIn("404", ask("V2_HTTP", server, version="2")["error"])

    def test_large_requests(self):
        with Server("--tensor", "200") as server:
            for protocol in PROTOCOLS:
                with self.subTest(protocol=protocol):
                    found = ask(protocol, server, rows=8000, draw=4000, batch=4000, timeout=20000)
                    self.expect(found, scored=8000, **ALL_FINE)


class RefusingServers(Asking):
    """The rows at fault are found, and only these fail."""

    def test_one_row_is_refused(self):
        with Server() as server:
            server.control(refused=7 * 100 * 0.25)  # the first number of row 100
            for protocol in PROTOCOLS:
                with self.subTest(protocol=protocol):
                    found = ask(protocol, server, layout="columns", rows=512, draw=512, batch=256)
                    self.expect(found, scored=511, wrong=0, refused=1, unavailable=0, retries=0)
                    self.assertIn("a row begins with 175.0", found["firstFailure"])

    def test_scores_that_are_no_numbers(self):
        with Server(*("--mode", "nan")) as server:
            for protocol in PROTOCOLS:
                for binary in (0, 1):
                    with self.subTest(protocol=protocol, binary=binary):
                        found = ask(protocol, server, layout="columns", binary=binary, rows=100, draw=100)
                        self.expect(found, scored=50, wrong=0, refused=50, unavailable=0)

    def test_answers_that_do_not_fit(self):
        for mode in ("wrongShape", "wrongCount", "text"):
            with Server("--mode", mode) as server:
                for protocol in PROTOCOLS:
                    with self.subTest(mode=mode, protocol=protocol):
                        found = ask(protocol, server, layout="columns", binary=0, rows=16, draw=16, batch=8)
                        # A single row in the wrong shape [1, 1] is right again.
                        alone = 16 if mode == "wrongShape" else 0
                        self.expect(found, scored=alone, wrong=0, refused=16 - alone, unavailable=0, answered=16)


class FailingServers(Asking):
    """Nothing that a server does ends the process, loses a row or makes up a score."""

    def test_every_failure_is_told(self):
        cases = {"error500": ("refused", "out of order"), "busy503": ("unavailable", "503"),
                 "missing404": ("unavailable", "404"), "redirect": ("unavailable", "redirects"),
                 "html": ("unavailable", "not of"), "cut": ("unavailable", ""), "hang": ("unavailable", "no answer"),
                 "truncated": ("unavailable", "not of"), "huge": ("refused", "larger than")}
        for mode, (kind, words) in cases.items():
            with Server("--mode", mode) as server:
                for protocol in ("V2_HTTP", "TFS_REST"):
                    with self.subTest(mode=mode, protocol=protocol):
                        # One row that always fails is refused; more of them would open the breaker.
                        rows = 1 if mode in ("error500", "huge") else 4
                        found = ask(protocol, server, layout="columns", binary=0, rows=rows, draw=rows,
                                    timeout=3000 if mode == "huge" else 300, retries=1, breakerPause=20)
                        self.expect(found, scored=0, answered=rows, **{kind: rows})
                        self.assertIn(words, found["firstFailure"])

    def test_every_failure_is_told_over_grpc(self):
        # Behind the first failures of a server that always fails the breaker opens: unavailable.
        cases = {"error500": ("unavailable", "INTERNAL: mode error500: ü"), "busy503": ("unavailable", "UNAVAILABLE"),
                 "missing404": ("unavailable", "NOT_FOUND"), "redirect": ("unavailable", "UNIMPLEMENTED"),
                 "hang": ("unavailable", ""), "truncated": ("refused", ""), "huge": ("unavailable", "larger than")}
        for mode, (kind, words) in cases.items():
            with Server("--tensor", "2") as server:
                for protocol in ("V2_GRPC", "TFS_GRPC"):
                    with self.subTest(mode=mode, protocol=protocol):
                        server.control(mode="ok")
                        process = start(protocol, server, rows=4, draw=4, batch=4, timeout=300, retries=1,
                                        breakerPause=20)
                        found = finish(process)
                        self.expect(found, scored=4)
                        # The metadata are asked for under the same mode, so it is set behind them.
                        found = self.askAfterMetadata(protocol, server, mode)
                        self.expect(found, answered=20000)
                        self.assertGreater(found[kind], 0, found)
                        self.assertEqual(found["wrong"], 0)
                        self.assertIn(words, found["firstFailure"])

    def askAfterMetadata(self, protocol, server, mode):
        server.control(mode="slow", delay=0.02)
        before = server.control()["requests"]
        process = start(protocol, server, rows=20000, draw=100, batch=100, inFlight=2, retries=1, breakerPause=20,
                        timeout=3000 if mode == "huge" else 300)
        while server.control()["requests"] < before + 3:
            time.sleep(0.01)
        server.control(mode=mode)
        threading.Timer(3, server.control, kwargs={"mode": "ok"}).start()
        found = finish(process)
        time.sleep(max(0, 3.2 - found["seconds"]))
        return found

    def test_a_server_that_is_not_there(self):
        with Server() as server:
            pass
        for protocol in PROTOCOLS:
            self.assertIn("the model server at", ask(protocol, server)["error"])

    def test_a_model_that_is_not_there(self):
        with Server() as server:
            for protocol in PROTOCOLS:
                error = ask(protocol, server, model="no/such model")["error"]
                self.assertRegex(error, "404|NOT_FOUND")

    def test_an_address_off_the_list(self):
        with Server() as server:
            for protocol in PROTOCOLS:
                self.assertIn("models.rpc.allow", ask(protocol, server, allow="10.0.0.0/8")["error"])


class ReturningServers(Asking):
    """Rows that wait lose nothing while the server is slow, killed or hanging, and are scored when it is back."""

    def test_killed_and_started_again_under_load(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol):
                server = Server("--tensor", "4", "--mode", "slow", "--delay", "0.005")
                try:
                    process = start(protocol, server, rows=40000, draw=100, batch=100, wait=1, timeout=500,
                                    inFlight=4, patience=60000)
                    for _ in range(3):
                        time.sleep(0.4)
                        server.kill()
                        time.sleep(0.3)
                        server = Server("--tensor", "4", "--mode", "slow", "--delay", "0.005", port=server.port,
                                        grpcPort=server.grpcPort)
                    found = finish(process, 90)
                    self.expect(found, scored=40000, **ALL_FINE)
                    self.assertGreater(found["retries"], 0)
                finally:
                    server.kill()

    def test_hanging_for_a_while(self):
        for protocol in PROTOCOLS:
            with self.subTest(protocol=protocol), Server("--tensor", "4", "--mode", "slow", "--delay",
                                                         "0.02") as server:
                process = start(protocol, server, rows=20000, draw=100, batch=100, wait=1, timeout=200, inFlight=4,
                                patience=60000)
                time.sleep(0.5)
                server.control(mode="hang")
                time.sleep(1.5)
                server.control(mode="ok")
                found = finish(process, 90)
                self.expect(found, scored=20000, **ALL_FINE)
                self.assertGreater(found["timeouts"], 0)

    def test_stopped_and_continued(self):
        with Server("--tensor", "4") as server:
            process = start("V2_GRPC", server, rows=200000, draw=500, wait=1, timeout=300, patience=60000)
            time.sleep(0.3)
            server.process.send_signal(signal.SIGSTOP)
            time.sleep(1)
            server.process.send_signal(signal.SIGCONT)
            self.expect(finish(process, 90), scored=200000, **ALL_FINE)


if os.environ.get("AUSPEX_FULL"):
    from mlflowTest import RealRegistryCase  # noqa: F401
    from mlserverTopics import RealServerBehindTopics  # noqa: F401

    class RealServer(Asking):
        """MLServer with an XGBoost model gives what the engine's own forest gives, missing values among the rows."""

        def setUp(self):
            self.server = MlServer()
            self.model = self.server.model

        def tearDown(self):
            self.server.close()

        def endpoint(self, protocol):
            return f"127.0.0.1:{self.server.grpcPort if protocol.endswith('GRPC') else self.server.httpPort}"

        def test_scores_are_the_engines_own(self):
            for protocol in ("V2_HTTP", "V2_GRPC"):
                for binary in (0, 1):
                    with self.subTest(protocol=protocol, binary=binary):
                        found = ask(protocol, self, features=5, embedded=self.model, rows=4000, binary=binary)
                        self.expect(found, scored=4000, retries=0, **ALL_FINE)

        def test_what_it_says_of_wrong_features(self):
            for protocol in ("V2_HTTP", "V2_GRPC"):
                with self.subTest(protocol=protocol):
                    found = ask(protocol, self, features=4, rows=1, draw=1)
                    self.expect(found, refused=1)
                    self.assertIn("Feature shape mismatch", found["firstFailure"])


if __name__ == "__main__":
    suiteMain.main()
