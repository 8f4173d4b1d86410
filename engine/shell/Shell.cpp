// SPDX-License-Identifier: Apache-2.0
#include "engine/shell/Shell.h"

#include <fmt/format.h>

#include "engine/Signals.h"
#include "operators/formats/json/JsonText.h"

namespace auspex::engine {
namespace {

constexpr size_t kFetch = 1024;

void appendText(const std::optional<std::string_view>& bytes, std::string& line) {
  line += bytes ? std::string(*bytes) : "<null>";
}

}  // namespace

Shell::Shell(Engine& engine, OutputFormat format, std::ostream& output, std::ostream& messages)
    : engine_(engine), format_(format), output_(output), messages_(messages) {
}

bool Shell::execute(const std::string& text, bool stopAtError) {
  parser::StatementReader reader(text);
  bool good = true;
  while (true) {
    try {
      const std::optional<parser::ParsedStatement> statement = reader.next(variables_);
      if (!statement) {
        return good;
      }
      executeStatement(*statement);
      continue;
    } catch (const parser::SyntaxError& error) {
      messages_ << parser::renderError(error.message(), error.span(), text, "") << "\n";
    } catch (const queries::StatementError& error) {
      messages_ << parser::renderError(error.what(), error.span(), text, "") << "\n";
    } catch (const BrokerError& error) {
      messages_ << error.what() << "\n";
    }
    good = false;
    if (stopAtError) {
      return false;
    }
  }
}

void Shell::executeStatement(const parser::ParsedStatement& statement) {
  if (const auto* const define = std::get_if<parser::DefineVariable>(&statement.statement.node)) {
    variables_[define->name] = define->value;
    return;
  }
  if (const auto* const undefine =
          std::get_if<parser::UndefineVariable>(&statement.statement.node)) {
    variables_.erase(undefine->name);
    return;
  }
  if (const auto* const print = std::get_if<parser::PrintTopic>(&statement.statement.node)) {
    printTopic(*print);
    return;
  }
  const queries::StatementResult result = engine_.executor().execute(statement);
  engine_.start();
  if (!result.message.empty()) {
    output_ << result.message << "\n";
  }
  if (result.table) {
    writeTable(*result.table, output_);
  }
  if (result.query) {
    runSelect(*result.query);
  }
  output_.flush();
}

OffsetReset Shell::offsetReset() const {
  const auto& properties = engine_.executor().properties();
  const auto reset = properties.find("auto.offset.reset");
  if (reset == properties.end()) {
    return engine_.options().offsetReset;
  }
  return reset->second == "earliest" ? OffsetReset::Earliest : OffsetReset::Latest;
}

/// A push query shows rows as they come until Ctrl-C or its LIMIT; a pull query reads from the
/// beginning to what is there now.
void Shell::runSelect(const queries::TransientQuery& query) {
  const bool push = query.plan.emitChanges;
  const OffsetReset reset = push ? offsetReset() : OffsetReset::Earliest;
  const RunningSelect running = engine_.startSelect(query, format_, push, output_, reset);
  clearInterrupt();
  int quietRounds = 0;
  while (!running.finished->load() && !isInterrupted() && output_) {
    engine_.runtime().poll();
    engine_.runtime().wait(std::chrono::milliseconds(20));
    if (!push) {
      const bool caughtUp = engine_.runtime().transientCaughtUp(running.id);
      quietRounds = caughtUp ? quietRounds + 1 : 0;
      if (quietRounds > 2) {
        break;
      }
    }
  }
  engine_.stopSelect(running);
  running.collector->finish();
  clearInterrupt();
}

void Shell::printTopic(const parser::PrintTopic& print) {
  const auto topic = engine_.broker().topic(print.topic);
  if (!topic) {
    messages_ << fmt::format("Could not find topic '{}'. SHOW TOPICS lists them.\n", print.topic);
    return;
  }
  const auto wakeup = std::make_shared<Wakeup>();
  std::vector<std::unique_ptr<PartitionReader>> readers;
  for (int32_t i = 0; i < topic->numPartitions; ++i) {
    const TopicPartition partition{print.topic, i};
    const int64_t begin = print.fromBeginning
                              ? engine_.broker().beginOffset(partition)
                              : engine_.broker().endOffset(partition, Isolation::ReadCommitted);
    readers.push_back(
        engine_.broker().openReader(partition, begin, Isolation::ReadCommitted, wakeup));
  }
  clearInterrupt();
  int64_t left = print.limit.value_or(std::numeric_limits<int64_t>::max());
  while (left > 0 && !isInterrupted() && output_) {
    bool any = false;
    for (const auto& reader : readers) {
      const auto fetched = reader->poll(kFetch);
      for (size_t row = 0; fetched && row < fetched->records.size() && left > 0; ++row, --left) {
        const operators::Record& record = fetched->records[row];
        std::string line = fmt::format("rowtime: {}, key: ", record.timestamp);
        appendText(record.key, line);
        line += ", value: ";
        appendText(record.value, line);
        output_ << line << fmt::format(", partition: {}\n", fetched->partition);
        any = true;
      }
    }
    if (!any) {
      output_.flush();
      wakeup->wait(std::chrono::milliseconds(50));
    }
  }
  clearInterrupt();
}

}  // namespace auspex::engine
