// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/JsonProtocol.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "operators/data/NumberText.h"
#include "operators/formats/Utf8.h"
#include "operators/formats/json/JsonText.h"
#include "operators/models/ModelError.h"
#include "operators/models/forest/JsonReader.h"

namespace auspex::operators {
namespace {

using MemberKind = DocumentReader::Kind;

/// RequestHead::form of a request with rows; 0: a row by itself.
constexpr int32_t kHasRows = 1;

void readFeature(JsonReader& reader, size_t row, size_t feature, ServedRows& rows) {
  switch (reader.peek()) {
    case MemberKind::Null:
      reader.skip();
      break;
    case MemberKind::String:
      rows.setText(row, feature, reader.readString());
      break;
    case MemberKind::Boolean:
      rows.setNumber(row, feature, reader.readBoolean() ? 1 : 0);
      break;
    case MemberKind::Number:
      if (rows.features()[feature].kind == ServedKind::Integer) {
        rows.setInteger(row, feature, reader.readInteger());
      } else {
        rows.setNumber(row, feature, reader.readDouble());
      }
      break;
    case MemberKind::Array:
    case MemberKind::Object:
      reader.fail("feature '" + rows.features()[feature].name + "' takes one value");
  }
}

/// Which features a row has given so far. Members mostly come in the model's order.
class GivenFeatures {
 public:
  explicit GivenFeatures(const ServedRows& rows)
      : rows_(rows), lastRow_(rows.features().size(), 0) {}

  void beginRow() {
    ++row_;
    numGiven_ = next_ = 0;
  }
  std::optional<size_t> find(const std::string& member) {
    const std::vector<ServedFeature>& features = rows_.features();
    if (next_ < features.size() && features[next_].name == member) {
      return next_++;
    }
    const std::optional<size_t> found = rows_.find(member);
    next_ = found ? *found + 1 : next_;
    return found;
  }
  void take(size_t feature) {
    numGiven_ += lastRow_[feature] == row_ ? 0 : 1;
    lastRow_[feature] = row_;
  }
  bool hasAny() const { return numGiven_ > 0; }
  /// Throws ModelError when one is missing that has no default.
  void requireAll() const {
    const std::vector<ServedFeature>& features = rows_.features();
    for (size_t i = 0; numGiven_ < features.size() && i < features.size(); ++i) {
      if (lastRow_[i] != row_ && !features[i].hasDefault) {
        throw ModelError("feature '" + features[i].name + "' is missing" +
                         (row_ > 1 ? " in row " + std::to_string(row_) : ""));
      }
    }
  }

 private:
  const ServedRows& rows_;
  std::vector<size_t> lastRow_;  // per feature: that had it, from 1 on
  size_t row_ = 0;
  size_t numGiven_ = 0;
  size_t next_ = 0;
};

void readRows(JsonReader& reader, ServedRows& rows) {
  GivenFeatures given(rows);
  const size_t first = rows.numRows();
  reader.beginArray();
  while (reader.nextElement()) {
    const size_t row = rows.numRows();
    if (row - first == kMaxServedRows) {
      reader.fail("a request has " + std::to_string(kMaxServedRows) + " rows at most");
    }
    rows.append(1);
    given.beginRow();
    readObject(reader, [&](const std::string& member) {
      if (const auto feature = given.find(member)) {
        given.take(*feature);
        readFeature(reader, row, *feature, rows);
      } else {
        reader.skip();
      }
    });
    given.requireAll();
  }
}

/// The id as JSON text, as it is echoed; empty when it can be none.
std::string readId(JsonReader& reader) {
  std::string id;
  if (reader.peek() == MemberKind::String) {
    appendJsonString(id, reader.readString());
  } else if (reader.peek() == MemberKind::Number) {
    id = std::to_string(reader.readInteger());
  } else {
    reader.skip();
  }
  return id;
}

/// What a request with rows asks for; a row by itself may have such members as it likes.
struct Asked {
  std::optional<std::string> model;
  std::optional<std::string> version;
};

void readAsked(JsonReader& reader, const std::string& member, Asked& asked) {
  const bool isText = reader.peek() == MemberKind::String;
  if (member == "model" && isText) {
    asked.model = reader.readString();
  } else if (member == "version" && isText) {
    asked.version = reader.readString();
  } else if (member == "version" && reader.peek() == MemberKind::Number) {
    asked.version = fmt::format("{}", reader.readDouble());
  } else {
    reader.skip();
  }
}

/// The id of a request that is in error somewhere; empty when it cannot be made out.
std::string findId(std::string_view text, const ServedRows& rows) {
  std::string id;
  try {
    JsonReader reader(text);
    readObject(reader, [&](const std::string& member) {
      if (member == "id" && !rows.find(member)) {
        id = readId(reader);
      } else {
        reader.skip();
      }
    });
  } catch (const ModelError&) {
    // What was found by then has to do.
  }
  return id;
}

void appendScore(double score, std::string& out) {
  if (!std::isfinite(score)) {
    out += "null";
    return;
  }
  char digits[kMaxNumberChars];
  out.append(digits, writeJsonDouble(digits, score));
}

void appendRow(const ReplyScores& scores, size_t row, std::string& out) {
  if (!scores.isArray) {
    appendScore(scores.values[row], out);
    return;
  }
  out += '[';
  for (size_t i = 0; i < scores.width; ++i) {
    out += i == 0 ? "" : ",";
    appendScore(scores.values[row * scores.width + i], out);
  }
  out += ']';
}

void appendScores(std::string_view one, std::string_view many, bool hasRows,
                  const ReplyContent& content, const ReplyScores& scores, std::string& out) {
  out += ",\"";
  out += hasRows ? many : one;
  out += hasRows ? "\":[" : "\":";
  for (size_t row = 0; row < content.numRows; ++row) {
    out += row == 0 ? "" : ",";
    appendRow(scores, row, out);
  }
  out += hasRows ? "]" : "";
}

void appendVersions(const ReplyContent& content, std::string& out) {
  if (const auto version = content.onlyVersion()) {
    out += ",\"version\":" + std::to_string(*version);
    return;
  }
  if (content.versions.empty()) {
    return;
  }
  out += ",\"versions\":[";
  for (size_t row = 0; row < content.versions.size(); ++row) {
    out += (row == 0 ? "" : ",") + std::to_string(content.versions[row]);
  }
  out += ']';
}

}  // namespace

void JsonProtocol::decode(const RequestRecord& request, RequestHead& head, ServedRows& rows) const {
  if (!request.record.value) {
    throw ModelError("the request is empty");
  }
  const std::string_view text = *request.record.value;
  if (!isUtf8(text)) {
    throw ModelError("the request is not UTF-8");
  }
  try {
    JsonReader reader(text);
    readMembers(reader, head, rows);
    reader.expectEnd();
  } catch (const ModelError&) {
    head.id = findId(text, rows);
    throw;
  }
}

void JsonProtocol::readMembers(JsonReader& reader, RequestHead& head, ServedRows& rows) const {
  GivenFeatures given(rows);
  given.beginRow();
  Asked asked;
  const size_t first = rows.numRows();
  readObject(reader, [&](const std::string& member) {
    if (const auto feature = given.find(member)) {
      if (head.form != kHasRows && !given.hasAny()) {
        rows.append(1);
      }
      given.take(*feature);
      if (head.form == kHasRows) {
        reader.fail("it has rows, and '" + member + "' beside them");
      }
      readFeature(reader, first, *feature, rows);
    } else if (member == "rows") {
      if (given.hasAny() || head.form == kHasRows) {
        reader.fail("\"rows\" stands beside other rows");
      }
      head.form = kHasRows;
      readRows(reader, rows);
    } else if (member == "id") {
      head.id = readId(reader);
    } else {
      readAsked(reader, member, asked);
    }
  });
  if (head.form == kHasRows) {
    requireModelName(asked.model.value_or(serving_.modelName), serving_.modelName);
    head.version = asked.version ? readVersion(*asked.version) : 0;
    return;
  }
  if (!given.hasAny()) {
    rows.append(1);
  }
  given.requireAll();
}

void JsonProtocol::encode(const RequestRecord& request, const RequestHead& head,
                          const ReplyContent& content, ReplyRecord& reply) const {
  if (request.record.key) {
    reply.key.emplace(*request.record.key);
  }
  reply.headers = request.record.headers;
  std::string& out = reply.value;
  out = "{";
  std::string id = head.id;
  if (id.empty() && !reply.key) {
    appendJsonString(id, request.coordinates());
  }
  if (!id.empty()) {
    out += "\"id\":" + id + ",";
  }
  out += "\"model\":";
  appendJsonString(out, serving_.modelName);
  if (!content.error.empty()) {
    out += ",\"error\":";
    appendJsonString(out, content.error);
    out += "}";
    return;
  }
  appendVersions(content, out);
  const bool hasRows = head.form == kHasRows;
  if (content.predictions) {
    appendScores("score", "scores", hasRows, content, *content.predictions, out);
  }
  if (content.probabilities) {
    appendScores("probabilities", "probabilities", hasRows, content, *content.probabilities, out);
  }
  out += "}";
}

}  // namespace auspex::operators
