// SPDX-License-Identifier: Apache-2.0
#include "engine/shell/Shell.h"

#include <fmt/format.h>

#include "engine/Signals.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

constexpr std::chrono::milliseconds kRound{20};
/// A pull query ends after so many rounds without anything to read.
constexpr int kQuietPolls = 2;

void appendText(const std::optional<std::string_view>& bytes, std::string& line) {
  line += bytes ? std::string(*bytes) : "<null>";
}

}  // namespace

/// A PRINT at work.
struct Shell::Print {
  std::shared_ptr<Wakeup> wakeup = std::make_shared<Wakeup>();
  std::vector<std::unique_ptr<PartitionReader>> readers;
  int64_t left = 0;
};

Shell::Shell(Engine& engine, OutputFormat format, std::ostream& output, std::ostream& messages)
    : engine_(engine),
      format_(format),
      output_(output),
      messages_(messages),
      properties_(engine.executor().properties()) {
}

Shell::~Shell() {
  if (select_) {
    engine_.stopSelect(select_->running);
  }
}

void Shell::begin(std::string text, bool stopAtError) {
  text_ = std::move(text);
  reader_ = std::make_unique<parser::StatementReader>(text_);
  stopAtError_ = stopAtError;
  good_ = true;
}

void Shell::fail(const std::string& message) {
  messages_ << message << "\n";
  messages_.flush();
  good_ = false;
  if (stopAtError_) {
    reader_.reset();
  }
}

bool Shell::step() {
  if (select_) {
    stepSelect();
    return true;
  }
  if (print_) {
    stepPrint();
    return true;
  }
  if (!reader_) {
    return false;
  }
  try {
    const std::optional<parser::ParsedStatement> statement = reader_->next(variables_);
    if (!statement) {
      reader_.reset();
      return false;
    }
    executeStatement(*statement);
  } catch (const parser::SyntaxError& error) {
    fail(parser::renderError(error.message(), error.span(), text_, ""));
  } catch (const queries::StatementError& error) {
    fail(parser::renderError(error.what(), error.span(), text_, ""));
  } catch (const std::exception& error) {
    fail(error.what());
  }
  return true;
}

void Shell::cancel() {
  if (select_) {
    engine_.stopSelect(select_->running);
    select_->running.collector->finish();
    select_.reset();
  }
  print_.reset();
}

bool Shell::execute(const std::string& text, bool stopAtError) {
  clearInterrupt();
  begin(text, stopAtError);
  while (step()) {
    if (isInterrupted() || !output_) {
      cancel();
      clearInterrupt();
      if (isTerminated() || !output_) {
        reader_.reset();
      }
    }
    serveRuntime();
    if (isWaiting()) {
      engine_.runtime().wait(kRound);
    }
  }
  return good_;
}

void Shell::serveRuntime() {
  try {
    engine_.poll();
  } catch (const std::exception& error) {
    if (lastFailure_ != error.what()) {
      lastFailure_ = error.what();
      messages_ << fmt::format("failed: {}", lastFailure_) << std::endl;
    }
  }
}

/// SET, DEFINE and the like are of this session: others, and the run it may be attached to, keep
/// theirs.
queries::StatementResult Shell::executeWithProperties(const parser::ParsedStatement& statement) {
  const auto swapOwn = [this] {
    engine_.executor().properties().swap(properties_);
    engine_.executor().variables().swap(variables_);
  };
  swapOwn();
  try {
    queries::StatementResult result = engine_.executor().execute(statement);
    swapOwn();
    return result;
  } catch (...) {
    swapOwn();
    throw;
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
    startPrint(*print);
    return;
  }
  const queries::StatementResult result = executeWithProperties(statement);
  engine_.start();
  if (!result.message.empty()) {
    (format_ == OutputFormat::Table ? output_ : messages_) << result.message << std::endl;
  }
  if (result.table) {
    writeTable(*result.table, format_, output_);
  }
  output_.flush();
  if (result.query) {
    startSelect(*result.query);
  }
}

/// In a session a push query begins with what comes from now on, unless the session says otherwise.
OffsetReset Shell::offsetReset() const {
  const auto reset = properties_.find("auto.offset.reset");
  return reset != properties_.end() && reset->second == "earliest" ? OffsetReset::Earliest
                                                                   : OffsetReset::Latest;
}

/// A push query shows rows as they come until Ctrl-C or its LIMIT; a pull query reads from the
/// beginning to what is there now.
void Shell::startSelect(const queries::TransientQuery& query) {
  const bool push = query.plan.emitChanges;
  const OffsetReset reset = push ? offsetReset() : OffsetReset::Earliest;
  select_ = Select{engine_.startSelect(query, format_, push, output_, reset), push};
}

void Shell::stepSelect() {
  bool done = select_->running.finished->load();
  if (!done && !select_->push && !select_->running.pull) {
    const bool caughtUp = engine_.runtime().transientCaughtUp(select_->running.id);
    select_->quietRounds = caughtUp ? select_->quietRounds + 1 : 0;
    done = select_->quietRounds > kQuietPolls;
  }
  if (done) {
    std::string failure;
    try {
      select_->running.check();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    cancel();
    if (!failure.empty()) {
      fail(failure);
    }
  }
}

void Shell::startPrint(const parser::PrintTopic& print) {
  const auto topic = engine_.broker().topic(print.topic);
  if (!topic) {
    fail(fmt::format("Could not find topic '{}'. SHOW TOPICS lists them.", print.topic));
    return;
  }
  print_ = std::make_unique<Print>();
  print_->left = print.limit.value_or(std::numeric_limits<int64_t>::max());
  for (int32_t i = 0; i < topic->numPartitions; ++i) {
    const TopicPartition partition{print.topic, i};
    const int64_t begin = print.fromBeginning
                              ? engine_.broker().beginOffset(partition)
                              : engine_.broker().endOffset(partition, Isolation::ReadCommitted);
    print_->readers.push_back(
        engine_.broker().openReader(partition, begin, Isolation::ReadCommitted, print_->wakeup));
  }
}

void Shell::stepPrint() {
  for (const auto& reader : print_->readers) {
    const auto fetched = reader->poll(kRecordsPerPoll);
    for (size_t row = 0; fetched && row < fetched->records.size() && print_->left > 0; ++row) {
      const operators::Record& record = fetched->records[row];
      std::string line = fmt::format("rowtime: {}, key: ", record.timestamp);
      appendText(record.key, line);
      line += ", value: ";
      appendText(record.value, line);
      output_ << line << fmt::format(", partition: {}\n", fetched->partition);
      --print_->left;
    }
  }
  output_.flush();
  if (print_->left <= 0) {
    print_.reset();
  }
}

}  // namespace auspex::engine
