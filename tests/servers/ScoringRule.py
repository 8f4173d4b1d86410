# SPDX-License-Identifier: Apache-2.0
"""How the test server scores a row: by a rule, or by an XGBoost model."""
import math


def isMissing(value):
    return value is None or (isinstance(value, float) and math.isnan(value))


def ruleScore(row):
    """The sum of place times value, the first place being 1; text counts by its length, what is missing not at all."""
    total = 0.0
    for place, value in enumerate(row, 1):
        if isinstance(value, (str, bytes)):
            total += place * len(value)
        elif not isMissing(value):
            total += place * value
    return total


class Rule:
    def __init__(self, inputs):
        self.inputs = inputs

    def scores(self, rows):
        return [ruleScore(row) for row in rows]


class Booster:
    """An XGBoost model with its own names and categories; needs xgboost and pandas."""

    def __init__(self, path):
        import pandas
        import xgboost
        self.pandas, self.xgboost = pandas, xgboost
        self.booster = xgboost.Booster(model_file=path)
        self.categories = self.booster.get_categories().to_arrow() if "c" in (self.booster.feature_types or []) else []
        self.categories = {name: list(values.to_pylist()) for name, values in self.categories if values is not None}
        self.inputs = [(name, "BYTES" if name in self.categories else "FP64") for name in self.booster.feature_names]

    def scores(self, rows):
        frame = self.pandas.DataFrame(rows, columns=[name for name, _ in self.inputs])
        for name, known in self.categories.items():
            frame[name] = self.pandas.Categorical(frame[name], categories=known)
        for name, datatype in self.inputs:
            if datatype != "BYTES":
                frame[name] = frame[name].astype("float32")
        matrix = self.xgboost.DMatrix(frame, enable_categorical=True)
        return [float(score) for score in self.booster.predict(matrix)]
