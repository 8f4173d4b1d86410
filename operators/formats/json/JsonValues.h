// SPDX-License-Identifier: Apache-2.0
// Tokens of JSON text as SQL values, by the dialect's conversions: each function returns false when
// the value cannot be converted (describeJsonMismatch says why).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operators/data/ColumnBuilder.h"
#include "operators/data/NumberText.h"
#include "operators/formats/json/JsonFields.h"
#include "operators/formats/json/JsonNumber.h"
#include "operators/formats/json/JsonStrings.h"
#include "operators/formats/json/JsonTokens.h"

namespace auspex::operators {

inline bool isJsonNull(const JsonTokens& tokens, uint32_t i) {
  const char* const text = tokens.text + tokens.at[i];
  return text[0] == 'n' && text[1] == 'u' && text[2] == 'l' && text[3] == 'l' &&
         endsJsonScalar(text[4]);
}

/// true and false only.
inline bool readJsonValue(const JsonTokens& tokens, uint32_t i, uint8_t& result) {
  const std::string_view word = tokens.rawScalar(i);
  result = word == "true" ? 1 : 0;
  return result != 0 || word == "false";
}

/// BIGINT, TIMESTAMP: a number (cut, wrapped) or a string that is a whole number.
inline bool readJsonValue(const JsonTokens& tokens, uint32_t i, int64_t& result) {
  if (tokens.kind(i) != '"') [[likely]] {
    return readJsonBigint(tokens.text + tokens.at[i], result);
  }
  const std::optional<int64_t> value = parseBigint(tokens.rawString(i));
  result = value.value_or(0);
  return value.has_value();
}

/// INTEGER, TIME, DATE: a number (cut, wrapped) or a string that is a whole number.
inline bool readJsonValue(const JsonTokens& tokens, uint32_t i, int32_t& result) {
  if (tokens.kind(i) != '"') [[likely]] {
    int64_t wide = 0;
    const bool converted = readJsonBigint(tokens.text + tokens.at[i], wide);
    result = static_cast<int32_t>(wide);
    return converted;
  }
  const std::optional<int32_t> value = parseInteger(tokens.rawString(i));
  result = value.value_or(0);
  return value.has_value();
}

/// DOUBLE: a number or a string that Java reads as one.
inline bool readJsonValue(const JsonTokens& tokens, uint32_t i, double& result) {
  if (tokens.kind(i) != '"') [[likely]] {
    return readJsonDouble(tokens.text + tokens.at[i], result);
  }
  const std::optional<double> value = parseDouble(tokens.rawString(i));
  result = value.value_or(0);
  return value.has_value();
}

/// DECIMAL: a number or a numeric string that fits without rounding.
bool readJsonDecimal(const JsonTokens& tokens, uint32_t i, const SqlType& type, Int128& result);

/// DECIMAL kept as text: as above, its text in the arena of `strings`.
bool readJsonBigDecimal(const JsonTokens& tokens, uint32_t i, const SqlType& type,
                        JsonStrings& strings, std::string_view& result);

/// Where a value stands in its document, for messages; parents live on the stack of the reader.
struct JsonLocation {
  const JsonLocation* parent = nullptr;
  std::string_view name;    ///< field or key; for the root all of it (`$.F`)
  size_t index = SIZE_MAX;  ///< of an array's element
  bool isMapValue = false;

  /// `$.F[0].G`
  std::string text() const;
};

/// Reads values of one ARRAY, MAP or STRUCT type (or a primitive one) into a builder.
class JsonNestedReader {
 public:
  explicit JsonNestedReader(const SqlType& type);

  struct Input {
    const JsonTokens& tokens;
    const JsonIndexer& indexer;
    const JsonMessage& message;
    bool mayEscape;
  };

  /// Appends one row to `builder` from the value at token `i`, whose structure was checked. What
  /// cannot be converted becomes NULL; then error is set, if it was empty, to what is wrong first.
  void read(const Input& input, uint32_t i, JsonStrings& strings, const JsonLocation& path,
            ColumnBuilder& builder, std::string& error);

 private:
  void readArray(const Input& input, uint32_t i, JsonStrings& strings, const JsonLocation& path,
                 ColumnBuilder& builder, std::string& error);
  void readMap(const Input& input, uint32_t i, JsonStrings& strings, const JsonLocation& path,
               ColumnBuilder& builder, std::string& error);
  void readStruct(const Input& input, uint32_t i, JsonStrings& strings, const JsonLocation& path,
                  ColumnBuilder& builder, std::string& error);
  bool readPrimitive(const Input& input, uint32_t i, JsonStrings& strings, ColumnBuilder& builder);

  SqlType type_;
  std::optional<JsonFields> fields_;  // STRUCT
  std::vector<uint32_t> slots_;       // STRUCT
  std::vector<JsonNestedReader> children_;
};

}  // namespace auspex::operators
