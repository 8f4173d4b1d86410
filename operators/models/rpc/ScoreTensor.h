// SPDX-License-Identifier: Apache-2.0
// The tensor of an answer that holds the scores, whatever protocol it came by: its shape and type
// are held against what was asked for, and its elements become doubles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/models/forest/JsonReader.h"
#include "operators/models/rpc/RemoteSignature.h"

namespace auspex::operators {

/// What was asked for.
struct ScoreShape {
  size_t numRows = 0;
  size_t numOutputs = 1;

  size_t numScores() const { return numRows * numOutputs; }
};

/// Throws AnswerError (Refused) unless the shape is [rows] or [rows, ...] with as many numbers a
/// row as asked for, and the type one of numbers.
void requireScoreShape(const std::string& name, std::optional<Datatype> datatype,
                       const std::vector<int64_t>& shape, const ScoreShape& wanted);

/// Reads packed little-endian elements. Throws AnswerError (Refused) unless they are exactly as
/// many as asked for. datatype: not Bytes.
void readRawScores(std::string_view bytes, Datatype datatype, const ScoreShape& wanted,
                   std::vector<double>& scores);

/// IEEE 754 binary16 as a double.
double widenHalf(uint16_t bits);

/// Throws AnswerError (Refused) that so many numbers came instead of those asked for.
[[noreturn]] void refuseScoreCount(size_t given, const ScoreShape& wanted);

/// Numbers of JSON text, nested or flat: at most `limit` are kept, all are counted.
struct JsonScores {
  std::vector<double> values;
  size_t count = 0;
  bool hasText = false;  ///< a string was among them
};

/// Reads a number, a boolean (1, 0), null or "NaN" (NaN), or an array of such, into `scores`.
/// Throws ModelError when it is malformed or holds an object.
void readJsonScores(JsonReader& reader, size_t limit, JsonScores& scores);

}  // namespace auspex::operators
