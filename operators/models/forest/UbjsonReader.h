// SPDX-License-Identifier: Apache-2.0
// The UBJSON form of a model document (Universal Binary JSON, draft 12, with XGBoost's 'L' for 64
// bit big-endian integers): markers, big-endian numbers, arrays of one type or of a known count.
#pragma once

#include "operators/models/forest/DocumentReader.h"

namespace auspex::operators {

class UbjsonReader final : public DocumentReader {
 public:
  /// The bytes are borrowed and must outlive the reader.
  explicit UbjsonReader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view encoding() const override { return "UBJSON"; }
  Kind peek() override;
  void beginObject() override;
  bool nextMember(std::string& key) override;
  void beginArray() override;
  bool nextElement() override;
  std::string readString() override;
  bool readBoolean() override;
  int64_t readInteger() override;
  float readFloat() override;
  void readFloats(std::vector<float>& values) override;
  void readIntegers(std::vector<int32_t>& values) override;
  void readIntegers(std::vector<int64_t>& values) override;
  void readFlags(std::vector<uint8_t>& values) override;
  void skip() override;
  void expectEnd() override;
  [[noreturn]] void fail(const std::string& reason) const override;

 private:
  /// An array that was begun: how many elements are left (negative: up to ']') and the marker that
  /// they all share, or 0 when each has its own.
  struct OpenArray {
    int64_t left = -1;
    char marker = 0;
  };

  /// The marker of the next value: the enclosing typed array's, or the next byte that is no no-op.
  char peekMarker();
  char takeMarker();
  std::string_view take(size_t numBytes);
  template <typename Unsigned>
  Unsigned takeBigEndian();
  int64_t takeInteger(char marker);
  float takeFloat(char marker);
  size_t takeLength();
  void deepen();
  template <typename Value, typename Read>
  void readArray(std::vector<Value>& values, Read read);
  template <typename Integer>
  void readIntegerArray(std::vector<Integer>& values);

  std::string_view bytes_;
  size_t position_ = 0;
  /// One entry per open array; an object in between is marked by a plain entry.
  std::vector<OpenArray> open_;
};

}  // namespace auspex::operators
