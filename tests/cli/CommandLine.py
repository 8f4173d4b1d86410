# SPDX-License-Identifier: Apache-2.0
"""Starts the built engine as a user would, in a folder of its own."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = os.environ.get("AUSPEX_ROOT") or os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
TREE = os.environ.get("AUSPEX_TREE") or os.path.join(ROOT, "build/release")
BINARY = os.path.join(TREE, "engine/auspex")
PATIENCE = 60

PAYMENTS = """
CREATE SOURCE CONNECTOR payments_file WITH ('connector.class'='file', 'path'='payments.csv', 'topic'='payments',
  'key'='id'{more});
CREATE STREAM payments (id VARCHAR KEY, amount DOUBLE) WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON');
CREATE STREAM big AS SELECT id, amount FROM payments WHERE amount > 10 EMIT CHANGES;
"""


def until(condition, what):
    """Waits for a condition; an AssertionError names it when it does not come."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {PATIENCE} s for {what}")
        time.sleep(0.01)


class CommandLineCase(unittest.TestCase):
    """A folder with files, and the engine started in it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="auspex cli ")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.environment = dict(os.environ, HOME=self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def append(self, name, text):
        with open(self.path(name), "a", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def payments(self, count, more=""):
        """The program of most cases, and its file of `count` payments of 1.5, 2.5 and so on."""
        self.write("program.sql", PAYMENTS.format(more=more))
        self.write("payments.csv", "id,amount\n" + "".join(f"k{i},{i}.5\n" for i in range(1, count + 1)))

    def auspex(self, *arguments, code=0, text=None):
        """Runs to its end; returns standard output and standard error."""
        done = subprocess.run([BINARY, *arguments], cwd=self.folder, env=self.environment, input=text,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE, text=True,
                              check=False)
        self.assertEqual(done.returncode, code, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done.stdout, done.stderr

    def start(self, *arguments):
        """Starts in the background; its standard output and error go to the files out and err."""
        with open(self.path("out"), "wb") as out, open(self.path("err"), "wb") as err:
            process = subprocess.Popen([BINARY, *arguments], cwd=self.folder, env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.addCleanup(self.end, process)
        return process

    def startEndless(self, *arguments):
        """A run that goes on; returns when shells may attach."""
        process = self.start("run", "program.sql", *arguments)
        until(lambda: os.path.exists(self.path("auspex-data/shell.sock")) or process.poll() is not None,
              "the run's socket")
        self.assertIsNone(process.poll(), self.read("err"))
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def interrupt(self, process):
        """Ctrl-C; returns the exit code and the seconds it took."""
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        code = process.wait(PATIENCE)
        return code, time.monotonic() - begin

    def records(self, topic):
        """The records of a topic, as `topics print` shows them."""
        output, _ = self.auspex("topics", "print", topic)
        return [json.loads(line) for line in output.splitlines()]
