// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/ScoreTensor.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "operators/data/Assert.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::operators {

namespace {

template <typename Element>
void widenScores(std::string_view bytes, std::vector<double>& scores) {
  const char* source = bytes.data();
  for (double& score : scores) {
    Element element{};
    std::memcpy(&element, source, sizeof(Element));
    source += sizeof(Element);
    score = static_cast<double>(element);
  }
}

void widenHalves(std::string_view bytes, std::vector<double>& scores) {
  widenScores<uint16_t>(bytes, scores);
  for (double& score : scores) {
    score = widenHalf(static_cast<uint16_t>(score));
  }
}

}  // namespace

double widenHalf(uint16_t bits) {
  const int exponent = (bits >> 10) & 0x1F;
  const int fraction = bits & 0x3FF;
  double magnitude = 0;
  if (exponent == 0x1F) {
    magnitude = fraction == 0 ? std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::quiet_NaN();
  } else if (exponent == 0) {
    magnitude = std::ldexp(fraction, -24);
  } else {
    magnitude = std::ldexp(fraction + 0x400, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

void requireScoreShape(const std::string& name, std::optional<Datatype> datatype,
                       const std::vector<int64_t>& shape, const ScoreShape& wanted) {
  const std::string shown = "the server's output '" + presentable(name) + "'";
  if (!datatype || *datatype == Datatype::Bytes) {
    throw AnswerError(AnswerFault::Refused, shown + " is not of numbers");
  }
  // Compared factor by factor, so that no product of hostile sizes can overflow.
  bool fits = !shape.empty() && shape[0] >= 0 && static_cast<uint64_t>(shape[0]) == wanted.numRows;
  uint64_t width = 1;
  for (size_t i = 1; fits && i < shape.size(); ++i) {
    fits = shape[i] >= 1 && static_cast<uint64_t>(shape[i]) <= wanted.numOutputs;
    width *= fits ? static_cast<uint64_t>(shape[i]) : 1;
    fits = fits && width <= wanted.numOutputs;
  }
  if (!fits || width != wanted.numOutputs) {
    throw AnswerError(AnswerFault::Refused,
                      shown + " has shape " +
                          (shape.size() > 8 ? "of " + std::to_string(shape.size()) + " dimensions"
                                            : shapeText(shape)) +
                          " for " + std::to_string(wanted.numRows) + " rows of " +
                          std::to_string(wanted.numOutputs) +
                          (wanted.numOutputs == 1 ? " number" : " numbers"));
  }
}

void refuseScoreCount(size_t given, const ScoreShape& wanted) {
  throw AnswerError(AnswerFault::Refused, "the server's answer holds " + std::to_string(given) +
                                              " numbers for " + std::to_string(wanted.numRows) +
                                              " rows of " + std::to_string(wanted.numOutputs));
}

void readRawScores(std::string_view bytes, Datatype datatype, const ScoreShape& wanted,
                   std::vector<double>& scores) {
  const size_t size = sizeOf(datatype);
  AUSPEX_ASSERT(size > 0);
  if (bytes.size() != wanted.numScores() * size) {
    throw AnswerError(AnswerFault::Refused, "the server's answer holds " +
                                                std::to_string(bytes.size()) + " bytes for " +
                                                std::to_string(wanted.numScores()) + " " +
                                                std::string(v2NameOf(datatype)));
  }
  scores.resize(wanted.numScores());
  switch (datatype) {
    case Datatype::Bool:
    case Datatype::Uint8:
      return widenScores<uint8_t>(bytes, scores);
    case Datatype::Uint16:
      return widenScores<uint16_t>(bytes, scores);
    case Datatype::Uint32:
      return widenScores<uint32_t>(bytes, scores);
    case Datatype::Uint64:
      return widenScores<uint64_t>(bytes, scores);
    case Datatype::Int8:
      return widenScores<int8_t>(bytes, scores);
    case Datatype::Int16:
      return widenScores<int16_t>(bytes, scores);
    case Datatype::Int32:
      return widenScores<int32_t>(bytes, scores);
    case Datatype::Int64:
      return widenScores<int64_t>(bytes, scores);
    case Datatype::Fp16:
      return widenHalves(bytes, scores);
    case Datatype::Fp32:
      return widenScores<float>(bytes, scores);
    case Datatype::Fp64:
      return widenScores<double>(bytes, scores);
    case Datatype::Bytes:
      break;
  }
}

void readJsonScores(JsonReader& reader, size_t limit, JsonScores& scores) {
  double value = std::numeric_limits<double>::quiet_NaN();
  switch (reader.peek()) {
    case DocumentReader::Kind::Array:
      reader.beginArray();
      while (reader.nextElement()) {
        readJsonScores(reader, limit, scores);
      }
      return;
    case DocumentReader::Kind::Boolean:
      value = reader.readBoolean() ? 1 : 0;
      break;
    case DocumentReader::Kind::Null:
      reader.skip();
      break;
    case DocumentReader::Kind::String:
      scores.hasText = true;
      reader.skip();
      break;
    case DocumentReader::Kind::Number:
      value = reader.readDouble();
      break;
    case DocumentReader::Kind::Object:
      reader.fail("a number or an array of numbers is expected");
  }
  ++scores.count;
  if (scores.values.size() < limit) {
    scores.values.push_back(value);
  }
}

}  // namespace auspex::operators
