// SPDX-License-Identifier: Apache-2.0
// The JSON form of a model document, with the NaN and Infinity tokens that XGBoost writes.
#pragma once

#include "operators/models/forest/DocumentReader.h"

namespace auspex::operators {

class JsonReader final : public DocumentReader {
 public:
  /// The bytes are borrowed and must outlive the reader.
  explicit JsonReader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view encoding() const override { return "JSON"; }
  Kind peek() override;
  void beginObject() override;
  bool nextMember(std::string& key) override;
  void beginArray() override;
  bool nextElement() override;
  std::string readString() override;
  bool readBoolean() override;
  int64_t readInteger() override;
  float readFloat() override;
  /// A number in double precision; NaN and infinities as for float32.
  double readDouble();
  void readFloats(std::vector<float>& values) override;
  void readIntegers(std::vector<int32_t>& values) override;
  void readIntegers(std::vector<int64_t>& values) override;
  void readFlags(std::vector<uint8_t>& values) override;
  void skip() override;
  void expectEnd() override;
  [[noreturn]] void fail(const std::string& reason) const override;

 private:
  /// digits * 10^power, negative or not.
  struct Decimal {
    bool isNegative = false;
    bool isInteger = true;
    int power = 0;
    uint64_t digits = 0;
  };

  void skipSpace();
  /// The next byte after white space; fails at the end.
  char next() {
    const bool isThere = position_ < bytes_.size() && bytes_[position_] > ' ';
    return isThere ? bytes_[position_] : nextAfterSpace();
  }
  char nextAfterSpace();
  /// Moves over an element of an array that is a number of few digits, as most are; leaves all
  /// others where they are.
  bool takeDecimal(Decimal& decimal);
  bool takeWord(std::string_view word);
  void enter(char opening);
  /// Moves over a comma or the closing mark; false when it was the latter.
  bool advance(char closing);
  /// The characters of a number; fails when it is not written as JSON asks.
  std::string_view numberToken();
  void appendEscape(std::string& text);
  uint32_t readHex4();
  template <typename Integer>
  void readIntegerArray(std::vector<Integer>& values);
  /// Calls onElement before each element of the array that comes next.
  template <typename OnElement>
  void readArray(OnElement onElement);

  std::string_view bytes_;
  size_t position_ = 0;
  int depth_ = 0;
  /// True right after an object or array was opened: no comma is due.
  bool atStart_ = false;
};

}  // namespace auspex::operators
