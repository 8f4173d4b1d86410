// SPDX-License-Identifier: Apache-2.0
// SERVE MODEL, STOP SERVING and SHOW SERVED MODELS: a served model is a query from the topic of its
// requests to that of its replies.
#include <fmt/format.h>

#include <algorithm>

#include "operators/data/Ascii.h"
#include "parser/NearestName.h"
#include "queries/StatementRun.h"
#include "queries/planning/ServingPlanner.h"

namespace auspex::queries {
namespace {

constexpr std::string_view kServingProperties[] = {"REQUEST_TOPIC", "REPLY_TOPIC", "PROTOCOL",
                                                   "VERSION",       "MODEL_NAME",  "OUTPUTS",
                                                   "PARTITIONS",    "REPLICAS",    "RETENTION_MS"};

/// `mlserver-input` is answered in `mlserver-output`, `seldon...inputs` in `seldon...outputs`,
/// others in `...-replies`.
std::string replyTopicFor(const std::string& requestTopic) {
  for (const std::string_view ending : {"inputs", "input"}) {
    if (requestTopic.ends_with(ending)) {
      const size_t stem = requestTopic.size() - ending.size();
      return requestTopic.substr(0, stem) + (ending == "inputs" ? "outputs" : "output");
    }
  }
  return requestTopic + "-replies";
}

void readOutputs(const Properties& properties, const parser::Span& place,
                 ServingDefinition& serving) {
  const auto outputs = properties.text("OUTPUTS");
  if (!outputs) {
    return;
  }
  serving.spec.givesPredictions = false;
  size_t begin = 0;
  while (begin <= outputs->size()) {
    const size_t end = std::min(outputs->find(',', begin), outputs->size());
    std::string name = outputs->substr(begin, end - begin);
    std::erase(name, ' ');
    if (operators::equalsIgnoringCase(name, "PREDICT")) {
      serving.spec.givesPredictions = true;
    } else if (operators::equalsIgnoringCase(name, "PREDICT_PROBA")) {
      serving.spec.givesProbabilities = true;
    } else {
      throw StatementError(
          fmt::format("OUTPUTS='{}': PREDICT and PREDICT_PROBA can be given out.", *outputs),
          properties.spanOf("OUTPUTS", place));
    }
    begin = end + 1;
  }
}

/// 'M', or with VERSION 'M@alias' or 'M:3'.
std::string referenceOf(const std::string& model, const Properties& properties) {
  const auto version = properties.text("VERSION");
  if (!version) {
    return model;
  }
  const bool isNumber =
      !version->empty() && std::all_of(version->begin(), version->end(), operators::isDigit);
  return operators::parseModelReference(model + (isNumber ? ":" : "@") + *version).toString();
}

}  // namespace

ServingDefinition StatementRun::bindServing(const parser::ServeModel& serve) const {
  const Properties properties(serve.properties, kServingProperties);
  const std::string& model = requireModel(serve.name).name;
  ServingDefinition serving;
  serving.model = model;
  serving.reference = referenceOf(model, properties);
  const auto requestTopic = properties.text("REQUEST_TOPIC");
  if (!requestTopic) {
    throw StatementError("SERVE MODEL needs WITH (REQUEST_TOPIC='topic').", serve.name.span);
  }
  serving.requestTopic = *requestTopic;
  serving.replyTopic = properties.text("REPLY_TOPIC").value_or(replyTopicFor(*requestTopic));
  if (serving.replyTopic == serving.requestTopic) {
    throw StatementError("Replies cannot go to the topic of the requests.",
                         properties.spanOf("REPLY_TOPIC", span()));
  }
  serving.spec.protocol = operators::asciiUpper(properties.text("PROTOCOL").value_or("JSON"));
  serving.spec.modelName = properties.text("MODEL_NAME").value_or(model);
  operators::makeServingProtocol(serving.spec);
  readOutputs(properties, span(), serving);
  for (const auto& [id, query] : executor_.catalog_.queries) {
    if (query->serving && query->serving->requestTopic == serving.requestTopic) {
      throw StatementError(fmt::format("Requests of topic '{}' are answered by query {} already. "
                                       "STOP SERVING {} first.",
                                       serving.requestTopic, id, id),
                           properties.spanOf("REQUEST_TOPIC", span()));
    }
  }
  return serving;
}

StatementResult StatementRun::handle(const parser::ServeModel& serve) {
  const Properties properties(serve.properties, kServingProperties);
  auto definition = std::make_shared<QueryDefinition>();
  definition->serving = bindServing(serve);
  const ServingDefinition& serving = *definition->serving;
  planServing(serving, serve.name.span, executor_.planningContext(),
              executor_.topologyOptions("CHECKED"));
  if (replayed_ == nullptr) {
    ensureTopic(serving.requestTopic, properties, std::nullopt, false,
                properties.spanOf("REQUEST_TOPIC", span()));
    ensureTopic(serving.replyTopic, properties,
                executor_.ports_.topics.numPartitions(serving.requestTopic), false,
                properties.spanOf("REPLY_TOPIC", span()));
  }
  definition->id = nextQueryId("SERVE", serving.model);
  definition->sql = statement_.text;
  auto topology = std::make_shared<const operators::Topology>(
      planServing(serving, serve.name.span, executor_.planningContext(),
                  executor_.topologyOptions(definition->id)));
  definition->topology = topology;
  log(definition->id);
  ensureShadowTopic(*topology);
  catalog().queries[definition->id] = definition;
  executor_.ports_.runner.startQuery(std::move(topology));
  return {fmt::format("Model {} answers the requests of topic '{}' in topic '{}', by query {}.",
                      serving.reference, serving.requestTopic, serving.replyTopic, definition->id),
          {},
          {}};
}

StatementResult StatementRun::handle(const parser::StopServing& stop) {
  std::vector<std::string> ids;
  std::vector<std::string> known;
  for (const auto& [id, query] : catalog().queries) {
    if (!query->serving) {
      continue;
    }
    known.insert(known.end(), {id, query->serving->model});
    if (id == stop.name.name || query->serving->model == stop.name.name) {
      ids.push_back(id);
    }
  }
  if (ids.empty()) {
    failUnknown("Served model", stop.name, known);
  }
  for (const std::string& id : ids) {
    executor_.ports_.runner.stopQuery(id);
    catalog().queries.erase(id);
  }
  log();
  return {fmt::format("Stopped {}.", fmt::join(ids, ", ")), {}, {}};
}

TextTable StatementRun::listServedModels() const {
  TextTable table{{"Model", "Query ID", "Versions", "Protocol", "Request Topic", "Reply Topic",
                   "Status", "Requests", "Errors", "Lag"},
                  {}};
  for (const auto& [id, query] : executor_.catalog_.queries) {
    if (!query->serving) {
      continue;
    }
    const ServingDefinition& serving = *query->serving;
    const operators::ModelUse use{serving.reference, executor_.models_, ""};
    QueryRunner& runner = executor_.ports_.runner;
    const QueryProgress progress = runner.progress(*query->topology);
    table.rows.push_back({serving.spec.modelName, id, use.serve()->route.describe(),
                          serving.spec.protocol, serving.requestTopic, serving.replyTopic,
                          query->paused ? "PAUSED" : runner.status(id),
                          std::to_string(progress.recordsIn), std::to_string(progress.errors),
                          std::to_string(progress.lag)});
  }
  return table;
}

}  // namespace auspex::queries
