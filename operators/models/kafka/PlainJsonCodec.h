// SPDX-License-Identifier: Apache-2.0
// The plainest form through topics, for servers that somebody writes in an afternoon:
//
//   request: {"model":"fraud","rows":[{"amount":12.5,"country":"DE"},{"amount":null,"country":""}]}
//   reply:   {"scores":[0.1,0.7]}, with as many numbers as rows, or {"error":"why not"}
//
// Where a row has several scores they are an array, or all follow one another.
#pragma once

#include <string>

#include "operators/models/kafka/TopicCodec.h"

namespace auspex::operators {

/// Features go by name, in RemoteLayout::Columns.
class PlainJsonCodec final : public TopicCodec {
 public:
  explicit PlainJsonCodec(const RemoteModelOptions& options);

  NonFinite nonFinite(const RemoteSignature&) const override { return NonFinite::NanOnly; }
  HttpRequest inferRequest(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                           uint64_t id) const override;
  void readScores(const HttpResponse& response, const RemoteSignature& signature, size_t numRows,
                  uint64_t id, std::vector<double>& scores) const override;

 private:
  std::string model_;
  std::string version_;
};

}  // namespace auspex::operators
