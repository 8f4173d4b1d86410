// SPDX-License-Identifier: Apache-2.0
// Copies the records of a topic on a real Kafka broker, through the Broker port and straight on
// librdkafka, in turn, with a transaction every 100 ms, and prints CPU seconds per million records
// of this process and their ratio: what the port costs.
//   kafkaCopyBench BOOTSTRAP [RECORDS [ROUNDS]]
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/brokers/kafka/KafkaBroker.h"

namespace {

using namespace auspex::engine;
using Clock = std::chrono::steady_clock;

constexpr size_t kBatch = 1024;
constexpr size_t kValueBytes = 300;
constexpr std::chrono::milliseconds kCommitInterval{100};

struct Cost {
  double cpuSeconds = 0;
  double seconds = 0;
};

double cpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double peakMebibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::string makeTopic(Broker& broker, const char* role) {
  static int count = 0;
  const std::string name = fmt::format("bench-{}-{}-{}", role, ::getpid(), ++count);
  broker.createTopic({name, 1, -1, {}});
  return name;
}

void fill(Broker& broker, const std::string& topic, size_t numRecords) {
  const auto producer = broker.openProducer(topic);
  std::string value(kValueBytes, 'x');
  std::vector<std::string> keys(kBatch);
  for (size_t done = 0; done < numRecords;) {
    producer->begin();
    for (int batch = 0; batch < 100 && done < numRecords; ++batch) {
      std::vector<auspex::operators::OutgoingRecord> records;
      for (size_t i = 0; i < kBatch && done < numRecords; ++i, ++done) {
        keys[i] = fmt::format("key-{:08}", done);
        auto& record = records.emplace_back();
        record.key = keys[i];
        record.value = value;
        record.timestamp = 1'700'000'000'000 + static_cast<int64_t>(done);
      }
      producer->send(topic, records);
    }
    producer->commit();
  }
}

/// Through the port: PartitionReader to TransactionalProducer.
Cost copyByPort(Broker& broker, const std::string& from, const std::string& to, size_t numRecords) {
  const double cpu = cpuSeconds();
  const auto start = Clock::now();
  const auto wakeup = std::make_shared<Wakeup>();
  const auto reader = broker.openReader({from, 0}, 0, Isolation::ReadCommitted, wakeup);
  const auto producer = broker.openProducer(to);
  std::vector<auspex::operators::OutgoingRecord> outgoing;
  auto committed = start;
  bool begun = false;
  for (size_t copied = 0; copied < numRecords || begun;) {
    const auto fetched = reader->poll(kBatch);
    if (fetched == nullptr) {
      wakeup->wait(std::chrono::milliseconds(10));
    } else {
      if (!begun) {
        producer->begin();
        begun = true;
      }
      outgoing.resize(fetched->records.size());
      for (size_t i = 0; i < outgoing.size(); ++i) {
        outgoing[i].key = fetched->records[i].key;
        outgoing[i].value = fetched->records[i].value;
        outgoing[i].timestamp = fetched->records[i].timestamp;
      }
      producer->send(to, outgoing);
      copied += outgoing.size();
    }
    if (begun && (Clock::now() - committed >= kCommitInterval || copied >= numRecords)) {
      producer->commit();
      begun = false;
      committed = Clock::now();
    }
  }
  return {cpuSeconds() - cpu, std::chrono::duration<double>(Clock::now() - start).count()};
}

void set(rd_kafka_conf_t* conf, const char* name, const char* value) {
  std::array<char, 256> text{};
  if (rd_kafka_conf_set(conf, name, value, text.data(), text.size()) != RD_KAFKA_CONF_OK) {
    throw std::runtime_error(text.data());
  }
}

void check(rd_kafka_error_t* error) {
  if (error != nullptr) {
    throw std::runtime_error(rd_kafka_error_string(error));
  }
}

/// The same on librdkafka with its defaults, as a C program would do it.
Cost copyPlain(const std::string& servers, const std::string& from, const std::string& to,
               size_t numRecords) {
  const double cpu = cpuSeconds();
  const auto start = Clock::now();
  std::array<char, 256> text{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", servers.c_str());
  rd_kafka_t* consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text.data(), text.size());
  conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", servers.c_str());
  set(conf, "transactional.id", to.c_str());
  set(conf, "retry.backoff.ms", "5");
  set(conf, "delivery.report.only.error", "true");
  rd_kafka_t* producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size());
  check(rd_kafka_init_transactions(producer, 30'000));
  rd_kafka_topic_t* input = rd_kafka_topic_new(consumer, from.c_str(), nullptr);
  rd_kafka_topic_t* output = rd_kafka_topic_new(producer, to.c_str(), nullptr);
  rd_kafka_consume_start(input, 0, 0);
  std::array<rd_kafka_message_t*, kBatch> messages{};
  auto committed = start;
  bool begun = false;
  for (size_t copied = 0; copied < numRecords || begun;) {
    const ssize_t count = rd_kafka_consume_batch(input, 0, 10, messages.data(), kBatch);
    for (ssize_t i = 0; i < count; ++i) {
      rd_kafka_message_t* message = messages[static_cast<size_t>(i)];
      if (message->err == 0) {
        if (!begun) {
          check(rd_kafka_begin_transaction(producer));
          begun = true;
        }
        rd_kafka_timestamp_type_t type{};
        while (rd_kafka_producev(producer, RD_KAFKA_VTYPE_RKT, output, RD_KAFKA_VTYPE_PARTITION, 0,
                                 RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_KEY,
                                 message->key, message->key_len, RD_KAFKA_VTYPE_VALUE,
                                 message->payload, message->len, RD_KAFKA_VTYPE_TIMESTAMP,
                                 rd_kafka_message_timestamp(message, &type),
                                 RD_KAFKA_VTYPE_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
          rd_kafka_poll(producer, 1);
        }
        ++copied;
      }
      rd_kafka_message_destroy(message);
    }
    if (begun && (Clock::now() - committed >= kCommitInterval || copied >= numRecords)) {
      check(rd_kafka_commit_transaction(producer, 30'000));
      begun = false;
      committed = Clock::now();
    }
  }
  const Cost cost{cpuSeconds() - cpu, std::chrono::duration<double>(Clock::now() - start).count()};
  rd_kafka_consume_stop(input, 0);
  rd_kafka_topic_destroy(input);
  rd_kafka_topic_destroy(output);
  rd_kafka_destroy(producer);
  rd_kafka_destroy(consumer);
  return cost;
}

void print(const char* name, const Cost& cost, size_t numRecords) {
  const double millions = static_cast<double>(numRecords) / 1e6;
  fmt::print("{:<10} {:.3f} CPU s/M records  {:.2f} M records/s\n", name,
             cost.cpuSeconds / millions, millions / cost.seconds);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int run(const std::string& servers, size_t numRecords, int rounds) {
  KafkaBrokerOptions options;
  options.bootstrapServers = servers;
  KafkaBroker broker(options);
  const std::string input = makeTopic(broker, "in");
  fill(broker, input, numRecords);
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    const std::string plainOutput = makeTopic(broker, "plain");
    const std::string portOutput = makeTopic(broker, "port");
    Cost port;
    if (round % 2 == 0) {
      port = copyByPort(broker, input, portOutput, numRecords);
    }
    const Cost plain = copyPlain(servers, input, plainOutput, numRecords);
    if (round % 2 != 0) {
      port = copyByPort(broker, input, portOutput, numRecords);
    }
    print("librdkafka", plain, numRecords);
    print("port", port, numRecords);
    ratios.push_back(port.cpuSeconds / plain.cpuSeconds);
    broker.deleteTopic(plainOutput);
    broker.deleteTopic(portOutput);
  }
  broker.deleteTopic(input);
  fmt::print(
      "kafkaCopy {} records of {} bytes: port/librdkafka {:.2f} (median of {}), peak {:.0f} "
      "MiB\n",
      numRecords, kValueBytes, median(ratios), rounds, peakMebibytes());
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    fmt::print(stderr, "usage: kafkaCopyBench BOOTSTRAP [RECORDS [ROUNDS]]\n");
    return 2;
  }
  try {
    return run(arguments[1], count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1'000'000,
               count > 3 ? std::atoi(arguments[3]) : 3);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kafkaCopyBench: {}\n", error.what());
    return 1;
  }
}
