// SPDX-License-Identifier: Apache-2.0
// Parses a script of 100 lines and every statement of the test files, as often as time allows, and
// prints how long each takes as a ratio to its limit: 1 ms for the script, 1 s for all statements.
// ParserBench [FOLDER...]: where statements come from; files named .test, .sql and .json.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "parser/Parser.h"
#include "tests/bench/QuickTurn.h"

namespace {

using namespace auspex;
using Clock = std::chrono::steady_clock;

constexpr double kScriptLimitMillis = 1;
constexpr double kCorpusLimitMillis = 1000;

/// 100 lines as people write them: sources, filters, an aggregate, joins, models, comments.
std::string makeScript() {
  std::string script;
  for (int i = 0; i < 5; ++i) {
    script += fmt::format(
        R"(-- Payments of shop {0}, as they come in.
CREATE STREAM payments{0} (
  id VARCHAR KEY,
  card VARCHAR,
  amount DECIMAL(10, 2),
  place STRUCT<country VARCHAR, city VARCHAR>,
  tags ARRAY<VARCHAR>
) WITH (KAFKA_TOPIC = 'payments{0}', VALUE_FORMAT = 'JSON', PARTITIONS = 4);
/* Large ones only, by the rules of 2024. */
CREATE STREAM large{0} AS
  SELECT id, amount * 1.19 AS gross, place->country AS country,
         CASE WHEN amount > 1000 THEN 'huge' WHEN amount > 100 THEN 'big' ELSE 'small' END AS height
  FROM payments{0}
  WHERE amount > 10 AND place->country IN ('DE', 'FR', 'ES') AND card NOT LIKE 'test%'
  EMIT CHANGES;
CREATE TABLE totals{0} AS
  SELECT country, COUNT(*) AS n, SUM(gross) AS total, MAX(gross) AS highest
  FROM large{0} WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 10 MINUTES)
  GROUP BY country HAVING COUNT(*) > 3 EMIT CHANGES;
INSERT INTO payments{0} (id, card, amount) VALUES ('p1', 'c1', 12.50);)"
        "\n",
        i);
  }
  return script;
}

/// Texts of statements in a file: a script as it is, the strings of a JSON file that end as
/// statements do.
std::vector<std::string> textsOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream whole;
  whole << file.rdbuf();
  const std::string text = whole.str();
  std::vector<std::string> texts;
  if (path.extension() != ".json") {
    for (const std::string_view piece : parser::splitStatements(text)) {
      texts.emplace_back(piece);
    }
    return texts;
  }
  std::string current;
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!inside) {
      inside = text[i] == '"';
      current.clear();
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      current.push_back(text[i] == 'n' ? '\n' : text[i]);
    } else if (text[i] == '"') {
      inside = false;
      if (current.ends_with(';')) {
        texts.push_back(current);
      }
    } else {
      current.push_back(text[i]);
    }
  }
  return texts;
}

std::vector<std::string> readCorpus(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::string> corpus;
  for (const std::filesystem::path& folder : folders) {
    if (!std::filesystem::is_directory(folder)) {
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      const std::string extension = entry.path().extension();
      if (entry.is_regular_file() &&
          (extension == ".test" || extension == ".sql" || extension == ".json")) {
        const std::vector<std::string> texts = textsOf(entry.path());
        corpus.insert(corpus.end(), texts.begin(), texts.end());
      }
    }
  }
  return corpus;
}

/// How many statements of a text could be parsed.
size_t parseAll(const std::string& text) {
  parser::StatementReader reader(text);
  size_t numParsed = 0;
  while (true) {
    try {
      if (!reader.next({})) {
        return numParsed;
      }
      ++numParsed;
    } catch (const parser::SyntaxError&) {
      // The test files have wrong statements on purpose.
    }
  }
}

struct Measured {
  double millis = 0;  ///< of the fastest turn
  size_t numParsed = 0;
};

Measured measure(const std::vector<std::string>& texts, int numTurns) {
  Measured result{1e300, 0};
  for (int turn = 0; turn < numTurns; ++turn) {
    const auto begin = Clock::now();
    result.numParsed = 0;
    for (const std::string& text : texts) {
      result.numParsed += parseAll(text);
    }
    const std::chrono::duration<double, std::milli> elapsed = Clock::now() - begin;
    result.millis = std::min(result.millis, elapsed.count());
  }
  return result;
}

void report(const std::string& name, const Measured& measured, double limitMillis) {
  fmt::print("{:<26} {:6} statements {:9.3f} ms  limit {:6.0f} ms  ratio {:6.3f}\n", name,
             measured.numParsed, measured.millis, limitMillis, measured.millis / limitMillis);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> folders(argv + 1, argv + argc);
  if (folders.empty()) {
    // ROOT/build/release/tests/bench/ParserBench
    const auto program = std::filesystem::read_symlink("/proc/self/exe");
    const auto root = program.parent_path().parent_path().parent_path().parent_path().parent_path();
    folders = {root / "tests", root / "queries/examples", root / "../shared/qtt"};
  }
  const std::string script = makeScript();
  const auto numLines = std::count(script.begin(), script.end(), '\n');
  report(fmt::format("a script of {} lines", numLines),
         measure({script}, auspex::bench::fullOrQuick(200, 3)), kScriptLimitMillis);
  const Measured corpus = measure(readCorpus(folders), auspex::bench::fullOrQuick(10, 1));
  report("all statements of the tests", corpus, kCorpusLimitMillis);
  return corpus.numParsed == 0 ? 1 : 0;
}
