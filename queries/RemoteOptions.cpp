// SPDX-License-Identifier: Apache-2.0
#include "queries/RemoteOptions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "operators/data/Ascii.h"
#include "operators/models/kafka/SeldonCodec.h"
#include "parser/NearestName.h"
#include "queries/StatementError.h"
#include "queries/planning/Durations.h"

namespace auspex::queries {
namespace {

using operators::FailurePolicy;
using operators::RemoteLayout;
using operators::RemoteModelOptions;
using operators::RemoteProtocol;

// The policies come last: they belong to the model, not to a version.
constexpr std::array<std::string_view, 24> kProperties = {
    "ENDPOINT",       "PROTOCOL",       "REMOTE_MODEL",  "REMOTE_VERSION", "REMOTE_LABEL",
    "SIGNATURE",      "INPUT",          "OUTPUT",        "LAYOUT",         "BINARY",
    "BATCH_MAX_ROWS", "BATCH_LINGER",   "MAX_IN_FLIGHT", "ORDERING",       "TIMEOUT",
    "RETRIES",        "BACKOFF",        "BREAKER_PAUSE", "MISSING",        "BREAKER_FAILURES",
    "DEPLOYMENT",     "ON_UNAVAILABLE", "ON_ERROR",      "FALLBACK"};
constexpr std::array<std::string_view, 27> kTopicProperties = {
    "REQUEST_TOPIC", "REPLY_TOPIC",      "PROTOCOL",     "REMOTE_MODEL",   "REMOTE_VERSION",
    "INPUT",         "OUTPUT",           "LAYOUT",       "BINARY",         "SCORES_PER_ROW",
    "PARTITIONS",    "REPLICAS",         "RETENTION_MS", "BATCH_MAX_ROWS", "BATCH_LINGER",
    "MAX_IN_FLIGHT", "ORDERING",         "TIMEOUT",      "RETRIES",        "BACKOFF",
    "BREAKER_PAUSE", "BREAKER_FAILURES", "MISSING",      "DEPLOYMENT",     "ON_UNAVAILABLE",
    "ON_ERROR",      "FALLBACK"};
constexpr size_t kNumOfModelOnly = 4;
// Neither what the model is nor where: queries have been planned for that.
constexpr std::array<std::string_view, 11> kChangeable = {
    "TIMEOUT",        "RETRIES",       "BACKOFF",       "BATCH_MAX_ROWS",
    "BATCH_LINGER",   "MAX_IN_FLIGHT", "BREAKER_PAUSE", "BREAKER_FAILURES",
    "ON_UNAVAILABLE", "ON_ERROR",      "FALLBACK"};

template <typename Value>
struct Choice {
  std::string_view name;
  Value value;
};

constexpr std::array kProtocols = {Choice<RemoteProtocol>{"V2_HTTP", RemoteProtocol::V2Http},
                                   Choice<RemoteProtocol>{"V2_GRPC", RemoteProtocol::V2Grpc},
                                   Choice<RemoteProtocol>{"TFS_REST", RemoteProtocol::TfsRest},
                                   Choice<RemoteProtocol>{"TFS_GRPC", RemoteProtocol::TfsGrpc}};
constexpr std::array kTopicProtocols = {
    Choice<RemoteProtocol>{"MLSERVER", RemoteProtocol::Mlserver},
    Choice<RemoteProtocol>{"SELDON", RemoteProtocol::Seldon},
    Choice<RemoteProtocol>{"JSON", RemoteProtocol::PlainJson}};
constexpr std::array kLayouts = {Choice<RemoteLayout>{"TENSOR", RemoteLayout::Tensor},
                                 Choice<RemoteLayout>{"COLUMNS", RemoteLayout::Columns}};
constexpr std::array kErrorPolicies = {Choice<FailurePolicy>{"FAIL", FailurePolicy::Fail},
                                       Choice<FailurePolicy>{"NULL", FailurePolicy::Null},
                                       Choice<FailurePolicy>{"DLQ", FailurePolicy::DeadLetter},
                                       Choice<FailurePolicy>{"FALLBACK", FailurePolicy::Fallback}};
constexpr std::array kUnavailablePolicies = {
    Choice<FailurePolicy>{"WAIT", FailurePolicy::Wait},
    Choice<FailurePolicy>{"NULL", FailurePolicy::Null},
    Choice<FailurePolicy>{"DLQ", FailurePolicy::DeadLetter},
    Choice<FailurePolicy>{"FALLBACK", FailurePolicy::Fallback}};

/// Throws StatementError at the property, with what it could be.
[[noreturn]] void refuseValue(const parser::Property& property, const std::string& reason) {
  throw StatementError(
      fmt::format("{}='{}' {}", operators::asciiUpper(property.name.name), property.text, reason),
      property.span);
}

/// Sets `value` by the name that the property gives, ignoring case.
template <typename Value, size_t size>
void readChoice(const Properties& properties, std::string_view name,
                const std::array<Choice<Value>, size>& choices, Value& value) {
  const parser::Property* const property = properties.find(name);
  if (property == nullptr) {
    return;
  }
  std::vector<std::string> names;
  for (const Choice<Value>& choice : choices) {
    if (operators::equalsIgnoringCase(choice.name, property->text)) {
      value = choice.value;
      return;
    }
    names.emplace_back(choice.name);
  }
  const auto nearest = parser::nearestName(operators::asciiUpper(property->text), names);
  refuseValue(*property, fmt::format("is none of {}.{}", fmt::join(names, ", "),
                                     nearest ? fmt::format(" Did you mean {}?", *nearest) : ""));
}

void readText(const Properties& properties, std::string_view name, std::string& text) {
  text = properties.text(name).value_or(text);
}

template <typename Count>
void readCount(const Properties& properties, std::string_view name, int64_t least, int64_t most,
               Count& count) {
  const auto given = properties.integer(name);
  if (!given) {
    return;
  }
  if (*given < least || *given > most) {
    refuseValue(*properties.find(name), fmt::format("is not from {} to {}.", least, most));
  }
  count = static_cast<Count>(*given);
}

void readDuration(const Properties& properties, std::string_view name,
                  std::chrono::milliseconds least, std::chrono::milliseconds& duration) {
  constexpr std::chrono::milliseconds kMost = std::chrono::hours(1);
  const parser::Property* const property = properties.find(name);
  if (property == nullptr) {
    return;
  }
  const std::chrono::milliseconds given(parseMillis(property->text, property->span));
  if (given < least || given > kMost) {
    refuseValue(*property, fmt::format("is not from {} ms to an hour.", least.count()));
  }
  duration = given;
}

bool isTensorFlow(RemoteProtocol protocol) {
  return protocol == RemoteProtocol::TfsRest || protocol == RemoteProtocol::TfsGrpc;
}

void checkTogether(const Properties& properties, const RemoteModelOptions& options,
                   const parser::Span& statement) {
  if (options.endpoint.empty() || options.model.empty()) {
    throw StatementError(
        "A model of a server needs WITH (DEPLOYMENT='RPC', ENDPOINT='host:port', "
        "REMOTE_MODEL='its name there').",
        statement);
  }
  if (!isTensorFlow(options.protocol) && (!options.label.empty() || !options.signature.empty())) {
    const std::string_view name = options.label.empty() ? "SIGNATURE" : "REMOTE_LABEL";
    throw StatementError(
        fmt::format("{} is for TensorFlow Serving: PROTOCOL='TFS_REST' or 'TFS_GRPC'.", name),
        properties.spanOf(name, statement));
  }
  if (!options.label.empty() && !options.version.empty()) {
    throw StatementError("REMOTE_LABEL and REMOTE_VERSION exclude each other.",
                         properties.spanOf("REMOTE_LABEL", statement));
  }
}

/// What statements of both kinds say of the model and of requests.
void readRequestOptions(const Properties& properties, RemoteModelOptions& options) {
  readText(properties, "REMOTE_MODEL", options.model);
  readText(properties, "REMOTE_VERSION", options.version);
  readText(properties, "INPUT", options.input);
  readText(properties, "OUTPUT", options.output);
  readChoice(properties, "LAYOUT", kLayouts, options.layout);
  options.binary = properties.boolean("BINARY").value_or(options.binary);
  readCount(properties, "BATCH_MAX_ROWS", 1, 65'536, options.batchMaxRows);
  readDuration(properties, "BATCH_LINGER", std::chrono::milliseconds(0), options.batchLinger);
  readCount(properties, "MAX_IN_FLIGHT", 1, 1024, options.maxInFlight);
  readDuration(properties, "TIMEOUT", std::chrono::milliseconds(1), options.timeout);
  readCount(properties, "RETRIES", 0, 100, options.retries);
  readDuration(properties, "BACKOFF", std::chrono::milliseconds(0), options.backoff);
  readDuration(properties, "BREAKER_PAUSE", std::chrono::milliseconds(1), options.breakerPause);
  options.breakerFailures = properties.number("BREAKER_FAILURES").value_or(options.breakerFailures);
  if (!(options.breakerFailures > 0 && options.breakerFailures <= 1)) {
    refuseValue(*properties.find("BREAKER_FAILURES"),
                "is no share of failed requests: it is above 0 and at most 1.");
  }
  if (const parser::Property* const ordering = properties.find("ORDERING")) {
    if (!operators::equalsIgnoringCase(ordering->text, "STRICT")) {
      refuseValue(*ordering,
                  "is not supported: rows leave in the order in which they came ('STRICT'), since "
                  "one offset of each partition says what is done, with all that came before it.");
    }
  }
}

/// The topics of requests and replies that the protocol's servers use unless told otherwise.
std::pair<std::string, std::string> usualTopics(const RemoteModelOptions& options) {
  if (options.protocol == RemoteProtocol::Mlserver) {
    return {"mlserver-input", "mlserver-output"};
  }
  if (options.protocol == RemoteProtocol::Seldon && !options.model.empty()) {
    return {operators::seldonTopic(options.model, "inputs"),
            operators::seldonTopic(options.model, "outputs")};
  }
  return {};
}

void checkTopics(const Properties& properties, const RemoteModelOptions& options,
                 const parser::Span& statement) {
  if (options.model.empty() || options.requestTopic.empty() || options.replyTopic.empty()) {
    throw StatementError(
        "A model behind topics needs WITH (DEPLOYMENT='KAFKA', REQUEST_TOPIC='...', "
        "REPLY_TOPIC='...', REMOTE_MODEL='its name there').",
        statement);
  }
  const auto isName = [](const std::string& topic) {
    return std::all_of(topic.begin(), topic.end(), [](char letter) {
      return operators::isLetter(letter) || operators::isDigit(letter) || letter == '.' ||
             letter == '_' || letter == '-';
    });
  };
  for (const std::string_view name : {"REQUEST_TOPIC", "REPLY_TOPIC"}) {
    const std::string& topic = name == "REQUEST_TOPIC" ? options.requestTopic : options.replyTopic;
    if (!isName(topic)) {
      throw StatementError(
          fmt::format("{}='{}' is no name of a topic: letters, digits, '.', '_' and '-'.", name,
                      topic),
          properties.spanOf(name, statement));
    }
  }
  if (options.requestTopic == options.replyTopic) {
    throw StatementError("REQUEST_TOPIC and REPLY_TOPIC must be two topics.",
                         properties.spanOf("REPLY_TOPIC", statement));
  }
}

}  // namespace

std::span<const std::string_view> remoteModelProperties() {
  return kProperties;
}

std::span<const std::string_view> remoteVersionProperties() {
  return std::span(kProperties).first(kProperties.size() - kNumOfModelOnly);
}

std::span<const std::string_view> topicModelProperties() {
  return kTopicProperties;
}

std::span<const std::string_view> topicVersionProperties() {
  return std::span(kTopicProperties).first(kTopicProperties.size() - kNumOfModelOnly);
}

RemoteModelOptions readRemoteOptions(const Properties& properties, RemoteModelOptions base,
                                     const parser::Span& statement) {
  RemoteModelOptions options = std::move(base);
  readChoice(properties, "PROTOCOL", kProtocols, options.protocol);
  readText(properties, "ENDPOINT", options.endpoint);
  readText(properties, "REMOTE_LABEL", options.label);
  readText(properties, "SIGNATURE", options.signature);
  readRequestOptions(properties, options);
  checkTogether(properties, options, statement);
  return options;
}

RemoteModelOptions readTopicOptions(const Properties& properties, RemoteModelOptions base,
                                    const parser::Span& statement) {
  RemoteModelOptions options = std::move(base);
  if (!operators::isThroughTopics(options.protocol)) {
    options.protocol = RemoteProtocol::Mlserver;
  }
  const auto [formerRequests, formerReplies] = usualTopics(options);
  readChoice(properties, "PROTOCOL", kTopicProtocols, options.protocol);
  readRequestOptions(properties, options);
  readCount(properties, "SCORES_PER_ROW", 1, 10'000, options.scoresPerRow);
  if (options.protocol == RemoteProtocol::PlainJson) {
    if (properties.find("LAYOUT") != nullptr && options.layout != RemoteLayout::Columns) {
      refuseValue(*properties.find("LAYOUT"), "is not for PROTOCOL='JSON': features go by name.");
    }
    options.layout = RemoteLayout::Columns;
  }
  const auto [requests, replies] = usualTopics(options);
  // A version of another model follows it to its topics.
  if (options.requestTopic.empty() || options.requestTopic == formerRequests) {
    options.requestTopic = requests;
  }
  if (options.replyTopic.empty() || options.replyTopic == formerReplies) {
    options.replyTopic = replies;
  }
  readText(properties, "REQUEST_TOPIC", options.requestTopic);
  readText(properties, "REPLY_TOPIC", options.replyTopic);
  checkTopics(properties, options, statement);
  return options;
}

std::span<const std::string_view> changeableProperties() {
  return kChangeable;
}

void readChangedOptions(const Properties& properties, RemoteModelOptions& options) {
  readRequestOptions(properties, options);
}

operators::FailurePolicies readFailurePolicies(const Properties& properties,
                                               operators::FailurePolicies base,
                                               const parser::Span& statement) {
  operators::FailurePolicies policies = std::move(base);
  readChoice(properties, "ON_ERROR", kErrorPolicies, policies.onError);
  readChoice(properties, "ON_UNAVAILABLE", kUnavailablePolicies, policies.onUnavailable);
  const bool fallsBack = policies.onError == FailurePolicy::Fallback ||
                         policies.onUnavailable == FailurePolicy::Fallback;
  policies.fallback = properties.text("FALLBACK").value_or(fallsBack ? policies.fallback : "");
  if (fallsBack && policies.fallback.empty()) {
    throw StatementError("ON_ERROR or ON_UNAVAILABLE='FALLBACK' needs FALLBACK='another model'.",
                         properties.spanOf("ON_ERROR", statement));
  }
  if (!fallsBack && !policies.fallback.empty()) {
    throw StatementError(
        "FALLBACK is never used: neither ON_ERROR nor ON_UNAVAILABLE is 'FALLBACK'.",
        properties.spanOf("FALLBACK", statement));
  }
  return policies;
}

std::string describeRemote(const RemoteModelOptions& options) {
  const std::string place = operators::isThroughTopics(options.protocol)
                                ? options.requestTopic + " -> " + options.replyTopic
                                : options.endpoint;
  std::string text =
      fmt::format("{} {} {}", operators::nameOf(options.protocol), place, options.model);
  if (!options.version.empty()) {
    text += ":" + options.version;
  }
  if (!options.label.empty()) {
    text += "@" + options.label;
  }
  return text;
}

std::string_view nameOf(FailurePolicy policy) {
  if (policy == FailurePolicy::Wait) {
    return "WAIT";
  }
  return std::find_if(kErrorPolicies.begin(), kErrorPolicies.end(),
                      [&](const auto& choice) { return choice.value == policy; })
      ->name;
}

}  // namespace auspex::queries
