// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/kafka/KafkaHandle.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <future>
#include <string_view>
#include <thread>

namespace auspex::engine {
namespace {

constexpr std::chrono::seconds kDestroyTimeout{2};
constexpr int kWarningLevel = 4;  // syslog's LOG_WARNING

// Lost connections are no news: librdkafka repeats them, and who waits for Kafka says so itself.
bool isConnectionNews(std::string_view facility) {
  return facility == "CONFWARN" || facility == "FAIL" || facility == "ERROR" ||
         facility == "GETPID" || facility == "MAXPOLL" || facility == "REQTMOUT" ||
         facility == "COORDQUERY" || facility == "TXNADDOFFSETS" || facility == "SESSTMOUT";
}

void log(const rd_kafka_t* kafka, int level, const char* facility, const char* text) {
  const bool quiet = level > kWarningLevel || isConnectionNews(facility);
  spdlog::log(quiet ? spdlog::level::debug : spdlog::level::warn, "kafka={} facility={} {}",
              kafka == nullptr ? "" : rd_kafka_name(kafka), facility, text);
}

void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, kErrorTextBytes> text{};
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text.data(), text.size()) !=
      RD_KAFKA_CONF_OK) {
    throw BrokerError(BrokerErrorKind::Fatal,
                      fmt::format("Kafka property {}: {}", name, text.data()));
  }
}

}  // namespace

// librdkafka 2.0 may wait for ever for a thread of its own here, for example after a topic that it
// knew was deleted. It then keeps its memory, and the engine goes on.
void KafkaDeleter::operator()(rd_kafka_s* kafka) const {
  const std::string name = rd_kafka_name(kafka);
  std::packaged_task<void()> destroy(
      [kafka] { rd_kafka_destroy_flags(kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); });
  const std::future<void> done = destroy.get_future();
  std::thread(std::move(destroy)).detach();
  if (done.wait_for(kDestroyTimeout) != std::future_status::ready) {
    spdlog::info("kafka={} does not end: left behind", name);
  }
}

void KafkaDeleter::operator()(rd_kafka_topic_s* topic) const {
  rd_kafka_topic_destroy(topic);
}

void KafkaDeleter::operator()(rd_kafka_queue_s* queue) const {
  rd_kafka_queue_destroy(queue);
}

void KafkaDeleter::operator()(rd_kafka_conf_s* conf) const {
  rd_kafka_conf_destroy(conf);
}

void KafkaDeleter::operator()(rd_kafka_error_s* error) const {
  rd_kafka_error_destroy(error);
}

void KafkaDeleter::operator()(rd_kafka_topic_partition_list_s* list) const {
  rd_kafka_topic_partition_list_destroy(list);
}

KafkaConf makeConf(const KafkaBrokerOptions& options, const KafkaProperties& defaults,
                   const KafkaProperties& fixed) {
  KafkaConf conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), log);
  set(conf.get(), "client.id", "auspex");
  set(conf.get(), "log_level", std::to_string(kWarningLevel));
  set(conf.get(), "log.connection.close", "false");
  set(conf.get(), "socket.nagle.disable", "true");
  set(conf.get(), "reconnect.backoff.max.ms", "1000");
  for (const auto& [name, value] : defaults) {
    set(conf.get(), name, value);
  }
  for (const auto& [name, value] : options.properties) {
    set(conf.get(), name, value);
  }
  set(conf.get(), "bootstrap.servers", options.bootstrapServers);
  for (const auto& [name, value] : fixed) {
    set(conf.get(), name, value);
  }
  return conf;
}

KafkaHandle makeHandle(KafkaHandleType type, KafkaConf conf) {
  std::array<char, kErrorTextBytes> text{};
  KafkaHandle handle(
      rd_kafka_new(type == KafkaHandleType::Consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER,
                   conf.get(), text.data(), text.size()));
  if (!handle) {
    throw BrokerError(BrokerErrorKind::Fatal, fmt::format("Kafka client: {}", text.data()));
  }
  static_cast<void>(conf.release());  // belongs to the handle now
  return handle;
}

KafkaHandle makeGrouplessConsumer(const KafkaBrokerOptions& options,
                                  const KafkaProperties& defaults, KafkaProperties fixed) {
  fixed.emplace_back("session.timeout.ms", std::to_string(options.sessionTimeout.count()));
  return makeHandle(KafkaHandleType::Consumer, makeConf(options, defaults, fixed));
}

KafkaPartitions makePartitions(const std::vector<TopicPartition>& partitions) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition);
  }
  return list;
}

KafkaPartitions makePartitions(const Offsets& offsets) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const auto& [partition, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)
        ->offset = offset;
  }
  return list;
}

}  // namespace auspex::engine
