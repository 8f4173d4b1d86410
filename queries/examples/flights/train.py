# SPDX-License-Identifier: Apache-2.0
"""Trains late_arrival.ubj on the departures before October and judges it on those from October on.

Usage: train.py [OUT_DIR]    (this folder when absent) writes late_arrival.ubj and training.json
Deterministic: one thread and a fixed seed. About 5 seconds.
"""
import json
import pathlib
import sys

import numpy as np
import xgboost as xgb

import departures

ROUNDS = 100
PARAMETERS = {
    "objective": "binary:logistic",
    "tree_method": "hist",
    "max_depth": 6,
    "eta": 0.1,
    "min_child_weight": 100,  # leaves of few flights learn the day, not the delay
    "seed": 2013,
    "nthread": 1,
}


def area_under_curve(label, score):
    """Probability that a late flight is ranked above one in time; ties count half."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    ranks = (last_rank - (counts - 1) / 2)[inverse]
    late = int(label.sum())
    return float((ranks[label].sum() - late * (late + 1) / 2) / (late * (len(label) - late)))


def matrix(columns, label):
    return xgb.DMatrix(columns, label=label, enable_categorical=True, nthread=1)


def main():
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    flights = departures.read()
    columns = departures.features(flights)
    usable = departures.landed(flights)
    held_out = flights["month"] >= departures.FIRST_HELD_OUT_MONTH

    def part(rows):
        return columns[rows], departures.late(flights[rows]).to_numpy(dtype=bool)

    train_columns, train_label = part(usable & ~held_out)
    test_columns, test_label = part(usable & held_out)
    model = xgb.train(PARAMETERS, matrix(train_columns, train_label), ROUNDS)
    score = model.predict(matrix(test_columns, test_label))

    path = out / "late_arrival.ubj"
    model.save_model(path)
    report = {
        "xgboost": xgb.__version__,
        "trainedOn": len(train_label),
        "heldOut": len(test_label),
        "heldOutLate": round(float(test_label.mean()), 4),
        "heldOutAuc": round(area_under_curve(test_label, score), 4),
        "features": departures.FEATURES,
        "notFeatures": departures.LEAKING,
    }
    (out / "training.json").write_text(json.dumps(report, indent=2) + "\n")
    print(f"{path.name}: {path.stat().st_size} bytes, {ROUNDS} trees, {len(train_label)} departures")
    print(f"held-out AUC {report['heldOutAuc']:.4f} on {len(test_label)} departures from October on")


if __name__ == "__main__":
    main()
