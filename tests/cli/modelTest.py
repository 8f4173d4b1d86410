# SPDX-License-Identifier: Apache-2.0
"""`model inspect` and `model score`: rows of CSV and NDJSON files, every form, and what can be wrong with them."""
import json
import os

from CommandLine import ROOT, CommandLineCase

ZOO = os.path.join(ROOT, "tests/zoo/models")
LOGISTIC = os.path.join(ZOO, "logistic-3.2.0.ubj")
SOFTPROB = os.path.join(ZOO, "softprob-3.2.0.ubj")
DICTIONARY = os.path.join(ZOO, "dictionary-3.2.0.json")
NAMES = ["amount", "Score x", "n", "color", "store"]
COLORS = ["red", "green", "blue", "navy", "", "black", "white", "grey", "pink", "gold"]
STORES = [7, 11, 400, -3, 9_000_000_000, 12]


def zooScores(stem):
    """Rows as texts ("" for missing), then the numbers of margin, value, leaf and contributions per row."""
    with open(os.path.join(ZOO, stem + ".scores"), encoding="utf-8") as file:
        widths = [int(word) for word in file.readline().split()]
        lines = [line.split() for line in file]
    rows, numbers, start = [], [], widths[1]
    for line in lines:
        rows.append(["" if word == "nan" else word for word in line[:widths[1]]])
    for width in widths[2:]:
        numbers.append([[float(word) for word in line[start:start + width]] for line in lines])
        start += width
    return rows, numbers


class ModelFilesCase(CommandLineCase):
    def writeCsv(self, rows, order=(3, 0, 4, 2, 1)):
        lines = [",".join(["more"] + [NAMES[place] for place in order])]
        lines += [",".join(["x"] + ['"%s"' % row[place] if row[place] else "" for place in order]) for row in rows]
        self.write("rows.csv", "\n".join(lines) + "\n")

    def score(self, model, form, file="rows.csv"):
        output, _ = self.auspex("model", "score", model, "--input", file, "--as", form)
        return [json.loads(line) for line in output.splitlines()]

    def assertClose(self, ours, theirs, tolerance=1e-5):
        self.assertEqual(len(ours), len(theirs))
        for our, their in zip(ours, theirs):
            self.assertLessEqual(abs(our - their), tolerance * (1 + abs(their)))

    def testInspectAsJson(self):
        output, _ = self.auspex("model", "inspect", DICTIONARY, "--output", "json")
        known = json.loads(output)
        self.assertEqual((known["kind"], known["objective"], known["outputs"], known["trees"]),
                         ("gbtree", "multi:softprob", 3, 6))
        self.assertEqual(known["size"], os.path.getsize(DICTIONARY))
        self.assertEqual(len(known["checksum"]), 64)
        self.assertEqual([feature["name"] for feature in known["features"]], NAMES)
        self.assertEqual(known["features"][0], {"name": "amount", "type": "numeric", "categories": []})
        self.assertEqual(known["features"][3], {"name": "color", "type": "categorical", "categories": COLORS})
        self.assertEqual(known["features"][4]["categories"], STORES)
        self.assertIn("Kind      : gbtree", self.auspex("model", "inspect", DICTIONARY)[0])

    def testScoreCsvInEveryForm(self):
        rows, (margins, values, leaves, shares) = zooScores("logistic-3.2.0")
        self.writeCsv(rows)
        self.assertClose(self.score(LOGISTIC, "margin"), [row[0] for row in margins])
        self.assertClose(self.score(LOGISTIC, "value"), [row[0] for row in values])
        self.assertEqual(self.score(LOGISTIC, "leaf"), leaves)
        for ours, value in zip(self.score(LOGISTIC, "proba"), values):
            self.assertClose(ours, [1 - value[0], value[0]])
        for ours, theirs in zip(self.score(LOGISTIC, "contributions"), shares):
            self.assertEqual(list(ours), NAMES + ["bias"])
            self.assertClose(list(ours.values()), theirs, 1e-4)

    def testScoreSeveralClasses(self):
        rows, (margins, values, _, shares) = zooScores("softprob-3.2.0")
        self.writeCsv(rows)
        for ours, theirs in zip(self.score(SOFTPROB, "margin"), margins):
            self.assertClose(ours, theirs)
        for ours, theirs in zip(self.score(SOFTPROB, "value"), values):
            self.assertClose(ours, theirs)
        for ours, theirs in zip(self.score(SOFTPROB, "contributions"), shares):
            self.assertClose([share for part in ours for share in part.values()], theirs, 1e-4)

    def testScoreNdjsonWithTexts(self):
        rows, (margins, _, _, _) = zooScores("dictionary-3.2.0")
        # A category that is not in the dictionary is missing, as null is.
        lines = []
        for row in rows:
            cells = {name: float(cell) if cell else None for name, cell in zip(NAMES[:3], row)}
            cells["ignored"] = {"deep": [1, "x"]}
            cells["color"] = COLORS[int(float(row[3]))] if row[3] and float(row[3]) >= 0 else "ultraviolet"
            cells["store"] = STORES[int(float(row[4]))] if row[4] else None
            lines.append(json.dumps(cells))
        self.write("rows.ndjson", "\n".join(lines) + "\n\n")
        for ours, theirs in zip(self.score(DICTIONARY, "margin", "rows.ndjson"), margins):
            self.assertClose(ours, theirs)

    def testScoreLightgbm(self):
        rows, (margins, values, leaves, _) = zooScores("binary-lightgbm-4.6.0")
        model = os.path.join(ZOO, "binary-lightgbm-4.6.0.txt")
        header = ["amount", "score", "n", "color", "store"]
        self.write("rows.csv", "\n".join([",".join(header)] + [",".join(row) for row in rows]) + "\n")
        self.assertClose(self.score(model, "margin"), [row[0] for row in margins], 1e-14)
        self.assertClose(self.score(model, "value"), [row[0] for row in values], 1e-14)
        self.assertEqual(self.score(model, "leaf"), leaves)

    def refused(self, *arguments, code=1):
        return self.auspex("model", "score", *arguments, code=code)[1]

    def testWhatIsWrong(self):
        self.write("narrow.csv", "amount,n,color,store\n1,2,3,4\n")
        self.assertIn("needs feature 'Score x', which the header lacks", self.refused(LOGISTIC, "--input", "narrow.csv"))
        self.write("narrow.ndjson", '{"amount":1,"n":2,"color":3,"store":4}\n')
        self.assertIn("needs feature 'Score x', which the row at line 1 lacks",
                      self.refused(LOGISTIC, "--input", "narrow.ndjson"))
        self.write("text.csv", "amount,Score x,n,color,store\n1,2,3,4,5\n1,2,x,4,5\n")
        self.assertIn("row at line 3: 'x' is no number, which feature 'n' takes",
                      self.refused(LOGISTIC, "--input", "text.csv"))
        self.write("short.csv", "amount,Score x,n,color,store\n1,2,3,4\n")
        self.assertIn("row at line 2: has 4 cells, but the header 5", self.refused(LOGISTIC, "--input", "short.csv"))
        self.write("twice.csv", "amount,Score x,n,color,store,n\n")
        self.assertIn("'n' stands twice", self.refused(LOGISTIC, "--input", "twice.csv"))
        self.write("broken.ndjson", '{"amount":1,\n')
        self.assertIn("row at line 1", self.refused(LOGISTIC, "--input", "broken.ndjson"))
        self.write("empty.csv", "")
        self.assertIn("has no header", self.refused(LOGISTIC, "--input", "empty.csv"))
        self.assertIn("none.csv", self.refused(LOGISTIC, "--input", "none.csv"))
        self.write("rows.csv", "amount,Score x,n,color,store\n")
        linear = os.path.join(ZOO, "linear-3.2.0.json")
        self.assertIn("has no trees", self.refused(linear, "--input", "rows.csv", "--as", "leaf"))
        self.assertIn("gives no probabilities", self.refused(linear, "--input", "rows.csv", "--as", "proba"))
        self.refused(LOGISTIC, "--input", "rows.csv", "--as", "other", code=2)
        self.assertEqual(self.score(LOGISTIC, "value"), [])
