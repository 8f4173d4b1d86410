// SPDX-License-Identifier: Apache-2.0
// Decodes payments of 15 fields in JSON to columns, in turn with simdjson's on-demand interface
// walking the same bytes: every field of every document, converting those that are used and keeping
// nothing but a sum of them. Prints nanoseconds per document and the ratio: JsonBench [ROUNDS].
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/bench/Payments.h"
#include "tests/bench/QuickTurn.h"

namespace {

using namespace auspex::bench;
using namespace auspex::operators;

constexpr size_t kRowsPerBatch = 1024;
constexpr size_t kBatches = 32;

const std::vector<std::string_view> kNames = {
    "id",   "card", "amount",  "currency", "country", "merchant", "category", "card_age",
    "hour", "n_1h", "sum_24h", "distance", "online",  "device",   "created"};

double checksum = 0;  // keeps results alive

/// The value of a used field as the type of its column says.
double valueOf(simdjson::ondemand::value value, TypeKind kind) {
  switch (kind) {
    case TypeKind::String:
      return static_cast<double>(std::string_view(value.get_string()).size());
    case TypeKind::Double:
      return value.get_double();
    case TypeKind::Boolean:
      return bool(value.get_bool()) ? 1 : 0;
    default:
      return static_cast<double>(int64_t(value.get_int64()));
  }
}

void walkBatch(const Messages& messages, const std::vector<bool>& used,
               simdjson::ondemand::parser& parser) {
  const char* const end = messages.bytes.data() + messages.bytes.capacity();
  double sum = 0;
  for (const auto& document : messages.batch) {
    const auto room = static_cast<size_t>(end - document->data());
    simdjson::ondemand::document walked =
        parser.iterate(simdjson::padded_string_view(*document, room));
    size_t next = 0;
    for (auto field : walked.get_object()) {
      // Fields come in the order of the schema, so that one comparison finds each.
      if (next < kNames.size() && field.key() == kNames[next].data()) {
        sum += used[next] ? valueOf(field.value(), kPaymentColumns[next].type.kind()) : 0;
        ++next;
      }
    }
    sum += static_cast<double>(next);
  }
  checksum += sum;
}

/// Nanoseconds per document of the round that others on this machine disturbed least.
struct Best {
  double nanoseconds = 1e300;

  template <typename Run>
  void take(Run run) {
    const double start = threadNanoseconds();
    run();
    nanoseconds = std::min(
        nanoseconds, (threadNanoseconds() - start) / static_cast<double>(kBatches * kRowsPerBatch));
  }
};

void compare(const char* name, const std::vector<Messages>& messages, const std::vector<bool>& used,
             int rounds) {
  const auto decoder = findFormat("JSON")->makeDecoder(kPaymentColumns, used, {});
  simdjson::ondemand::parser parser;
  Best decoded;
  Best walked;
  for (int round = 0; round < rounds; ++round) {
    decoded.take([&] {
      for (const Messages& batch : messages) {
        checksum += static_cast<double>(decodeAll(batch, *decoder).size());
      }
    });
    walked.take([&] {
      for (const Messages& batch : messages) {
        walkBatch(batch, used, parser);
      }
    });
  }
  fmt::print("{:<30} {:7.1f} ns/document  simdjson {:7.1f}  ratio {:5.2f}\n", name,
             decoded.nanoseconds, walked.nanoseconds, decoded.nanoseconds / walked.nanoseconds);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : auspex::bench::fullOrQuick(25, 1);
  const std::vector<Messages> messages =
      makeMessages(kBatches, kRowsPerBatch, simdjson::SIMDJSON_PADDING);
  std::vector<bool> three(kPaymentColumns.size());
  for (const size_t i : {size_t{0}, size_t{2}, size_t{4}}) {
    three[i] = true;
  }
  compare("JSON decode, 15 of 15 fields", messages, std::vector<bool>(kPaymentColumns.size(), true),
          rounds);
  compare("JSON decode, 3 of 15 fields", messages, three, rounds);
  return checksum > 0 ? 0 : 1;
}
