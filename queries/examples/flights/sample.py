# SPDX-License-Identifier: Apache-2.0
"""Writes flights-sample.csv: every eleventh departure from October on, in the package's order.

Usage: sample.py [FILE]
"""
import pathlib
import sys

import departures

EVERY = 11


def main():
    here = pathlib.Path(__file__).parent
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "flights-sample.csv"
    flights = departures.read()
    flights = flights[flights["month"] >= departures.FIRST_HELD_OUT_MONTH]
    flights = flights.sort_values("time_hour", kind="stable").iloc[::EVERY]
    flights.to_csv(path, index=False, lineterminator="\n")
    print(f"{path.name}: {len(flights)} departures, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
