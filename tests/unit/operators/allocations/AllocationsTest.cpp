// SPDX-License-Identifier: Apache-2.0
// What a row costs in allocations: none. JSON in, a filter, a projection, a model and JSON out,
// over draws of some size; what 100,000 rows allocate beyond 50,000 belongs to the draws.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "operators/FilterOperator.h"
#include "operators/PredictOperator.h"
#include "operators/ProjectOperator.h"
#include "operators/SinkOperator.h"
#include "operators/SourceOperator.h"
#include "operators/expressions/ExpressionFactory.h"
#include "operators/models/ModelLoader.h"
#include "tests/unit/operators/allocations/AllocationCounter.h"

using namespace auspex::operators;

namespace {

/// A topic in memory that keeps nothing but sums.
class CountingChannel final : public RecordChannel {
 public:
  int32_t numPartitions() const override { return 4; }
  void findRefused(std::span<const OutgoingRecord>, std::span<const uint32_t>,
                   std::vector<RefusedRecord>&) const override {}
  void send(std::span<const OutgoingRecord> records) override {
    numRecords += records.size();
    for (const OutgoingRecord& record : records) {
      numBytes += record.key.value_or("").size() + record.value.value_or("").size();
    }
  }

  size_t numRecords = 0;
  size_t numBytes = 0;
};

class Services final : public TaskServices {
 public:
  int32_t partition() const override { return 0; }
  auspex::stateStore::KeyValueStore& store(const std::string&) override { std::abort(); }
  RecordChannel& channel(const std::string&) override { return output; }
  const std::shared_ptr<const ServedModel>& servedModel(const std::string&) override {
    return model;
  }

  CountingChannel output;
  std::shared_ptr<const ServedModel> model;
};

/// SELECT ID, NAME, F0 * 2, PREDICT(m, F0, F1, ...) FROM s WHERE F0 > 10, one operator per step.
class ScoringQuery {
 public:
  explicit ScoringQuery(const std::string& modelFile)
      : model_(loadModel(modelFile, {"m", 1, false})) {
    std::vector<SchemaColumn> columns = {{"ID", SqlType::string(), true},
                                         {"NAME", SqlType::string(), false}};
    for (size_t i = 0; i < numFeatures(); ++i) {
      columns.push_back({fmt::format("F{}", i), SqlType::doubleType(), false});
    }
    schema_ = Schema(columns);
    describeSource();
    const ExpressionPtr first = column(2, SqlType::doubleType(), "F0");
    filter_.condition = comparison(ComparisonOperator::Greater, first, doubleLiteral(10));
    describePrediction();
    project_.expressions = {column(0, SqlType::string(), "ID"),
                            column(1, SqlType::string(), "NAME"),
                            arithmetic(ArithmeticOperator::Multiply, first, doubleLiteral(2)),
                            column(source_.used.size(), SqlType::doubleType(), "SCORE")};
    project_.names = {"ID", "NAME", "TWICE", "SCORE"};
    describeSink();
    for (const OperatorDescription* description : std::initializer_list<const OperatorDescription*>{
             &source_, &filter_, &predict_, &project_, &sink_}) {
      operators_.push_back(description->create(services_));
    }
  }

  size_t numFeatures() const { return model_->info().features.size(); }
  const CountingChannel& output() const { return services_.output; }

  void process(const Draw& draw) {
    RowErrors errors;
    DrawContext context{draw, errors};
    std::vector<Batch> batches(1);
    for (const std::unique_ptr<Operator>& each : operators_) {
      batches[0] = each->process(batches, context);
    }
    REQUIRE(errors.empty());
  }

 private:
  void describeSource() {
    source_.name = "S";
    source_.schema = schema_;
    source_.keyFormat = findFormat("KAFKA");
    source_.keyOptions.isKey = true;
    source_.valueFormat = findFormat("JSON");
    source_.used.assign(schema_.size() + kNumPseudoColumns, true);
  }

  void describePrediction() {
    predict_.model = "m";
    predict_.version = model_;
    services_.model = ServedModel::ofVersion(model_, "default");
    for (size_t i = 0; i < numFeatures(); ++i) {
      predict_.arguments.push_back(column(i + 2, SqlType::doubleType(), fmt::format("F{}", i)));
    }
    predict_.wanted[static_cast<size_t>(PredictSlot::Prediction)] = true;
  }

  void describeSink() {
    sink_.topic = "out";
    sink_.schema = Schema({{"ID", SqlType::string(), true},
                           {"NAME", SqlType::string(), false},
                           {"TWICE", SqlType::doubleType(), false},
                           {"SCORE", SqlType::doubleType(), false}});
    sink_.keyFormat = findFormat("KAFKA");
    sink_.keyOptions.isKey = true;
    sink_.valueFormat = findFormat("JSON");
  }

  std::shared_ptr<const ModelVersion> model_;
  Schema schema_;
  SourceDescription source_;
  FilterDescription filter_;
  PredictDescription predict_;
  ProjectDescription project_;
  SinkDescription sink_;
  Services services_;
  std::vector<std::unique_ptr<Operator>> operators_;
};

/// One fetched batch of records that is drawn again and again.
class Input {
 public:
  Input(size_t numRows, size_t numFeatures) {
    for (size_t row = 0; row < numRows; ++row) {
      keys_.push_back(fmt::format("key-{}", row));
      // An escaped text now and then: it cannot stay a view of the message.
      std::string document =
          fmt::format(R"({{"NAME":"name {} of{}a row")", row, row % 10 == 0 ? R"(\n)" : " ");
      for (size_t i = 0; i < numFeatures; ++i) {
        document += fmt::format(R"(,"F{}":{}.25)", i, (row * 7 + i * 13) % 100);
      }
      documents_.push_back(document + "}");
    }
    auto fetched = std::make_shared<FetchedRecords>();
    fetched->topic = "in";
    for (size_t row = 0; row < numRows; ++row) {
      Record record;
      record.key = keys_[row];
      record.value = documents_[row];
      record.timestamp = 1000 + static_cast<int64_t>(row);
      record.offset = static_cast<int64_t>(row);
      fetched->records.push_back(std::move(record));
    }
    for (const Record& record : fetched->records) {
      draw.records.push_back({&record, fetched.get(), 0});
    }
    draw.buffers.push_back(std::move(fetched));
  }

  Draw draw;

 private:
  std::vector<std::string> keys_;
  std::vector<std::string> documents_;
};

uint64_t allocationsOf(size_t numRows, size_t rowsPerDraw) {
  ScoringQuery query(std::string(MODEL_FILES) + "/logistic-3.2.0.json");
  const Input input(rowsPerDraw, query.numFeatures());
  query.process(input.draw);  // buffers that are kept grow to their size
  const uint64_t before = numAllocations();
  for (size_t row = 0; row < numRows; row += rowsPerDraw) {
    query.process(input.draw);
  }
  const uint64_t after = numAllocations();
  CHECK(query.output().numRecords > numRows / 2);
  return after - before;
}

}  // namespace

TEST_CASE("100,000 rows allocate more than 50,000 by their draws only") {
  constexpr size_t kRowsPerDraw = 1000;
  constexpr double kAllocationsPerDraw = 150;
  const uint64_t half = allocationsOf(50'000, kRowsPerDraw);
  const uint64_t whole = allocationsOf(100'000, kRowsPerDraw);
  const double perDraw = static_cast<double>(whole - half) / (50'000.0 / kRowsPerDraw);
  MESSAGE("allocations per draw: " << perDraw);
  CHECK(perDraw > 0);
  CHECK(perDraw < kAllocationsPerDraw);
}

TEST_CASE("A draw of 2,000 rows allocates hardly more often than one of 250") {
  const uint64_t small = allocationsOf(250 * 20, 250) / 20;
  const uint64_t large = allocationsOf(2000 * 20, 2000) / 20;
  MESSAGE("allocations per draw of 250 rows: " << small << ", of 2,000: " << large);
  // What grows does so by doubling: three times more for eight times the rows.
  CHECK(large <= small + 40);
}
