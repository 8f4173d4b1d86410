// SPDX-License-Identifier: Apache-2.0
// Speed of the Evaluator against loops written by hand over the same columns, in turn. What is
// written by hand makes a column of its own as well, but knows that there are no NULLs.
// ExpressionBench [TEXT]: only the lines that hold TEXT.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "operators/data/Arena.h"
#include "operators/expressions/Evaluator.h"
#include "operators/expressions/ExpressionFactory.h"
#include "operators/functions/FunctionRegistry.h"
#include "tests/bench/QuickTurn.h"

namespace {

using namespace auspex::operators;
using Clock = std::chrono::steady_clock;
using View = std::string_view;

constexpr size_t kNumRows = 1024;

/// A BIGINT, B DOUBLE, C STRING (half of them beginning with x), D DOUBLE, E DATE, F STRING (JSON),
/// G and H DECIMAL(10, 2).
std::vector<ColumnPtr> makeColumns() {
  std::vector<int64_t> a(kNumRows);
  std::vector<double> b(kNumRows);
  std::vector<View> c(kNumRows);
  std::vector<double> d(kNumRows);
  std::vector<int32_t> e(kNumRows);
  std::vector<View> f(kNumRows);
  std::vector<Int128> g(kNumRows);
  std::vector<Int128> h(kNumRows);
  const auto arena = std::make_shared<Arena>();
  uint64_t seed = 42;
  for (size_t row = 0; row < kNumRows; ++row) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    a[row] = static_cast<int64_t>(seed >> 60);
    b[row] = static_cast<double>(seed >> 58);
    c[row] = arena->copy(fmt::format("{}{}", (seed >> 40) % 2 == 0 ? "x" : "y", seed >> 32));
    d[row] = static_cast<double>(seed >> 50) / 7;
    e[row] = static_cast<int32_t>(seed >> 49);
    f[row] = arena->copy(fmt::format(R"({{"id":{},"place":{{"city":"c{}","zip":{}}},"n":1}})",
                                     seed >> 40, seed >> 56, seed >> 48));
    g[row] = static_cast<Int128>(seed >> 40);
    h[row] = static_cast<Int128>(seed >> 44);
  }
  return {Column::make(SqlType::bigint(), std::move(a)),
          Column::make(SqlType::doubleType(), std::move(b)),
          Column::make(SqlType::string(), std::move(c), {}, {arena}),
          Column::make(SqlType::doubleType(), std::move(d)),
          Column::make(SqlType::date(), std::move(e)),
          Column::make(SqlType::string(), std::move(f), {}, {arena}),
          Column::make(SqlType::decimal(10, 2), std::move(g)),
          Column::make(SqlType::decimal(10, 2), std::move(h))};
}

/// Nanoseconds per row of the fastest of several runs of each, in turn.
std::pair<double, double> measure(const std::function<size_t()>& first,
                                  const std::function<size_t()>& second) {
  const int numRounds = auspex::bench::fullOrQuick(1000, 20);
  const int numRepeats = auspex::bench::fullOrQuick(15, 2);
  size_t total = 0;
  const auto nanosOf = [&](const std::function<size_t()>& once) {
    const auto begin = Clock::now();
    for (int round = 0; round < numRounds; ++round) {
      total += once();
    }
    const std::chrono::duration<double, std::nano> elapsed = Clock::now() - begin;
    return elapsed.count() / (static_cast<double>(kNumRows) * numRounds);
  };
  std::pair<double, double> best{1e300, 1e300};
  for (int repeat = 0; repeat < numRepeats; ++repeat) {
    best.first = std::min(best.first, nanosOf(first));
    best.second = std::min(best.second, nanosOf(second));
  }
  return total == static_cast<size_t>(-1) ? std::pair(0.0, 0.0) : best;  // keeps `total` alive
}

/// The columns, and expressions over them beside loops over them.
class Bench {
 public:
  /// wanted: in the names of what is measured.
  explicit Bench(View wanted)
      : wanted_(wanted), columns_(makeColumns()), registry_(makeBuiltinFunctions()) {}

  ExpressionPtr a() const { return column(0, SqlType::bigint(), "A"); }
  ExpressionPtr b() const { return column(1, SqlType::doubleType(), "B"); }
  ExpressionPtr c() const { return column(2, SqlType::string(), "C"); }
  ExpressionPtr d() const { return column(3, SqlType::doubleType(), "D"); }
  ExpressionPtr e() const { return column(4, SqlType::date(), "E"); }
  ExpressionPtr f() const { return column(5, SqlType::string(), "F"); }
  ExpressionPtr g() const { return column(6, SqlType::decimal(10, 2), "G"); }
  ExpressionPtr h() const { return column(7, SqlType::decimal(10, 2), "H"); }
  ExpressionPtr function(View name, std::vector<ExpressionPtr> arguments) const {
    return call(name, std::move(arguments), registry_);
  }
  template <typename T>
  const T* values(size_t index) const {
    return columns_[index]->values<T>().data();
  }

  /// byHand(row) gives the value of a row of `type`.
  template <typename T, typename ByHand>
  void project(const char* name, ExpressionPtr expression, ByHand byHand) {
    const SqlType type = expression->type();
    Evaluator evaluator({std::move(expression)});
    report(
        name, [&] { return evaluator.evaluate(input(), errors_).size(); },
        [&] {
          std::vector<T> out(kNumRows);
          for (size_t row = 0; row < kNumRows; ++row) {
            out[row] = static_cast<T>(byHand(row));
          }
          return Column::make(type, std::move(out))->size();
        });
  }

  /// byHand(row, arena) gives the text of a row.
  template <typename ByHand>
  void projectText(const char* name, ExpressionPtr expression, ByHand byHand) {
    Evaluator evaluator({std::move(expression)});
    report(
        name, [&] { return evaluator.evaluate(input(), errors_).size(); },
        [&] {
          const auto arena = std::make_shared<Arena>();
          std::vector<View> out(kNumRows);
          for (size_t row = 0; row < kNumRows; ++row) {
            out[row] = byHand(row, *arena);
          }
          return Column::make(SqlType::string(), std::move(out), {}, {arena})->size();
        });
  }

  template <typename ByHand>
  void filter(const char* name, ExpressionPtr condition, ByHand byHand) {
    Evaluator evaluator({std::move(condition)});
    std::vector<uint32_t> picked(kNumRows);
    report(
        name, [&] { return evaluator.evaluateFilter(input(), errors_).size(); },
        [&] {
          size_t count = 0;
          for (size_t row = 0; row < kNumRows; ++row) {
            if (byHand(row)) {
              picked[count++] = static_cast<uint32_t>(row);
            }
          }
          return count;
        });
  }

  /// Whether every row of every expression had a value.
  bool succeeded() const { return errors_.empty(); }

 private:
  EvaluationInput input() const { return {kNumRows, columns_, {}}; }

  void report(View name, const std::function<size_t()>& engine,
              const std::function<size_t()>& byHand) const {
    if (name.find(wanted_) == View::npos) {
      return;
    }
    const auto [engineNanos, handNanos] = measure(engine, byHand);
    fmt::print("{:<46} {:7.2f} ns/row  by hand {:7.2f}  ratio {:5.2f}\n", name, engineNanos,
               handNanos, engineNanos / handNanos);
  }

  View wanted_;
  std::vector<ColumnPtr> columns_;
  FunctionRegistry registry_;
  RowErrors errors_;
};

void compareNumbers(Bench& bench) {
  const int64_t* const a = bench.values<int64_t>(0);
  const double* const b = bench.values<double>(1);
  const View* const c = bench.values<View>(2);
  const double* const d = bench.values<double>(3);
  const auto add = ArithmeticOperator::Add;
  const auto multiply = ArithmeticOperator::Multiply;
  const auto greater = ComparisonOperator::Greater;
  bench.filter(
      "filter  a * 2 + b > 30 AND c LIKE 'x%'",
      logicalAnd(
          comparison(greater,
                     arithmetic(add, arithmetic(multiply, bench.a(), integerLiteral(2)), bench.b()),
                     integerLiteral(30)),
          like(bench.c(), literal("x%"))),
      [&](size_t row) {
        return static_cast<double>(a[row] * 2) + b[row] > 30 && c[row].starts_with('x');
      });
  bench.filter("filter  b > d", comparison(greater, bench.b(), bench.d()),
               [&](size_t row) { return b[row] > d[row]; });
  bench.project<double>(
      "arithmetic  b * d + 1",
      arithmetic(add, arithmetic(multiply, bench.b(), bench.d()), doubleLiteral(1)),
      [&](size_t row) { return b[row] * d[row] + 1; });
  bench.project<int64_t>(
      "arithmetic  a * a + 3",
      arithmetic(add, arithmetic(multiply, bench.a(), bench.a()), integerLiteral(3)),
      [&](size_t row) { return a[row] * a[row] + 3; });
  bench.project<int64_t>("arithmetic  a / 7",
                         arithmetic(ArithmeticOperator::Divide, bench.a(), integerLiteral(7)),
                         [&](size_t row) { return a[row] / 7; });
  bench.project<uint8_t>("comparison  a > 7", comparison(greater, bench.a(), integerLiteral(7)),
                         [&](size_t row) { return a[row] > 7; });
  bench.project<uint8_t>("comparison  b <= d",
                         comparison(ComparisonOperator::LessOrEqual, bench.b(), bench.d()),
                         [&](size_t row) { return b[row] <= d[row]; });
  bench.project<uint8_t>("comparison  c = 'x1'",
                         comparison(ComparisonOperator::Equal, bench.c(), literal("x1")),
                         [&](size_t row) { return c[row] == "x1"; });
  bench.project<double>("CASE WHEN b > 30 THEN b * d ELSE d END",
                        caseWhen({comparison(greater, bench.b(), integerLiteral(30))},
                                 {arithmetic(multiply, bench.b(), bench.d())}, bench.d()),
                        [&](size_t row) { return b[row] > 30 ? b[row] * d[row] : d[row]; });
}

void compareDecimals(Bench& bench) {
  const Int128* const g = bench.values<Int128>(6);
  const Int128* const h = bench.values<Int128>(7);
  bench.project<Int128>("decimal  g + h", arithmetic(ArithmeticOperator::Add, bench.g(), bench.h()),
                        [&](size_t row) { return g[row] + h[row]; });
  bench.project<Int128>("decimal  g * h",
                        arithmetic(ArithmeticOperator::Multiply, bench.g(), bench.h()),
                        [&](size_t row) { return g[row] * h[row]; });
  bench.project<uint8_t>("decimal  g > h",
                         comparison(ComparisonOperator::Greater, bench.g(), bench.h()),
                         [&](size_t row) { return g[row] > h[row]; });
}

/// A date as text, by arithmetic on days alone (Howard Hinnant's civil_from_days).
View writeDate(int32_t days, Arena& arena) {
  const int32_t shifted = days + 719468;
  const int32_t era = shifted / 146097;
  const auto dayOfEra = static_cast<uint32_t>(shifted - era * 146097);
  const uint32_t yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const uint32_t dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const uint32_t shiftedMonth = (5 * dayOfYear + 2) / 153;
  const uint32_t day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1;
  const uint32_t month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const uint32_t year = yearOfEra + static_cast<uint32_t>(era) * 400 + (month <= 2 ? 1 : 0);
  char* const out = arena.allocate(10);
  const auto put = [out](size_t at, uint32_t number, size_t width) {
    for (size_t i = width; i-- > 0; number /= 10) {
      out[at + i] = static_cast<char>('0' + number % 10);
    }
  };
  put(0, year, 4);
  out[4] = '-';
  put(5, month, 2);
  out[7] = '-';
  put(8, day, 2);
  return {out, 10};
}

void compareTextsAndDates(Bench& bench) {
  const View* const c = bench.values<View>(2);
  const int32_t* const e = bench.values<int32_t>(4);
  const View* const f = bench.values<View>(5);
  bench.projectText(
      "string  UCASE(c)", bench.function("UCASE", {bench.c()}), [&](size_t row, Arena& arena) {
        const View text = c[row];
        char* const target = arena.allocate(text.size());
        for (size_t i = 0; i < text.size(); ++i) {
          target[i] = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 32) : text[i];
        }
        return View(target, text.size());
      });
  bench.projectText("string  CONCAT(c, '-', c)",
                    bench.function("CONCAT", {bench.c(), literal("-"), bench.c()}),
                    [&](size_t row, Arena& arena) {
                      const View text = c[row];
                      char* const target = arena.allocate(2 * text.size() + 1);
                      std::copy(text.begin(), text.end(), target);
                      target[text.size()] = '-';
                      std::copy(text.begin(), text.end(), target + text.size() + 1);
                      return View(target, 2 * text.size() + 1);
                    });
  bench.projectText("string  SUBSTRING(c, 2, 3)",
                    bench.function("SUBSTRING", {bench.c(), integerLiteral(2), integerLiteral(3)}),
                    [&](size_t row, Arena&) { return c[row].substr(1, 3); });
  bench.project<int32_t>(
      "date  DATEADD(DAYS, 3, e)",
      bench.function("DATEADD", {timeUnit("DAYS"), integerLiteral(3), bench.e()}),
      [&](size_t row) { return e[row] + 3; });
  bench.projectText("date  FORMAT_DATE(e, 'yyyy-MM-dd')",
                    bench.function("FORMAT_DATE", {bench.e(), literal("yyyy-MM-dd")}),
                    [&](size_t row, Arena& arena) { return writeDate(e[row], arena); });
  bench.projectText("JSON  EXTRACTJSONFIELD(f, '$.place.city')",
                    bench.function("EXTRACTJSONFIELD", {bench.f(), literal("$.place.city")}),
                    [&](size_t row, Arena& arena) {
                      // Right for these documents only: no structure is looked at.
                      constexpr View kBefore = "\"city\":\"";
                      const size_t begin = f[row].find(kBefore) + kBefore.size();
                      return arena.copy(f[row].substr(begin, f[row].find('"', begin) - begin));
                    });
}

}  // namespace

int main(int argc, char** argv) {
  Bench bench(argc > 1 ? argv[1] : "");
  compareNumbers(bench);
  compareDecimals(bench);
  compareTextsAndDates(bench);
  return bench.succeeded() ? 0 : 1;
}
