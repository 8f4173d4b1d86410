#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the small models beside this file, each with rows and what its maker predicts for them.

Run it once with each version of XGBoost named in MODELS (1.0.2, 1.7.6, 2.1.4, 3.2.0, 3.4.1), each in
an environment of its own with numpy and pandas; it makes the files of the version that it finds:

    python3 -m venv env && env/bin/pip install xgboost-cpu==3.2.0 pandas && env/bin/python make.py

<what>-<version>.json|ubj is a model. <what>-<version>.expected holds its rows: a line of counts, then
per row the features, the margins and the values of predict(), as float32 in text, nan = missing.
"""

import os
import sys

import numpy as np
import pandas as pd
import xgboost as xgb

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = xgb.__version__
COLORS = ["red", "green", "blue", "naïve", "", "black", "white", "grey", "pink", "gold"]
STORES = [7, 11, 400, -3, 9_000_000_000, 12]

random = np.random.default_rng(20)


def make_rows(count):
    """Five features: two normal, one of a few integers, two of categories as codes."""
    rows = np.empty((count, 5), dtype=np.float32)
    rows[:, 0] = random.normal(size=count)
    rows[:, 1] = random.normal(scale=100, size=count)
    rows[:, 2] = random.integers(0, 4, count)
    rows[:, 3] = random.integers(0, len(COLORS), count)
    rows[:, 4] = random.integers(0, len(STORES), count)
    rows[random.random(rows.shape) < 0.12] = np.nan
    return rows


def make_signal(rows):
    clean = np.nan_to_num(rows, nan=0.5)
    signal = clean[:, 0] + clean[:, 1] / 80 - 0.4 * clean[:, 2]
    signal += np.isin(clean[:, 3], [0, 3, 4, 7]) * 1.5 - (clean[:, 4] == 2) * 2
    return signal + random.normal(scale=0.3, size=len(rows))


def make_label(kind, signal):
    if kind == "binary":
        return (signal > 0).astype(float)
    if kind == "classes":
        return np.digitize(signal, [-1, 0.5]).astype(float)
    if kind == "count":
        return np.floor(np.exp(signal / 3))
    if kind == "positive":
        return np.exp(signal / 2) + 0.01
    if kind == "targets":
        return np.stack([signal, 3 - 2 * signal], axis=1)
    return signal


# what, objective, label, versions, format, further parameters
MODELS = [
    ("logistic", "binary:logistic", "binary", "1.0.2 1.7.6 2.1.4 3.2.0 3.4.1", "json", {}),
    ("logisticBinary", "binary:logistic", "binary", "1.7.6 2.1.4 3.2.0 3.4.1", "ubj", {}),
    ("regression", "reg:squarederror", "value", "1.7.6 3.2.0", "ubj", {}),
    ("regressionForest", "reg:squarederror", "value", "2.1.4", "json",
     {"num_parallel_tree": 3, "subsample": 0.6, "rounds": 2}),
    ("deep", "reg:squarederror", "value", "3.2.0", "ubj",
     {"max_depth": 0, "max_leaves": 40, "grow_policy": "lossguide", "min_child_weight": 0, "rounds": 3}),
    ("pruned", "reg:squarederror", "value", "1.7.6", "json", {"gamma": 12.0, "tree_method": "exact"}),
    ("softprob", "multi:softprob", "classes", "1.0.2 1.7.6 3.2.0 3.4.1", "json", {"num_class": 3}),
    ("softmax", "multi:softmax", "classes", "1.7.6 3.2.0", "ubj", {"num_class": 3}),
    ("poisson", "count:poisson", "count", "1.7.6 3.2.0", "json", {}),
    ("gamma", "reg:gamma", "positive", "2.1.4", "ubj", {}),
    ("tweedie", "reg:tweedie", "positive", "3.2.0", "ubj", {}),
    ("cox", "survival:cox", "positive", "2.1.4", "ubj", {}),
    ("aft", "survival:aft", "bounds", "3.2.0", "ubj", {}),
    ("hinge", "binary:hinge", "binary", "3.2.0", "ubj", {}),
    ("logitraw", "binary:logitraw", "binary", "3.2.0", "ubj", {}),
    ("regLogistic", "reg:logistic", "binary", "1.7.6", "ubj", {}),
    ("huber", "reg:pseudohubererror", "value", "2.1.4", "ubj", {}),
    ("absolute", "reg:absoluteerror", "value", "3.2.0", "ubj", {}),
    ("logError", "reg:squaredlogerror", "positive", "3.2.0", "ubj", {}),
    ("quantile", "reg:quantileerror", "value", "2.1.4 3.4.1", "ubj",
     {"quantile_alpha": np.array([0.1, 0.5, 0.9]), "rounds": 2}),
    ("ranking", "rank:pairwise", "groups", "3.2.0", "ubj", {}),
    ("targets", "reg:squarederror", "targets", "2.1.4 3.2.0", "ubj", {}),
    ("dart", "binary:logistic", "binary", "1.7.6 3.2.0 3.4.1", "ubj", {"booster": "dart", "rate_drop": 0.4}),
    ("oneHot", "binary:logistic", "binary", "1.7.6 3.2.0", "json",
     {"types": "codes", "max_cat_to_onehot": 100, "tree_method": "hist"}),
    ("partition", "binary:logistic", "binary", "1.7.6 2.1.4 3.4.1", "ubj",
     {"types": "codes", "max_cat_to_onehot": 1, "tree_method": "hist"}),
    ("dictionary", "reg:squarederror", "value", "3.2.0 3.4.1", "ubj",
     {"types": "pandas", "max_cat_to_onehot": 1}),
    ("dictionaryAscii", "reg:squarederror", "value", "3.2.0", "json",
     {"types": "pandasAscii", "max_cat_to_onehot": 1}),
    ("stopped", "binary:logistic", "binary", "1.7.6 3.2.0", "ubj", {"stops": True}),
]


def make_matrix(rows, label, kind, types):
    """types: None, "codes" (categories as codes), "pandas" or "pandasAscii" (categories by their names;
    versions 3.1 to 3.3 write wrong offsets into the dictionary when a name is not ASCII)."""
    options = {"missing": np.nan}
    names = ["amount", "Score x", "n", "color", "store"]
    if types in ("pandas", "pandasAscii"):
        colors = [name.replace("ï", "i") for name in COLORS] if types == "pandasAscii" else COLORS
        data = pd.DataFrame(rows, columns=names)
        for name, values in (("color", colors), ("store", STORES)):
            codes = data[name].fillna(-1).astype(int)
            data[name] = pd.Categorical.from_codes(codes, categories=values)
        options["enable_categorical"] = True
    else:
        data = rows
        options["feature_names"] = names
        if types == "codes":
            options["feature_types"] = ["float", "float", "int", "c", "c"]
            options["enable_categorical"] = True
    if kind == "bounds":
        matrix = xgb.DMatrix(data, **options)
        matrix.set_float_info("label_lower_bound", label)
        matrix.set_float_info("label_upper_bound", np.where(label > 1.5, np.inf, label))
        return matrix
    matrix = xgb.DMatrix(data, label, **options)
    if kind == "groups":
        matrix.set_group([20] * (len(rows) // 20))
    return matrix


def train(objective, kind, parameters):
    rows = make_rows(400)
    signal = make_signal(rows)
    label = make_label({"bounds": "positive", "groups": "binary"}.get(kind, kind), signal)
    parameters = dict(parameters)
    types = parameters.pop("types", None)
    rounds = parameters.pop("rounds", 2 if "num_class" in parameters or kind == "targets" else 3)
    stops = parameters.pop("stops", False)
    options = {"objective": objective, "max_depth": 3, "eta": 0.5, "seed": 1, "nthread": 1}
    options.update(parameters)
    data = make_matrix(rows, label, kind, types)
    if not stops:
        return xgb.train(options, data, rounds), types
    flipped = make_matrix(rows[:100], 1 - label[:100] * (random.random(100) < 0.8), kind, types)
    return xgb.train(options, data, 30, evals=[(flipped, "flipped")], early_stopping_rounds=4,
                     verbose_eval=False), types


def test_rows():
    """Ordinary rows, and the edges: all missing, zeros of both signs, large ones, odd categories."""
    rows = make_rows(32)
    edges = np.array([[np.nan] * 5, [0, 0, 0, 0, 0], [-0.0, -0.0, -0.0, -0.0, -0.0],
                      [3e38, -3e38, 1e-42, 9, 5], [-1, 1e9, 2.5, 1.7, 0.2]], dtype=np.float32)
    return np.vstack([rows, edges])


def write_expected(path, booster, types, best):
    rows = test_rows()
    names = booster.feature_names
    options = {"missing": np.nan, "feature_names": names}
    if types is not None:
        options["feature_types"] = booster.feature_types
        options["enable_categorical"] = True
        # Fractional codes are not valid input of every version.
        rows[:, 3:] = np.floor(rows[:, 3:])
    matrix = xgb.DMatrix(rows, **options)
    span = {"iteration_range": (0, booster.best_iteration + 1)} if best else {}
    if not best and VERSION >= "1.4":
        span = {"iteration_range": (0, 0)}
    margins = booster.predict(matrix, output_margin=True, **span).reshape(len(rows), -1)
    values = booster.predict(matrix, **span).reshape(len(rows), -1)
    with open(path, "w") as out:
        out.write(f"{len(rows)} {rows.shape[1]} {margins.shape[1]} {values.shape[1]}\n")
        for row in np.hstack([rows, margins, values]).astype(np.float32):
            out.write(" ".join(f"{value:.9g}" for value in row) + "\n")


def make_refused():
    """Models that the reader must refuse with a reason."""
    rows = make_rows(100)
    signal = make_signal(rows)
    data = make_matrix(rows, signal, "value", None)
    if VERSION == "1.7.6":
        booster = xgb.train({"max_depth": 2}, data, 2)
        with open(os.path.join(HERE, f"refusedOldBinary-{VERSION}.model"), "wb") as out:
            out.write(booster.save_raw("deprecated"))


def main():
    for what, objective, kind, versions, suffix, parameters in MODELS:
        if VERSION not in versions.split():
            continue
        booster, types = train(objective, kind, parameters)
        path = os.path.join(HERE, f"{what}-{VERSION}")
        booster.save_model(f"{path}.{suffix}")
        write_expected(f"{path}.expected", booster, types, False)
        if parameters.get("stops"):
            write_expected(f"{path}.best.expected", booster, types, True)
    make_refused()


if __name__ == "__main__":
    sys.exit(main())
