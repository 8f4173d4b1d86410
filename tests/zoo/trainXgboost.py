# SPDX-License-Identifier: Apache-2.0
"""Trains the XGBoost models of the zoo with whatever version of XGBoost runs this, and scores rows with them.

  python trainXgboost.py FOLDER [--seed N] [--only NAME...]

Writes FOLDER/NAME-VERSION.json|ubj and FOLDER/NAME-VERSION.scores; the first line of the latter is
  rows features margins values leaves contributions
(numbers per row of each kind, 0 for what the version cannot give), then per row these numbers in this order,
nan for missing. Models that the version cannot train are left out.
"""
import os
import sys

import numpy as np
import xgboost as xgb

from scores import parseArguments, writeScores

VERSION = xgb.__version__
NUMBERS = tuple(int(part) for part in VERSION.split(".")[:2])
NAMES = ["amount", "Score x", "n", "color", "store"]
COLORS = ["red", "green", "blue", "navy", "", "black", "white", "grey", "pink", "gold"]
STORES = [7, 11, 400, -3, 9_000_000_000, 12]

# name, objective, kind of label, first version that has it, parameters. "rounds" and "types" are ours.
MODELS = [
    ("logistic", "binary:logistic", "binary", (1, 0), {}),
    ("logisticUnnamed", "binary:logistic", "binary", (1, 0), {"types": "unnamed"}),
    ("regLogistic", "reg:logistic", "binary", (1, 0), {}),
    ("logitraw", "binary:logitraw", "binary", (1, 0), {}),
    ("hinge", "binary:hinge", "binary", (1, 0), {}),
    ("squared", "reg:squarederror", "value", (1, 0), {}),
    ("logError", "reg:squaredlogerror", "positive", (1, 0), {}),
    ("huber", "reg:pseudohubererror", "value", (1, 3), {}),
    ("absolute", "reg:absoluteerror", "value", (1, 7), {}),
    ("quantile", "reg:quantileerror", "value", (2, 0), {"quantile_alpha": [0.5]}),
    ("quantiles", "reg:quantileerror", "value", (2, 0), {"quantile_alpha": [0.1, 0.5, 0.9], "rounds": 2}),
    ("expectiles", "reg:expectileerror", "value", (3, 3), {"expectile_alpha": [0.1, 0.5, 0.9], "rounds": 2}),
    ("softprob", "multi:softprob", "classes", (1, 0), {"num_class": 3, "rounds": 2}),
    ("softmax", "multi:softmax", "classes", (1, 0), {"num_class": 3, "rounds": 2}),
    ("poisson", "count:poisson", "count", (1, 0), {}),
    ("gamma", "reg:gamma", "positive", (1, 0), {}),
    ("tweedie", "reg:tweedie", "positive", (1, 0), {"tweedie_variance_power": 1.3}),
    ("cox", "survival:cox", "positive", (1, 0), {}),
    ("aft", "survival:aft", "bounds", (1, 1), {}),
    ("pairwise", "rank:pairwise", "groups", (1, 0), {}),
    ("ndcg", "rank:ndcg", "groups", (1, 0), {}),
    ("map", "rank:map", "groups", (1, 0), {}),
    ("forest", "reg:squarederror", "value", (1, 0), {"num_parallel_tree": 3, "subsample": 0.6, "rounds": 2}),
    ("forestClasses", "multi:softprob", "classes", (1, 0),
     {"num_class": 3, "num_parallel_tree": 2, "subsample": 0.6, "rounds": 2}),
    ("targets", "reg:squarederror", "targets", (1, 6), {"rounds": 2}),
    ("vectorLeaves", "reg:squarederror", "targets", (2, 0),
     {"multi_strategy": "multi_output_tree", "tree_method": "hist", "rounds": 2}),
    ("vectorClasses", "multi:softprob", "classes", (2, 0),
     {"num_class": 3, "multi_strategy": "multi_output_tree", "tree_method": "hist", "rounds": 2}),
    ("dart", "binary:logistic", "binary", (1, 0), {"booster": "dart", "rate_drop": 0.4, "rounds": 5}),
    ("dartClasses", "multi:softprob", "classes", (1, 0),
     {"booster": "dart", "rate_drop": 0.5, "num_class": 3, "rounds": 3}),
    ("linear", "reg:squarederror", "value", (1, 0), {"booster": "gblinear"}),
    ("linearClasses", "multi:softprob", "classes", (1, 0), {"booster": "gblinear", "num_class": 3}),
    ("deep", "reg:squarederror", "value", (1, 0),
     {"max_depth": 0, "max_leaves": 40, "grow_policy": "lossguide", "min_child_weight": 0,
      "tree_method": "hist", "rounds": 2}),
    ("pruned", "reg:squarederror", "value", (1, 0), {"gamma": 12.0, "tree_method": "exact"}),
    ("oneHot", "binary:logistic", "binary", (1, 6),
     {"types": "codes", "max_cat_to_onehot": 100, "tree_method": "hist"}),
    ("partition", "binary:logistic", "binary", (1, 6),
     {"types": "codes", "max_cat_to_onehot": 1, "tree_method": "hist"}),
    ("dictionary", "multi:softprob", "classes", (3, 1),
     {"types": "pandas", "max_cat_to_onehot": 1, "tree_method": "hist", "num_class": 3, "rounds": 2}),
]


def makeRows(random, count):
    """Five features: two normal, one of a few integers, two of categories as codes; an eighth is missing."""
    rows = np.empty((count, 5), dtype=np.float32)
    rows[:, 0] = random.normal(size=count)
    rows[:, 1] = random.normal(scale=100, size=count)
    rows[:, 2] = random.integers(0, 4, count)
    rows[:, 3] = random.integers(0, len(COLORS), count)
    rows[:, 4] = random.integers(0, len(STORES), count)
    rows[random.random(rows.shape) < 0.12] = np.nan
    return rows


def makeLabel(random, kind, rows):
    clean = np.nan_to_num(rows, nan=0.5)
    signal = clean[:, 0] + clean[:, 1] / 80 - 0.4 * clean[:, 2]
    signal += np.isin(clean[:, 3], [0, 3, 4, 7]) * 1.5 - (clean[:, 4] == 2) * 2
    signal += random.normal(scale=0.3, size=len(rows))
    if kind in ("binary", "groups"):
        return (signal > 0).astype(float)
    if kind == "classes":
        return np.digitize(signal, [-1, 0.5]).astype(float)
    if kind == "count":
        return np.floor(np.exp(signal / 3))
    if kind in ("positive", "bounds"):
        return np.exp(signal / 2) + 0.01
    if kind == "targets":
        return np.stack([signal, 3 - 2 * signal], axis=1)
    return signal


def makeMatrix(rows, types):
    options = {"missing": np.nan}
    data = rows
    if types == "pandas":
        import pandas
        data = pandas.DataFrame(rows, columns=NAMES)
        for name, values in (("color", COLORS), ("store", STORES)):
            codes = data[name].fillna(-1).astype(int)
            data[name] = pandas.Categorical.from_codes(codes, categories=values)
        options["enable_categorical"] = True
    elif types != "unnamed":
        options["feature_names"] = NAMES
        if types == "codes":
            options["feature_types"] = ["float", "float", "int", "c", "c"]
            options["enable_categorical"] = True
    return xgb.DMatrix(data, **options)


def train(random, objective, kind, parameters):
    rows = makeRows(random, 300)
    label = makeLabel(random, kind, rows)
    options = {"objective": objective, "max_depth": 3, "eta": 0.5, "seed": 1, "nthread": 1}
    options.update(parameters)
    types = options.pop("types", None)
    rounds = options.pop("rounds", 3)
    for name in ("quantile_alpha", "expectile_alpha"):
        if name in options:
            options[name] = np.array(options[name])
    if options.get("booster") == "gblinear":
        options.pop("max_depth")
        rows = np.nan_to_num(rows)
    data = makeMatrix(rows, types)
    if kind == "bounds":
        data.set_float_info("label_lower_bound", label)
        data.set_float_info("label_upper_bound", np.where(label > 1.5, np.inf, label))
    else:
        data.set_label(label)
    if kind == "groups":
        data.set_group([20] * (len(rows) // 20))
    return xgb.train(options, data, rounds)


def scoredRows(random, types, booster):
    """Ordinary rows, and the edges: all missing, zeros of both signs, large ones, odd categories."""
    rows = makeRows(random, 20)
    edges = np.array([[np.nan] * 5, [0, 0, 0, 0, 0], [-0.0, -0.0, -0.0, -0.0, -0.0],
                      [3e30, -3e30, 1e-42, 9, 5], [-1, 1e9, 2, 1, 0]], dtype=np.float32)
    if booster == "gblinear":
        edges = edges[:3]
    return np.vstack([rows, edges])


def numbersOf(booster, matrix, count, **options):
    try:
        return np.asarray(booster.predict(matrix, **options), dtype=np.float64).reshape(count, -1)
    except (xgb.core.XGBoostError, ValueError, NotImplementedError):
        return np.zeros((count, 0))


def scoresOf(booster, rows, types):
    matrix = makeMatrix(rows, types)
    count = len(rows)
    parts = [numbersOf(booster, matrix, count, output_margin=True), numbersOf(booster, matrix, count),
             numbersOf(booster, matrix, count, pred_leaf=True),
             numbersOf(booster, matrix, count, pred_contribs=True)]
    if not all(np.isfinite(part).all() for part in parts[3:]):
        parts[3] = np.zeros((count, 0))
    return parts


def main():
    arguments = parseArguments()
    for place, (name, objective, kind, since, parameters) in enumerate(MODELS):
        if NUMBERS < since or (arguments.only and name not in arguments.only):
            continue
        random = np.random.default_rng([arguments.seed, place])
        path = os.path.join(arguments.folder, name + "-" + VERSION)
        suffix = ".ubj" if NUMBERS >= (1, 6) and place % 2 == 0 else ".json"
        try:
            booster = train(random, objective, kind, parameters)
            booster.save_model(path + suffix)
        except (xgb.core.XGBoostError, ValueError, TypeError) as error:
            print("%s: %s has none: %s" % (name, VERSION, str(error).splitlines()[0][:100]), file=sys.stderr)
            continue
        types = parameters.get("types")
        rows = scoredRows(random, types, parameters.get("booster"))
        writeScores(path + ".scores", rows, scoresOf(booster, rows, types), "%.9g")


if __name__ == "__main__":
    main()
