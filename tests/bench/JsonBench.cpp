// SPDX-License-Identifier: Apache-2.0
// Decodes payments of 12 fields in JSON to columns, in turn with simdjson's on-demand interface
// walking the same bytes: every field of every document, converting those that are used and keeping
// nothing but a sum of them. Prints nanoseconds per document and the ratio: JsonBench [ROUNDS].
#include <fmt/format.h>
#include <simdjson.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "operators/formats/Format.h"
#include "tests/bench/QuickTurn.h"

namespace {

using namespace auspex::operators;

constexpr size_t kRowsPerBatch = 1024;
constexpr size_t kBatches = 32;

const std::vector<SchemaColumn> kSchema = {
    {"ID", SqlType::string(), false},          {"CARD", SqlType::string(), false},
    {"AMOUNT", SqlType::doubleType(), false},  {"CURRENCY", SqlType::string(), false},
    {"COUNTRY", SqlType::string(), false},     {"MERCHANT", SqlType::string(), false},
    {"CATEGORY", SqlType::string(), false},    {"HOUR", SqlType::integer(), false},
    {"SUM_24H", SqlType::doubleType(), false}, {"DISTANCE", SqlType::doubleType(), false},
    {"ONLINE", SqlType::boolean(), false},     {"CREATED", SqlType::bigint(), false}};

const std::vector<std::string_view> kNames = {"id",      "card",     "amount",   "currency",
                                              "country", "merchant", "category", "hour",
                                              "sum_24h", "distance", "online",   "created"};

/// Documents of a batch one after the other, with what simdjson wants behind the last one.
struct Messages {
  std::string bytes;
  std::vector<std::optional<std::string_view>> batch;
};

std::vector<Messages> makeMessages() {
  std::mt19937_64 random(1);
  const std::vector<std::string> countries = {"DE", "FR", "ES", "US", "GB"};
  const std::vector<std::string> categories = {"groceries", "gift_cards", "transport", "travel"};
  std::vector<Messages> batches(kBatches);
  for (Messages& messages : batches) {
    std::vector<size_t> ends;
    for (size_t i = 0; i < kRowsPerBatch; ++i) {
      messages.bytes += fmt::format(
          R"({{"id":"p{:09}","card":"c{:05}","amount":{:.2f},"currency":"EUR","country":"{}",)"
          R"("merchant":"m{:06}","category":"{}","hour":{},"sum_24h":{:.2f},"distance":{:.3f},)"
          R"("online":{},"created":{}}})",
          random() % 1000000000, random() % 100000, static_cast<double>(random() % 100000) / 100,
          countries[random() % countries.size()], random() % 1000000,
          categories[random() % categories.size()], random() % 24,
          static_cast<double>(random() % 1000000) / 100,
          static_cast<double>(random() % 10000000) / 1e3, random() % 2 == 0,
          1700000000000 + random() % 100000000000);
      ends.push_back(messages.bytes.size());
    }
    messages.bytes.reserve(messages.bytes.size() + simdjson::SIMDJSON_PADDING);
    size_t begin = 0;
    for (const size_t end : ends) {
      messages.batch.emplace_back(std::string_view(messages.bytes).substr(begin, end - begin));
      begin = end;
    }
  }
  return batches;
}

double checksum = 0;  // keeps results alive

/// Processor time of this thread.
double threadNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void decodeBatch(const Messages& messages, Decoder& decoder) {
  std::vector<ColumnPtr> columns;
  std::vector<FormatRowError> errors;
  decoder.decode(messages.batch, nullptr, columns, errors);
  if (!errors.empty()) {
    std::fprintf(stderr, "a document could not be read: %s\n", errors[0].message.c_str());
    std::exit(1);
  }
  checksum += static_cast<double>(columns.size());
}

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
        sum += used[next] ? valueOf(field.value(), kSchema[next].type.kind()) : 0;
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
  const auto decoder = findFormat("JSON")->makeDecoder(kSchema, used, {});
  simdjson::ondemand::parser parser;
  Best decoded;
  Best walked;
  for (int round = 0; round < rounds; ++round) {
    decoded.take([&] {
      for (const Messages& batch : messages) {
        decodeBatch(batch, *decoder);
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
  const std::vector<Messages> messages = makeMessages();
  std::vector<bool> three(kSchema.size());
  for (const size_t i : {size_t{0}, size_t{2}, size_t{4}}) {
    three[i] = true;
  }
  compare("JSON decode, 12 of 12 fields", messages, std::vector<bool>(kSchema.size(), true),
          rounds);
  compare("JSON decode, 3 of 12 fields", messages, three, rounds);
  return checksum > 0 ? 0 : 1;
}
