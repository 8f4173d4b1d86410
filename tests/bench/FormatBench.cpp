// SPDX-License-Identifier: Apache-2.0
// Decodes and encodes JSON documents of payments (about 270 bytes, 15 fields of which 9 are used)
// and rows of state, in turn with a plain copy of the same bytes, and prints nanoseconds per
// document and the ratio to the copy: bench_formats [ROUNDS].
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "operators/data/RowCodec.h"
#include "operators/formats/Format.h"
#include "tests/bench/Payments.h"
#include "tests/bench/QuickTurn.h"

namespace {

using namespace auspex::bench;
using namespace auspex::operators;

constexpr size_t kRowsPerBatch = 1024;
constexpr size_t kBatches = 64;

const std::vector<bool> kNineUsed = {true, false, true, false, true,  false, true, true,
                                     true, true,  true, true,  false, false, false};
constexpr size_t kNumUsed = 9;

struct Contestant {
  std::string name;
  std::function<void(size_t batch)> run;
  std::vector<double> nanoseconds;  // per document, one per round

  /// The round that others on this machine disturbed least.
  double best() const { return *std::min_element(nanoseconds.begin(), nanoseconds.end()); }
};

size_t checksum = 0;  // keeps results alive

void runRound(Contestant& contestant) {
  const double start = threadNanoseconds();
  for (size_t batch = 0; batch < kBatches; ++batch) {
    contestant.run(batch);
  }
  contestant.nanoseconds.push_back((threadNanoseconds() - start) /
                                   static_cast<double>(kBatches * kRowsPerBatch));
}

Contestant encodeJson(std::string name, const std::vector<SchemaColumn>& schema,
                      const std::vector<std::vector<ColumnPtr>>& rows) {
  std::shared_ptr<Encoder> encoder = findFormat("JSON")->makeEncoder(schema, {});
  return {std::move(name),
          [encoder, &rows](size_t batch) {
            Arena arena(size_t{1} << 19);
            std::vector<std::optional<std::string_view>> result;
            std::vector<FormatRowError> errors;
            encoder->encode(rows[batch], kRowsPerBatch, arena, result, errors);
            checksum += result.back()->size();
          },
          {}};
}

Contestant decodeJson(std::string name, const std::vector<Messages>& messages,
                      const std::vector<bool>& used) {
  std::shared_ptr<Decoder> decoder = findFormat("JSON")->makeDecoder(kPaymentColumns, used, {});
  return {std::move(name),
          [decoder, &messages](size_t batch) {
            checksum += decodeAll(messages[batch], *decoder).size();
          },
          {}};
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : auspex::bench::fullOrQuick(15, 1);
  const std::vector<Messages> messages = makeMessages(kBatches, kRowsPerBatch);
  std::vector<SchemaColumn> usedSchema;
  std::vector<SqlType> usedTypes;
  std::vector<std::vector<ColumnPtr>> rows(kBatches);
  for (size_t i = 0; i < kPaymentColumns.size(); ++i) {
    if (kNineUsed[i]) {
      usedSchema.push_back(kPaymentColumns[i]);
      usedTypes.push_back(kPaymentColumns[i].type);
    }
  }
  const auto decoder = findFormat("JSON")->makeDecoder(kPaymentColumns, kNineUsed, {});
  for (size_t batch = 0; batch < kBatches; ++batch) {
    std::vector<ColumnPtr> columns = decodeAll(messages[batch], *decoder);
    std::erase(columns, nullptr);
    rows[batch] = std::move(columns);
  }
  const RowCodec codec(usedTypes);
  std::vector<Arena> arenas(kBatches);
  std::vector<std::vector<std::string_view>> encodedRows(kBatches);
  std::string copy(size_t{1} << 20, ' ');

  std::vector<Contestant> contestants;
  contestants.push_back({"copy of the bytes",
                         [&](size_t batch) {
                           size_t at = 0;
                           for (const auto& document : messages[batch].batch) {
                             std::memcpy(copy.data() + at, document->data(), document->size());
                             at += document->size();
                           }
                           checksum += static_cast<size_t>(copy[at / 2]);
                         },
                         {}});
  contestants.push_back(decodeJson("JSON decode, 9 of 15 fields", messages, kNineUsed));
  contestants.push_back(decodeJson("JSON decode, all fields", messages,
                                   std::vector<bool>(kPaymentColumns.size(), true)));
  contestants.push_back(decodeJson("JSON decode, structure only", messages,
                                   std::vector<bool>(kPaymentColumns.size(), false)));
  contestants.push_back(encodeJson("JSON encode, 9 fields", usedSchema, rows));
  contestants.push_back({"row codec encode, 9 fields",
                         [&](size_t batch) {
                           arenas[batch].clear();
                           codec.encodeRows(rows[batch], kRowsPerBatch, arenas[batch],
                                            encodedRows[batch]);
                         },
                         {}});
  contestants.push_back(
      {"row codec decode, 9 fields",
       [&](size_t batch) { checksum += codec.decode(encodedRows[batch], nullptr).size(); },
       {}});
  for (int round = 0; round < rounds; ++round) {
    for (Contestant& contestant : contestants) {
      runRound(contestant);
    }
  }
  size_t bytes = 0;
  for (const Messages& message : messages) {
    bytes += message.bytes.size();
  }
  fmt::print("{} bytes a document, {} of {} fields used, {} rounds\n",
             bytes / (kBatches * kRowsPerBatch), kNumUsed, kPaymentColumns.size(), rounds);
  const double floor = contestants[0].best();
  for (Contestant& contestant : contestants) {
    fmt::print("{:<30} {:>8.1f} ns/document {:>8.2f} x copy\n", contestant.name, contestant.best(),
               contestant.best() / floor);
  }
  return checksum == 0 ? 1 : 0;
}
