// SPDX-License-Identifier: Apache-2.0
#include "operators/models/kafka/PlainJsonCodec.h"

#include <optional>

#include "operators/data/Assert.h"
#include "operators/formats/json/JsonText.h"
#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::operators {

namespace {

struct PlainReply {
  std::optional<JsonScores> scores;
  std::optional<std::string> error;
};

PlainReply readPlainReply(std::string_view body, size_t numScores) {
  PlainReply reply;
  JsonReader reader(body);
  readObject(reader, [&](const std::string& key) {
    if (key == "scores" && !reply.scores) {
      readJsonScores(reader, numScores, reply.scores.emplace());
    } else if (key == "error" && reader.peek() == DocumentReader::Kind::String) {
      reply.error = reader.readString();
    } else {
      reader.skip();
    }
  });
  reader.expectEnd();
  return reply;
}

}  // namespace

PlainJsonCodec::PlainJsonCodec(const RemoteModelOptions& options)
    : TopicCodec(options), model_(options.model), version_(options.version) {
  if (options.layout != RemoteLayout::Columns) {
    throw ModelError("PROTOCOL='JSON' sends features by name: LAYOUT='COLUMNS'");
  }
}

HttpRequest PlainJsonCodec::inferRequest(std::span<const FeatureRows> rows,
                                         const RemoteSignature& signature, uint64_t) const {
  AUSPEX_ASSERT(signature.layout == RemoteLayout::Columns);
  std::vector<std::string> names;
  for (const InputTensor& input : signature.inputs) {
    std::string& name = names.emplace_back(names.empty() ? "{" : ",");
    appendJsonString(name, input.name);
    name += ":";
  }
  std::string json = "{\"model\":";
  appendJsonString(json, model_);
  if (!version_.empty()) {
    json += ",\"version\":";
    appendJsonString(json, version_);
  }
  json += ",\"rows\":[";
  for (const FeatureRows& run : rows) {
    for (size_t row = run.begin; row < run.end; ++row) {
      json += json.back() == '[' ? "" : ",";
      for (size_t i = 0; i < names.size(); ++i) {
        json += names[i];
        appendJsonFeature(run.batch->columns[i], row, signature.inputs[i].datatype,
                          JsonNonFinite::Null, json);
      }
      json += "}";
    }
  }
  json += "]}";
  return makeRequest({}, std::move(json));
}

void PlainJsonCodec::readScores(const HttpResponse& response, const RemoteSignature& signature,
                                size_t numRows, uint64_t, std::vector<double>& scores) const {
  requireAnswer(response);
  const ScoreShape wanted{numRows, signature.numOutputs};
  PlainReply reply;
  try {
    reply = readPlainReply(response.body, wanted.numScores());
  } catch (const ModelError& error) {
    throw AnswerError(AnswerFault::Unreachable,
                      "the reply is no JSON object: " + presentable(error.what()));
  }
  if (reply.error) {
    throw AnswerError(AnswerFault::Refused, "the server answers: " + presentable(*reply.error));
  }
  if (!reply.scores) {
    throw AnswerError(AnswerFault::Unreachable, "the reply has no \"scores\"");
  }
  if (reply.scores->count != wanted.numScores()) {
    refuseScoreCount(reply.scores->count, wanted);
  }
  if (reply.scores->hasText) {
    throw AnswerError(AnswerFault::Refused, "the server's answer holds text among its numbers");
  }
  scores = std::move(reply.scores->values);
}

}  // namespace auspex::operators
