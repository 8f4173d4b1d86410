// SPDX-License-Identifier: Apache-2.0
// The brokers that the contract tests run against, and small things that all broker tests need.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/brokers/Broker.h"

namespace auspex::engine::test {

/// A directory of its own, removed with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A kind of broker: `make` gives one that is ready. To test another kind, add a line to the list.
struct BrokerFactory {
  std::string name;
  std::function<std::unique_ptr<Broker>()> make;
};

const std::vector<BrokerFactory>& brokerFactories();

/// Calls body with a broker of each kind.
template <typename Body>
void forEachBroker(Body body) {
  for (const BrokerFactory& factory : brokerFactories()) {
    CAPTURE(factory.name);
    const std::unique_ptr<Broker> broker = factory.make();
    body(*broker);
  }
}

/// A name that no other test uses: a real broker keeps the topics of earlier tests.
std::string uniqueName(std::string_view prefix);

/// A record with bytes of its own, as tests write and compare them.
struct TextRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  int64_t timestamp = 0;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
  friend bool operator==(const TextRecord&, const TextRecord&) = default;
};

/// Topic with default settings; returns its name.
std::string createTopic(Broker& broker, int32_t numPartitions = 1,
                        std::map<std::string, std::string> config = {});
void send(TransactionalProducer& producer, const std::string& topic, int32_t partition,
          const std::vector<TextRecord>& records);
void sendAtOnce(RecordProducer& producer, const std::string& topic, int32_t partition,
                const std::vector<TextRecord>& records);
/// Values "first", ... of one transaction by a producer of its own.
void produce(Broker& broker, const std::string& topic, int32_t partition,
             const std::vector<TextRecord>& records);
/// Polls until the reader has reached `end` (default: the committed end offset now).
std::vector<TextRecord> readToEnd(Broker& broker, const std::string& topic, int32_t partition,
                                  int64_t from = 0);
/// Polls from the beginning until that many records have come, for some seconds at most.
std::vector<TextRecord> awaitRecords(Broker& broker, const std::string& topic, int32_t partition,
                                     size_t numRecords, Isolation isolation);
/// The same, values only; a null value is "null".
std::vector<std::string> valuesOf(Broker& broker, const std::string& topic, int32_t partition,
                                  int64_t from = 0);
/// Runs `action` and returns the kind of BrokerError it throws; nothing when it throws none.
std::optional<BrokerErrorKind> errorOf(const std::function<void()>& action);

}  // namespace auspex::engine::test
