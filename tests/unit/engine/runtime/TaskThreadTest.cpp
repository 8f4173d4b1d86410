// SPDX-License-Identifier: Apache-2.0
// What a thread tells its jobs when it ends.
#include "engine/runtime/TaskThread.h"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/brokers/simulated/SimulatedBroker.h"

using namespace auspex::engine;

namespace {

/// A job that has one thing to commit, and writes down what becomes of it.
class NotedJob final : public Job {
 public:
  explicit NotedJob(std::vector<std::string>& notes) : notes_(notes) {}

  std::string name() const override { return "noted"; }
  void open(TransactionWriter&) override {}
  bool work() override { return false; }
  bool hasUncommitted() const override { return hasUncommitted_; }
  void prepare(std::vector<GroupOffsets>&) override {}
  void committed() override {
    hasUncommitted_ = false;
    notes_.emplace_back("committed");
  }
  void aborted() override { notes_.emplace_back("aborted"); }
  std::optional<bool> wasCommitted() override { return std::nullopt; }
  bool finished() const override { return false; }
  void closing() override { notes_.emplace_back("closing"); }

 private:
  std::vector<std::string>& notes_;
  bool hasUncommitted_ = true;
};

}  // namespace

TEST_CASE("a thread that ends in order closes its jobs, after the last commit") {
  std::vector<std::string> notes;
  SimulatedBroker broker(1);
  TaskThread thread(broker, "thread", {}, std::make_shared<Wakeup>(), [](const JobFailure&) {});
  thread.add(std::make_unique<NotedJob>(notes));
  thread.start();
  thread.inspect([](const Job&) {});  // it has been opened by then
  thread.stop();
  CHECK(notes == std::vector<std::string>{"committed", "closing"});
}
