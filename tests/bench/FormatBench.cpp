// SPDX-License-Identifier: Apache-2.0
// Decodes and encodes JSON documents of payments (about 270 bytes, 15 fields of which 9 are used)
// and rows of state, in turn with a plain copy of the same bytes, and prints nanoseconds per
// document and the ratio to the copy: bench_formats [ROUNDS].
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "operators/data/RowCodec.h"
#include "operators/formats/Format.h"
#include "tests/bench/QuickTurn.h"

namespace {

using namespace auspex::operators;

constexpr size_t kRowsPerBatch = 1024;
constexpr size_t kBatches = 64;

const std::vector<SchemaColumn> kSchema = {
    {"ID", SqlType::string(), false},          {"CARD", SqlType::string(), false},
    {"AMOUNT", SqlType::doubleType(), false},  {"CURRENCY", SqlType::string(), false},
    {"COUNTRY", SqlType::string(), false},     {"MERCHANT", SqlType::string(), false},
    {"CATEGORY", SqlType::string(), false},    {"CARD_AGE", SqlType::integer(), false},
    {"HOUR", SqlType::integer(), false},       {"N_1H", SqlType::integer(), false},
    {"SUM_24H", SqlType::doubleType(), false}, {"DISTANCE", SqlType::doubleType(), false},
    {"ONLINE", SqlType::boolean(), false},     {"DEVICE", SqlType::string(), false},
    {"CREATED", SqlType::bigint(), false}};
const std::vector<bool> kNineUsed = {true, false, true, false, true,  false, true, true,
                                     true, true,  true, true,  false, false, false};
constexpr size_t kNumUsed = 9;

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
          R"("merchant":"m{:06}","category":"{}","card_age":{},"hour":{},"n_1h":{},)"
          R"("sum_24h":{:.2f},"distance":{:.3f},"online":{},"device":"ios-{}","created":{}}})",
          random() % 1000000000, random() % 100000, static_cast<double>(random() % 100000) / 100,
          countries[random() % countries.size()], random() % 1000000,
          categories[random() % categories.size()], random() % 4000, random() % 24, random() % 20,
          static_cast<double>(random() % 1000000) / 100,
          static_cast<double>(random() % 10000000) / 1e3, random() % 2 == 0, random() % 18,
          1700000000000 + random() % 100000000000);
      ends.push_back(messages.bytes.size());
    }
    size_t begin = 0;
    for (const size_t end : ends) {
      messages.batch.emplace_back(std::string_view(messages.bytes).substr(begin, end - begin));
      begin = end;
    }
  }
  return batches;
}

struct Contestant {
  std::string name;
  std::function<void(size_t batch)> run;
  std::vector<double> nanoseconds;  // per document, one per round

  /// The round that others on this machine disturbed least.
  double best() const { return *std::min_element(nanoseconds.begin(), nanoseconds.end()); }
};

size_t checksum = 0;  // keeps results alive

/// Processor time of this thread.
double threadNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void runRound(Contestant& contestant) {
  const double start = threadNanoseconds();
  for (size_t batch = 0; batch < kBatches; ++batch) {
    contestant.run(batch);
  }
  contestant.nanoseconds.push_back((threadNanoseconds() - start) /
                                   static_cast<double>(kBatches * kRowsPerBatch));
}

std::vector<ColumnPtr> decodeAll(const Messages& messages, Decoder& decoder) {
  std::vector<ColumnPtr> columns;
  std::vector<FormatRowError> errors;
  decoder.decode(messages.batch, nullptr, columns, errors);
  if (!errors.empty()) {
    std::fprintf(stderr, "a document could not be read: %s\n", errors[0].message.c_str());
    std::exit(1);
  }
  return columns;
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
  std::shared_ptr<Decoder> decoder = findFormat("JSON")->makeDecoder(kSchema, used, {});
  return {std::move(name),
          [decoder, &messages](size_t batch) {
            checksum += decodeAll(messages[batch], *decoder).size();
          },
          {}};
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : auspex::bench::fullOrQuick(15, 1);
  const std::vector<Messages> messages = makeMessages();
  std::vector<SchemaColumn> usedSchema;
  std::vector<SqlType> usedTypes;
  std::vector<std::vector<ColumnPtr>> rows(kBatches);
  for (size_t i = 0; i < kSchema.size(); ++i) {
    if (kNineUsed[i]) {
      usedSchema.push_back(kSchema[i]);
      usedTypes.push_back(kSchema[i].type);
    }
  }
  const auto decoder = findFormat("JSON")->makeDecoder(kSchema, kNineUsed, {});
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
  contestants.push_back(
      decodeJson("JSON decode, all fields", messages, std::vector<bool>(kSchema.size(), true)));
  contestants.push_back(decodeJson("JSON decode, structure only", messages,
                                   std::vector<bool>(kSchema.size(), false)));
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
             bytes / (kBatches * kRowsPerBatch), kNumUsed, kSchema.size(), rounds);
  const double floor = contestants[0].best();
  for (Contestant& contestant : contestants) {
    fmt::print("{:<30} {:>8.1f} ns/document {:>8.2f} x copy\n", contestant.name, contestant.best(),
               contestant.best() / floor);
  }
  return checksum == 0 ? 1 : 0;
}
