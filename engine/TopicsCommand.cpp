// SPDX-License-Identifier: Apache-2.0
#include "engine/TopicsCommand.h"

#include <fmt/format.h>

#include <iostream>
#include <stdexcept>
#include <vector>

#include "engine/BrokerHome.h"
#include "engine/Signals.h"
#include "engine/TopicAccess.h"
#include "engine/shell/ShellClient.h"
#include "stateStore/StoreError.h"

namespace auspex::engine {
namespace {

/// Lines that go into one transaction, and bytes that go to a run at once.
constexpr size_t kLinesAtOnce = 1024;
constexpr size_t kBytesAtOnce = size_t{1} << 20;

/// Who answers: a broker of this process, or the run that holds the data directory.
class TopicPlace {
 public:
  explicit TopicPlace(const EngineOptions& options) {
    if (!options.bootstrapServers.empty()) {
      broker_ = connectToKafka(options);
      return;
    }
    const std::filesystem::path directory = dataDirectoryOf(options);
    if (!std::filesystem::exists(directory)) {
      throw std::invalid_argument(fmt::format(
          "there is no data directory '{}'; --data-dir names another one", directory.string()));
    }
    run_ = ShellClient::attach(directory);
    if (!run_) {
      home_ = std::make_unique<BrokerHome>(options);
      broker_ = home_->broker();
    }
  }

  /// Null when the broker is of this process.
  ShellClient* run() const { return run_.get(); }
  Broker& broker() const { return *broker_; }

 private:
  std::unique_ptr<ShellClient> run_;
  std::unique_ptr<BrokerHome> home_;
  std::shared_ptr<Broker> broker_;
};

template <typename Action>
ExitCode guarded(const TopicsOptions& options, Action action) {
  try {
    const TopicPlace place(options.engine);
    return action(place);
  } catch (const stateStore::StoreError& error) {
    std::cerr << "auspex: " << error.what() << "\n";
  } catch (const BrokerError& error) {
    std::cerr << "auspex: " << error.what() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "auspex: " << error.what() << "\n";
    return ExitCode::WrongUsage;
  }
  return ExitCode::Unavailable;
}

ExitCode produceLines(const TopicPlace& place, const TopicsOptions& options,
                      const std::vector<std::string>& lines,
                      std::unique_ptr<LineProducer>& producer) {
  if (place.run() != nullptr) {
    std::string payload = options.topic + "\n" + options.keySeparator + "\n";
    for (const std::string& line : lines) {
      payload += line + "\n";
    }
    return place.run()->request(FrameKind::ProduceLines, payload);
  }
  if (!producer) {
    producer = std::make_unique<LineProducer>(place.broker(), options.engine.serviceId + "-produce",
                                              options.topic, options.keySeparator);
  }
  producer->write(lines);
  return ExitCode::Success;
}

}  // namespace

ExitCode listTopics(const TopicsOptions& options) {
  return guarded(options, [](const TopicPlace& place) {
    return place.run() != nullptr ? place.run()->request(FrameKind::ListTopics, "")
                                  : writeTopicList(place.broker(), std::cout);
  });
}

ExitCode printTopic(const TopicsOptions& options) {
  return guarded(options, [&](const TopicPlace& place) {
    if (place.run() != nullptr) {
      const std::string limit = options.limit ? std::to_string(*options.limit) : "";
      return place.run()->request(
          FrameKind::PrintTopic,
          fmt::format("{}\n{}\n{}", limit, options.fromEnd ? "1" : "0", options.topic));
    }
    return writeTopicRecords(place.broker(), {options.topic, options.limit, options.fromEnd},
                             std::cout, std::cerr, isInterrupted);
  });
}

ExitCode produceTopic(const TopicsOptions& options) {
  return guarded(options, [&](const TopicPlace& place) {
    std::unique_ptr<LineProducer> producer;
    std::string line;
    uint64_t count = 0;
    bool more = true;
    while (more) {
      std::vector<std::string> lines;
      size_t bytes = 0;
      while (lines.size() < kLinesAtOnce && bytes < kBytesAtOnce &&
             (more = static_cast<bool>(std::getline(std::cin, line)))) {
        bytes += line.size();
        lines.push_back(std::move(line));
      }
      const ExitCode code = produceLines(place, options, lines, producer);
      if (code != ExitCode::Success) {
        return code;
      }
      count += lines.size();
    }
    std::cerr << fmt::format("{} records written to {}\n", count, options.topic);
    return ExitCode::Success;
  });
}

}  // namespace auspex::engine
