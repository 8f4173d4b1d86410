// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/RecordLayout.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace auspex::engine;
using auspex::operators::Record;

namespace {

struct Given {
  std::optional<std::string> key;
  std::optional<std::string> value;
  size_t numHeaders = 0;
  int64_t timestampDelta = 0;
};

void addVarint(std::string& text, int64_t value) {
  uint64_t bits = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (; bits >= 0x80; bits >>= 7) {
    text.push_back(static_cast<char>(bits | 0x80));
  }
  text.push_back(static_cast<char>(bits));
}

void addBytes(std::string& text, const std::optional<std::string>& bytes) {
  addVarint(text, bytes ? static_cast<int64_t>(bytes->size()) : -1);
  text += bytes.value_or("");
}

/// A batch as Kafka writes it (without the batch's own head), and the records that lie in it.
class Batch {
 public:
  explicit Batch(const std::vector<Given>& given) {
    std::vector<size_t> ends;
    for (size_t i = 0; i < given.size(); ++i) {
      std::string body(1, '\0');
      addVarint(body, given[i].timestampDelta);
      addVarint(body, static_cast<int64_t>(i));
      addBytes(body, given[i].key);
      addBytes(body, given[i].value);
      std::string headers;
      addVarint(headers, static_cast<int64_t>(given[i].numHeaders));
      for (size_t header = 0; header < given[i].numHeaders; ++header) {
        addBytes(headers, "name");
        addBytes(headers, "value");
      }
      addVarint(text_, static_cast<int64_t>(body.size() + headers.size()));
      text_ += body;
      ends.push_back(text_.size());
      text_ += headers;
    }
    for (size_t i = 0; i < given.size(); ++i) {
      const size_t valueBytes = given[i].value.value_or("").size();
      Record& record = records_.emplace_back();
      if (given[i].value) {
        record.value = std::string_view(text_).substr(ends[i] - valueBytes, valueBytes);
      }
      if (given[i].key) {
        std::string length;
        addVarint(length, given[i].value ? static_cast<int64_t>(valueBytes) : -1);
        const size_t keyBytes = given[i].key->size();
        record.key = std::string_view(text_).substr(ends[i] - valueBytes - length.size() - keyBytes,
                                                    keyBytes);
      }
    }
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  bool certain(size_t i) const { return certainlyWithoutHeaders(records_[i], records_[i + 1]); }
  std::string& text() { return text_; }

 private:
  std::string text_;
  std::vector<Record> records_;
};

}  // namespace

TEST_CASE("records side by side tell whether they have headers") {
  const std::string text(300, 'x');
  const std::vector<Given> kinds = {
      {"key", "value"},
      {"", ""},
      {std::nullopt, "value only"},
      {std::nullopt, ""},
      {"k", text},
      {text, "v"},
      {"zeros", std::string(9, '\0')},
      {"key", "value", 0, -3},
      {"key", "value", 0, int64_t{1} << 40},
      {"tombstone", std::nullopt},
      {"one", "header", 1},
      {"two", "headers", 2},
      {std::nullopt, std::string(1, '\0'), 3},
  };
  for (const Given& first : kinds) {
    for (const Given& second : kinds) {
      const Batch batch({first, second, {"last", "record"}});
      // A tombstone is left to the library: where it ends is not known.
      CHECK(batch.certain(0) == (first.numHeaders == 0 && first.value.has_value()));
      CHECK(batch.certain(1) == (second.numHeaders == 0 && second.value.has_value()));
    }
  }
}

TEST_CASE("what is not exactly the next record's beginning tells nothing") {
  const std::string key = "some key";
  const std::string value = "some value";
  Record record;
  record.key = key;
  record.value = value;
  Record next = record;
  CHECK_FALSE(certainlyWithoutHeaders(record, next));  // the same memory
  Record absent;
  CHECK_FALSE(certainlyWithoutHeaders(record, absent));
  CHECK_FALSE(certainlyWithoutHeaders(absent, record));
  Batch batch({{"a", "first"}, {"b", "second"}, {"c", "third"}});
  REQUIRE(batch.certain(0));
  const size_t begin = batch.text().find("first") + 5;
  const size_t end = batch.text().find("second") - 2;
  // With any other number of headers, length, attributes or length of the key it is none.
  for (const size_t at : {begin, begin + 1, begin + 2, end - 1}) {
    for (const int flipped : {1, 0x7f, 0x80}) {
      CAPTURE(at - begin);
      CAPTURE(flipped);
      const char kept = batch.text()[at];
      batch.text()[at] = static_cast<char>(kept ^ flipped);
      CHECK_FALSE(batch.certain(0));
      batch.text()[at] = kept;
    }
  }
  REQUIRE(batch.certain(0));
  batch.text()[begin + 1] = 2;  // a length of one byte
  CHECK_FALSE(batch.certain(0));
}

TEST_CASE("random bytes between two records are never read beyond") {
  std::mt19937_64 random(17);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(1 + random() % 80, '\0');
    for (char& c : text) {
      c = static_cast<char>(random() % 4 == 0 ? 0 : random());
    }
    const std::string_view view = text;
    const size_t end = random() % (text.size() + 1);
    const size_t begin = end + random() % (text.size() + 1 - end);
    Record record;
    record.value = view.substr(0, end);
    Record next;
    (random() % 2 == 0 ? next.key : next.value) = view.substr(begin);
    // Sanitizers judge; true needs a zero and a length that fits.
    CHECK((!certainlyWithoutHeaders(record, next) || text[end] == 0));
  }
}
