// SPDX-License-Identifier: Apache-2.0
// The plain JSON protocol of served models: a row, or an object with an id and rows.
#pragma once

#include "operators/models/serving/ServingProtocol.h"

namespace auspex::operators {

class JsonReader;

/// Request: `{"amount": 12.5, "country": "DE"}`, a row by the names of the features, or
/// `{"id": 17, "rows": [{...}, ...]}`. A row has every feature without DEFAULT, perhaps as null;
/// other members of it are passed over. "id", a text or a whole number, may stand in a row by
/// itself or beside rows, "model" and "version" beside rows.
///
/// Reply: `{"id": 17, "model": "fraud", "version": 2, "scores": [0.25, ...]}`, one "score" for a
/// row by itself; "probabilities" where the statement asks for them; and "versions", a list, where
/// several scored. What is no finite number is null. Or `{"id": 17, "model": "fraud", "error":
/// "..."}`. Key and headers are the request's. A request with neither id nor key gets its
/// coordinates as id.
class JsonProtocol final : public ServingProtocol {
 public:
  explicit JsonProtocol(ServingSpec serving) : serving_(std::move(serving)) {}

  void decode(const RequestRecord& request, RequestHead& head, ServedRows& rows) const override;
  void encode(const RequestRecord& request, const RequestHead& head, const ReplyContent& content,
              ReplyRecord& reply) const override;

 private:
  void readMembers(JsonReader& reader, RequestHead& head, ServedRows& rows) const;

  ServingSpec serving_;
};

}  // namespace auspex::operators
