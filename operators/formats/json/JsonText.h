// SPDX-License-Identifier: Apache-2.0
// SQL values as JSON text and as text for people: what the JSON format writes, results print, and
// functions on JSON return.
#pragma once

#include <string>
#include <string_view>

#include "operators/data/Value.h"

namespace auspex::operators {

/// Most bytes that `size` bytes of a string take as JSON, quotes included.
inline size_t jsonStringBound(size_t size) {
  return 6 * size + 2;
}

/// Writes a JSON string with its quotes; escapes what Jackson escapes. Room for jsonStringBound.
/// Returns the end.
char* writeJsonString(char* out, std::string_view text);
void appendJsonString(std::string& out, std::string_view text);

/// Writes a double as the JSON format does: Java's form; NaN and infinities as strings. Room for
/// kMaxNumberChars. Returns the end.
char* writeJsonDouble(char* out, double value);

/// Appends the value of one row as JSON, by the rules of the JSON format: fields in schema order,
/// null for NULL, times as numbers, BYTES as Base64, MAP as an object.
void appendJson(const Column& column, size_t row, std::string& out);

/// A single value as JSON, by the same rules.
std::string toJson(const Value& value, const SqlType& type);

/// Appends the value of one row as a table of results shows it: strings bare, times as ISO text,
/// ARRAY, MAP and STRUCT as JSON, `null` for NULL.
void appendDisplayText(const Column& column, size_t row, std::string& out);

}  // namespace auspex::operators
