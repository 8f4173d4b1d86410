// SPDX-License-Identifier: Apache-2.0
// The protocols in which a served model is asked over topics: a request record to rows, scores to
// the record that answers it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/Record.h"
#include "operators/models/serving/ServedRows.h"

namespace auspex::operators {

/// How a served model is asked, and what it gives out.
struct ServingSpec {
  std::string protocol;   ///< JSON, MLSERVER or SELDON
  std::string modelName;  ///< what clients call the model
  bool givesPredictions = true;
  bool givesProbabilities = false;
  bool isWide = false;  ///< scores are doubles, else of float32
};

/// A record that asks, and where it stands.
struct RequestRecord {
  const Record& record;
  std::string_view topic;
  int32_t partition = 0;

  /// The last header of that name; nothing when there is none, or it is null.
  std::optional<std::string_view> header(std::string_view name) const;
  /// Its coordinates, "topic-partition-offset": the id of what has none.
  std::string coordinates() const;
};

/// What a request says besides its rows. Only its protocol knows what id and form mean.
struct RequestHead {
  std::string id;
  int32_t form = 0;
  int32_t version = 0;  ///< that is to score; 0: the one that serves
};

/// Scores of the rows of a request, row by row.
struct ReplyScores {
  std::span<const double> values;
  size_t width = 1;      ///< numbers per row
  bool isArray = false;  ///< an array per row, even if of one number
};

/// An answer. Either `error` says why there are no scores, or they are there.
struct ReplyContent {
  std::string_view error = {};
  size_t numRows = 0;
  std::span<const int32_t> versions = {};  ///< which version scored each row
  std::optional<ReplyScores> predictions = {};
  std::optional<ReplyScores> probabilities = {};

  /// The version that scored all rows; nothing when there are several, or no rows.
  std::optional<int32_t> onlyVersion() const;
};

/// A reply as bytes. Views point into the request's record.
struct ReplyRecord {
  std::optional<std::string> key;
  std::string value;
  std::vector<Header> headers;
  std::string addedHeader;  ///< what the value of a header that is not the request's points into
};

/// Holds what the statement says of the served model and nothing that changes. Any thread.
class ServingProtocol {
 public:
  virtual ~ServingProtocol() = default;
  /// Appends the rows of a request. Throws ModelError when it is none, or does not fit the model;
  /// what it has found out of the head by then stays, and rows that it added are to be taken back.
  virtual void decode(const RequestRecord& request, RequestHead& head, ServedRows& rows) const = 0;
  /// Makes the reply, whose members are empty, but for their memory.
  virtual void encode(const RequestRecord& request, const RequestHead& head,
                      const ReplyContent& content, ReplyRecord& reply) const = 0;
};

/// Throws ModelError when there is no such protocol: JSON, MLSERVER and SELDON are.
std::unique_ptr<const ServingProtocol> makeServingProtocol(const ServingSpec& serving);

/// Throws ModelError when a request names another model; names ignore case.
void requireModelName(std::string_view asked, std::string_view served);
/// The number of the version that a request names. Throws ModelError when it is none.
int32_t readVersion(std::string_view text);

}  // namespace auspex::operators
