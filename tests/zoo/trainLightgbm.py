# SPDX-License-Identifier: Apache-2.0
"""Trains the LightGBM models of the zoo with whatever version of LightGBM runs this, and scores rows with them.

  python trainLightgbm.py FOLDER [--seed N] [--only NAME...]

Writes FOLDER/NAME-lightgbm-VERSION.txt and the .scores beside it, as trainXgboost.py does, in double precision.
"""
import os

import lightgbm as lgb
import numpy as np

from scores import parseArguments, writeScores

VERSION = lgb.__version__
NAMES = ["amount", "score", "n", "color", "store"]

# name, kind of label, parameters; "rounds" and "zeros" (a third of each feature is 0) are ours.
MODELS = [
    ("binary", "binary", {"objective": "binary"}),
    ("binarySigmoid", "binary", {"objective": "binary", "sigmoid": 0.7}),
    ("regression", "value", {"objective": "regression"}),
    ("regressionSqrt", "positive", {"objective": "regression", "reg_sqrt": True}),
    ("l1", "value", {"objective": "regression_l1"}),
    ("huber", "value", {"objective": "huber"}),
    ("fair", "value", {"objective": "fair"}),
    ("quantile", "value", {"objective": "quantile", "alpha": 0.7}),
    ("mape", "positive", {"objective": "mape"}),
    ("poisson", "count", {"objective": "poisson"}),
    ("gamma", "positive", {"objective": "gamma"}),
    ("tweedie", "positive", {"objective": "tweedie"}),
    ("multiclass", "classes", {"objective": "multiclass", "num_class": 3, "rounds": 2}),
    ("multiclassova", "classes", {"objective": "multiclassova", "num_class": 3, "rounds": 2}),
    ("crossEntropy", "share", {"objective": "cross_entropy"}),
    ("crossEntropyLambda", "share", {"objective": "cross_entropy_lambda"}),
    ("lambdarank", "groups", {"objective": "lambdarank"}),
    ("xendcg", "groups", {"objective": "rank_xendcg"}),
    ("randomForest", "binary", {"objective": "binary", "boosting": "rf", "bagging_freq": 1,
                                "bagging_fraction": 0.7, "feature_fraction": 0.8}),
    ("dart", "binary", {"objective": "binary", "boosting": "dart", "rounds": 5}),
    ("zeroAsMissing", "value", {"objective": "regression", "zero_as_missing": True, "zeros": True}),
    ("noMissing", "value", {"objective": "regression", "use_missing": False, "zeros": True}),
    ("noCategories", "value", {"objective": "regression", "categories": []}),
]


def makeRows(random, count, zeros):
    rows = np.empty((count, 5))
    rows[:, 0] = random.normal(size=count)
    rows[:, 1] = random.normal(scale=100, size=count)
    rows[:, 2] = random.integers(0, 4, count)
    rows[:, 3] = random.integers(0, 40, count)
    rows[:, 4] = random.integers(0, 6, count)
    if zeros:
        rows[random.random(rows.shape) < 0.3] = 0
    rows[random.random(rows.shape) < 0.12] = np.nan
    return rows


def makeLabel(random, kind, rows):
    clean = np.nan_to_num(rows, nan=0.5)
    signal = clean[:, 0] + clean[:, 1] / 80 - 0.4 * clean[:, 2]
    signal += np.isin(clean[:, 3], [0, 3, 4, 7, 33, 39]) * 2.5 - (clean[:, 4] == 2) * 2
    signal += random.normal(scale=0.3, size=len(rows))
    if kind in ("binary", "groups"):
        return (signal > 0).astype(float)
    if kind == "classes":
        return np.digitize(signal, [-1, 0.5]).astype(float)
    if kind == "count":
        return np.floor(np.exp(signal / 3))
    if kind == "positive":
        return np.exp(signal / 2) + 0.01
    if kind == "share":
        return 1 / (1 + np.exp(-signal))
    return signal


def train(random, kind, parameters):
    options = {"num_leaves": 8, "learning_rate": 0.3, "min_data_in_leaf": 5, "seed": 1, "num_threads": 1,
               "deterministic": True, "force_row_wise": True, "verbosity": -1, "min_data_per_group": 5,
               "cat_smooth": 1}
    options.update(parameters)
    rounds = options.pop("rounds", 3)
    categories = options.pop("categories", [3, 4])
    rows = makeRows(random, 600, options.pop("zeros", False))
    label = makeLabel(random, kind, rows)
    group = [20] * (len(rows) // 20) if kind == "groups" else None
    data = lgb.Dataset(rows, label, feature_name=NAMES, categorical_feature=categories, group=group,
                       free_raw_data=False)
    return lgb.train(options, data, rounds)


def scoredRows(random, zeros):
    edges = np.array([[np.nan] * 5, [0, 0, 0, 0, 0], [-0.0, -0.0, -0.0, -0.0, -0.0], [1e-36, -1e-36, 1e-30, 39, 5],
                      [-1, 1e9, 2, -1, 77], [0.5, 2, 1.5, 3.7, -0.5]])
    return np.vstack([makeRows(random, 20, zeros), edges])


def scoresOf(booster, rows):
    parts = [booster.predict(rows, raw_score=True), booster.predict(rows), booster.predict(rows, pred_leaf=True),
             booster.predict(rows, pred_contrib=True)]
    return [np.asarray(part, dtype=np.float64).reshape(len(rows), -1) for part in parts]


def main():
    arguments = parseArguments()
    for place, (name, kind, parameters) in enumerate(MODELS):
        if arguments.only and name not in arguments.only:
            continue
        random = np.random.default_rng([arguments.seed, place])
        path = os.path.join(arguments.folder, name + "-lightgbm-" + VERSION)
        booster = train(random, kind, parameters)
        booster.save_model(path + ".txt")
        rows = scoredRows(random, parameters.get("zeros", False))
        writeScores(path + ".scores", rows, scoresOf(booster, rows), "%.17g")


if __name__ == "__main__":
    main()
