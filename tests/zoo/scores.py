# SPDX-License-Identifier: Apache-2.0
"""What the trainers of all kinds of models share: their arguments, and the form of a .scores file."""
import argparse

import numpy as np


def parseArguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--only", nargs="*")
    return parser.parse_args()


def writeScores(path, rows, parts, number):
    """`parts`: margins, values, leaves and contributions as [rows x numbers of each], without numbers where there are
    none. The first line tells the sizes, the others hold per row its features and all parts, as `number` prints them."""
    with open(path, "w") as out:
        out.write(" ".join(str(n) for n in list(rows.shape) + [part.shape[1] for part in parts]) + "\n")
        for row in np.hstack([rows.astype(np.float64)] + parts):
            out.write(" ".join(number % value for value in row) + "\n")
