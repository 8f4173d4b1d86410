// SPDX-License-Identifier: Apache-2.0
// A forward-only reader of a model document, the same for JSON and UBJSON, so that the reader of a
// model's fields is written once and no tree of the document is ever built.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/ModelError.h"

namespace auspex::operators {

/// Nesting of objects and arrays beyond this is refused; XGBoost's documents need seven levels.
constexpr int kMaxDocumentDepth = 64;

/// Stands before one value at a time. Each method that reads a value consumes exactly it and throws
/// ModelError, naming the byte position, when the document does not hold such a value there.
class DocumentReader {
 public:
  enum class Kind { Null, Boolean, Number, String, Array, Object };

  virtual ~DocumentReader() = default;

  /// "JSON" or "UBJSON".
  virtual std::string_view encoding() const = 0;
  /// The kind of the value that comes next.
  virtual Kind peek() = 0;

  /// Enters the object that comes next; then, per member: nextMember(key), a value. False at its
  /// end.
  virtual void beginObject() = 0;
  virtual bool nextMember(std::string& key) = 0;

  /// Enters the array that comes next; then, per element: nextElement(), a value. False at its end.
  virtual void beginArray() = 0;
  virtual bool nextElement() = 0;

  virtual std::string readString() = 0;
  virtual bool readBoolean() = 0;
  virtual int64_t readInteger() = 0;
  /// A number rounded to float32; NaN and infinities as XGBoost writes them are numbers too.
  virtual float readFloat() = 0;

  /// Whole arrays of scalars. Integers must fit the type; booleans read as 0 and 1 into bytes.
  virtual void readFloats(std::vector<float>& values) = 0;
  virtual void readIntegers(std::vector<int32_t>& values) = 0;
  virtual void readIntegers(std::vector<int64_t>& values) = 0;
  virtual void readFlags(std::vector<uint8_t>& values) = 0;

  /// Skips the value that comes next, checking that it is well formed.
  virtual void skip() = 0;
  /// Throws unless the document ends here.
  virtual void expectEnd() = 0;

  /// Throws ModelError with the position that the reader has reached.
  [[noreturn]] virtual void fail(const std::string& reason) const = 0;
};

/// Reads the object that comes next; `onMember(key)` reads or skips the value of each member.
template <typename OnMember>
void readObject(DocumentReader& reader, OnMember onMember) {
  std::string key;
  reader.beginObject();
  while (reader.nextMember(key)) {
    onMember(key);
  }
}

}  // namespace auspex::operators
