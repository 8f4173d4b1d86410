// SPDX-License-Identifier: Apache-2.0
#include "engine/connectors/ConnectorPositions.h"

#include <fmt/format.h>

#include "engine/WallClock.h"
#include "engine/brokers/CommittedRecords.h"
#include "engine/brokers/EnsureTopic.h"

namespace auspex::engine {
namespace {

ConnectorPosition decode(std::string_view text) {
  ConnectorPosition position;
  while (!text.empty()) {
    const size_t lineEnd = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, lineEnd);
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      position[std::string(line.substr(0, equals))] = std::string(line.substr(equals + 1));
    }
    text.remove_prefix(std::min(lineEnd + 1, text.size()));
  }
  return position;
}

}  // namespace

ConnectorPositions::ConnectorPositions(Broker& broker, const std::string& serviceId)
    : broker_(broker), topic_(fmt::format("_auspex-{}-connectors", serviceId)) {
  ensureTopic(broker_, {topic_, 1, -1, {{"cleanup.policy", "compact"}, {"retention.ms", "-1"}}});
}

ConnectorPosition ConnectorPositions::read(const std::string& connector) const {
  ConnectorPosition position;
  readCommitted(broker_, {topic_, 0}, 0, [&](const operators::Record& record) {
    if (record.key && *record.key == connector && record.value) {
      position = decode(*record.value);
    }
  });
  return position;
}

void ConnectorPositions::write(TransactionWriter& writer, const std::string& connector,
                               const ConnectorPosition& position) const {
  std::string text;
  for (const auto& [name, value] : position) {
    text += name + "=" + value + "\n";
  }
  operators::OutgoingRecord record;
  record.key = connector;
  record.value = text;
  record.timestamp = wallClock();
  writer.send(topic_, {&record, 1});
}

}  // namespace auspex::engine
