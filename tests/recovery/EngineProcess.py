# SPDX-License-Identifier: Apache-2.0
"""One process of the engine: started on a program, watched, killed or waited for."""
import os
import pathlib
import signal
import subprocess
import time

KILLED = -signal.SIGKILL


class EngineError(Exception):
    """The engine did not do what a test needs; the message holds what it printed."""


def binary():
    """AUSPEX_BINARY, or the engine of the tree that tests/run has built."""
    named = os.environ.get("AUSPEX_BINARY")
    found = pathlib.Path(named or pathlib.Path(os.environ["AUSPEX_TREE"]) / "engine" / "auspex")
    if not os.access(found, os.X_OK):
        raise EngineError(f"{found} is missing: the suites run by tests/run")
    return str(found)


class EngineProcess:
    """Runs in a folder of its own; standard output and error go to files there."""

    def __init__(self, arguments, folder, kill_point=None):
        """kill_point: 'name:n', where the engine kills itself (engine/runtime/KillPoints.h)."""
        self._output = pathlib.Path(folder) / "engine.out"
        self._errors = pathlib.Path(folder) / "engine.err"
        environment = {**os.environ}
        environment.pop("AUSPEX_KILL_POINT", None)
        if kill_point:
            environment["AUSPEX_KILL_POINT"] = kill_point
        with open(self._output, "wb") as output, open(self._errors, "wb") as errors:
            self._process = subprocess.Popen([binary(), *arguments], cwd=folder, env=environment,
                                             stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        self.code = None
        self.peak_bytes = 0  # of memory in use, as far as wait() has seen

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._reap(os.WNOHANG) is None

    def kill(self):
        """kill -9; returns when the process is gone. Its code tells whether it was quicker."""
        if self.code is None:
            os.kill(self._process.pid, signal.SIGKILL)
        return self._reap(0)

    def wait(self, seconds):
        """Its exit code, KILLED after kill -9. Raises EngineError when it takes longer."""
        end = time.monotonic() + seconds
        while self.running:
            if time.monotonic() > end:
                self.kill()
                raise EngineError(f"still running after {seconds} s: {self.said()}")
            self._note_memory()
            time.sleep(0.005)
        return self.code

    def _note_memory(self):
        """The kernel's own high-water mark. The one of wait4 would count this Python's memory,
        which the process shares between fork and exec."""
        try:
            status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak_bytes = int(line.split()[1]) * 1024

    def _reap(self, flags):
        if self.code is None:
            pid, status = os.waitpid(self._process.pid, flags)
            if pid:
                self.code = self._process.returncode = os.waitstatus_to_exitcode(status)
        return self.code

    def printed(self):
        return self._output.read_text()

    def said(self):
        """The end of its standard error."""
        return self._errors.read_text(errors="replace")[-3000:]


def run(arguments, folder, seconds=240):
    """Runs to a good end and returns the process. Raises EngineError otherwise."""
    process = EngineProcess(arguments, folder)
    if process.wait(seconds) != 0:
        raise EngineError(f"ended with {process.code}: {process.said()}")
    return process
