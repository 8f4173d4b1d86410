// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttRun.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engine/testing/qtt/QttComparison.h"
#include "engine/testing/qtt/QttEngine.h"
#include "engine/testing/qtt/QttPost.h"
#include "engine/testing/qtt/QttRecords.h"
#include "engine/testing/qtt/QttSession.h"

namespace auspex::engine {
namespace {

class QttRun {
 public:
  QttRun(const QttCase& test, bool printed) : test_(test), world_(test, printed) {}

  /// Why the case fails, or nothing.
  std::optional<std::string> run() {
    std::optional<QttFailure> failure = executeStatements();
    if (!failure) {
      failure = runQueries();
    }
    if (test_.expectedException) {
      return judgeException(failure);
    }
    if (failure) {
      return fmt::format("    expected: no error\n    found:    {}\n", failure->shown);
    }
    if (auto difference = compareOutputs()) {
      return difference;
    }
    if (test_.post) {
      return failedPostCondition(*test_.post, {world_.catalog(), world_.broker(), topologies_,
                                               std::string(kQttServiceId)});
    }
    return std::nullopt;
  }

 private:
  std::optional<QttFailure> executeStatements() {
    if (auto failure = world_.prepare()) {
      return failure;
    }
    for (size_t i = 0; i < world_.statements().size(); ++i) {
      queries::StatementResult ignored;
      if (auto failure = world_.execute(i, ignored)) {
        return failure;
      }
    }
    return std::nullopt;
  }

  std::optional<QttFailure> runQueries() {
    try {
      feedAll();
    } catch (const std::exception& error) {
      return QttFailure{{"StreamsException"}, error.what(), error.what(), world_.lastStatement()};
    }
    return std::nullopt;
  }

  void feedAll() {
    std::vector<int64_t> endOfInput;  // the offset behind each input record
    for (const QttRecord& record : test_.inputs) {
      writeQttRecord(world_.broker(), record, world_.catalog());
      endOfInput.push_back(world_.broker().endOffset({record.topic, 0}, Isolation::ReadCommitted));
      inputTopics_.insert(record.topic);
    }
    while (auto topology = world_.engine().startNextQuery()) {
      topologies_.push_back(topology);
      const std::vector<std::string> sources = externalSources(*topology);
      for (const std::string& source : sources) {
        world_.broker().limitReads(source, 0);
      }
      for (size_t i = 0; i < test_.inputs.size(); ++i) {
        const std::string& topic = test_.inputs[i].topic;
        if (std::find(sources.begin(), sources.end(), topic) != sources.end()) {
          world_.broker().limitReads(topic, endOfInput[i]);
          world_.settle();
        }
      }
      for (const std::string& source : sources) {
        if (!inputTopics_.contains(source)) {
          feedTopic(source);
        }
      }
      world_.settle();
    }
  }

  static std::vector<std::string> externalSources(const operators::Topology& topology) {
    std::vector<std::string> topics;
    for (const operators::SubTopology& part : topology.parts) {
      for (const operators::SourceTopic& source : part.sources) {
        if (!source.internal) {
          topics.push_back(source.topic);
        }
      }
    }
    return topics;
  }

  /// Everything that earlier queries and statements have written, record by record.
  void feedTopic(const std::string& topic) {
    const auto description = world_.broker().topic(topic);
    for (int32_t partition = 0; description && partition < description->numPartitions;
         ++partition) {
      for (const SimulatedRead& read : world_.broker().records(topic, partition)) {
        world_.broker().limitReads(topic, read.offset + 1);
        world_.settle();
      }
    }
  }

  std::optional<std::string> compareOutputs() {
    if (!test_.outputs.empty() && topologies_.empty()) {
      return std::string("    expected: a query that writes\n    found:    none\n");
    }
    auto difference = differenceOfOutputs(test_, world_);
    return difference ? std::optional(*difference + shownDeadLetters()) : std::nullopt;
  }

  /// Rows that were set aside say most about records that are missing.
  std::string shownDeadLetters() {
    std::string text;
    for (const auto& topology : topologies_) {
      const auto description = world_.broker().topic(topology->deadLetterTopic);
      for (int32_t i = 0; description && i < description->numPartitions; ++i) {
        for (const SimulatedRead& read : world_.broker().records(topology->deadLetterTopic, i)) {
          for (const auto& [name, value] : read.record.headers) {
            if (name == "auspex.reason") {
              text += fmt::format("    dead letter: {}\n", value.value_or(""));
            }
          }
        }
      }
    }
    return text;
  }

  std::optional<std::string> judgeException(const std::optional<QttFailure>& failure) {
    const JsonTree* const type = test_.expectedException->find("type");
    const JsonTree* const message = test_.expectedException->find("message");
    const std::string wanted =
        fmt::format("{} {}", type == nullptr ? "an error:" : type->text + ":",
                    message == nullptr ? "" : message->text);
    const auto different = [&](const std::string& found) {
      return fmt::format("    expected: {}\n    found:    {}\n", wanted, found);
    };
    if (!failure) {
      return different("no error");
    }
    if (failure->statement != world_.lastStatement()) {
      return different(fmt::format("statement {} of {} fails already: {}", failure->statement + 1,
                                   world_.lastStatement() + 1, failure->shown));
    }
    if (type != nullptr) {
      const std::string name = type->text.substr(type->text.rfind('.') + 1);
      const auto& classes = failure->classes;
      if (std::find(classes.begin(), classes.end(), name) == classes.end()) {
        return different(fmt::format("{}: {}", classes[0], failure->shown));
      }
    }
    if (message != nullptr &&
        failure->message.find(world_.withoutPlace(message->text)) == std::string::npos) {
      return different(failure->shown);
    }
    return std::nullopt;
  }

  const QttCase& test_;
  QttEngine world_;
  std::vector<std::shared_ptr<const operators::Topology>> topologies_;
  std::set<std::string> inputTopics_;
};

}  // namespace

QttOutcome runQttCase(const QttCase& test, bool printed) {
  if (!test.skipped.empty()) {
    return {QttVerdict::Skipped, test.skipped};
  }
  if (!test.broken.empty()) {
    return {QttVerdict::Failed, fmt::format("    {}\n", test.broken)};
  }
  try {
    const auto text = isSession(test) ? runQttSession(test, printed) : QttRun(test, printed).run();
    if (text) {
      return {QttVerdict::Failed, *text};
    }
  } catch (const std::exception& error) {
    return {QttVerdict::Failed, fmt::format("    the case cannot run: {}\n", error.what())};
  }
  return {};
}

}  // namespace auspex::engine
