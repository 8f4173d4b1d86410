// SPDX-License-Identifier: Apache-2.0
// Payments as benchmarks of formats read them: JSON documents of 15 fields, about 270 bytes.
#pragma once

#include <fmt/format.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "operators/formats/Format.h"

namespace auspex::bench {

inline const std::vector<operators::SchemaColumn> kPaymentColumns = {
    {"ID", operators::SqlType::string(), false},
    {"CARD", operators::SqlType::string(), false},
    {"AMOUNT", operators::SqlType::doubleType(), false},
    {"CURRENCY", operators::SqlType::string(), false},
    {"COUNTRY", operators::SqlType::string(), false},
    {"MERCHANT", operators::SqlType::string(), false},
    {"CATEGORY", operators::SqlType::string(), false},
    {"CARD_AGE", operators::SqlType::integer(), false},
    {"HOUR", operators::SqlType::integer(), false},
    {"N_1H", operators::SqlType::integer(), false},
    {"SUM_24H", operators::SqlType::doubleType(), false},
    {"DISTANCE", operators::SqlType::doubleType(), false},
    {"ONLINE", operators::SqlType::boolean(), false},
    {"DEVICE", operators::SqlType::string(), false},
    {"CREATED", operators::SqlType::bigint(), false}};

/// Documents of a batch one after the other, with the padding asked for behind the last one.
struct Messages {
  std::string bytes;
  std::vector<std::optional<std::string_view>> batch;
};

inline std::vector<Messages> makeMessages(size_t numBatches, size_t rowsPerBatch,
                                          size_t padding = 0) {
  std::mt19937_64 random(1);
  const std::vector<std::string> countries = {"DE", "FR", "ES", "US", "GB"};
  const std::vector<std::string> categories = {"groceries", "gift_cards", "transport", "travel"};
  std::vector<Messages> batches(numBatches);
  for (Messages& messages : batches) {
    std::vector<size_t> ends;
    for (size_t i = 0; i < rowsPerBatch; ++i) {
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
    messages.bytes.reserve(messages.bytes.size() + padding);
    size_t begin = 0;
    for (const size_t end : ends) {
      messages.batch.emplace_back(std::string_view(messages.bytes).substr(begin, end - begin));
      begin = end;
    }
  }
  return batches;
}

/// Processor time of this thread.
inline double threadNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

/// Ends the program when a document cannot be read.
inline std::vector<operators::ColumnPtr> decodeAll(const Messages& messages,
                                                   operators::Decoder& decoder) {
  std::vector<operators::ColumnPtr> columns;
  std::vector<operators::FormatRowError> errors;
  decoder.decode(messages.batch, nullptr, columns, errors);
  if (!errors.empty()) {
    std::fprintf(stderr, "a document could not be read: %s\n", errors[0].message.c_str());
    std::exit(1);
  }
  return columns;
}

}  // namespace auspex::bench
