# SPDX-License-Identifier: Apache-2.0
"""The engine that is measured."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def find(given):
    """The one that was named, else that of the tree under test, else the one that the launcher builds."""
    for path in [given, os.path.join(os.environ.get("AUSPEX_TREE", ""), "engine", "auspex"),
                 ROOT / "build" / "release" / "engine" / "auspex"]:
        if path and os.access(path, os.X_OK):
            return os.path.abspath(path)
    raise SystemExit("no engine: build one (./auspex --version) or name it (--engine PATH)")
