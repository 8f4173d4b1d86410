// SPDX-License-Identifier: Apache-2.0
#include "engine/PropertyFile.h"

#include <fmt/format.h>

#include <fstream>
#include <stdexcept>

#include "engine/Trimmed.h"

namespace auspex::engine {
void readProperties(const std::filesystem::path& file, EngineOptions& options) {
  std::ifstream input(file);
  if (!input) {
    throw std::invalid_argument(fmt::format("cannot read '{}'", file.string()));
  }
  const EngineOptions defaults;
  std::string text;
  for (int number = 1; std::getline(input, text); ++number) {
    const std::string_view line = trimmed(text);
    if (line.empty() || line[0] == '#') {
      continue;
    }
    const size_t equals = line.find('=');
    const std::string name(trimmed(line.substr(0, equals)));
    if (equals == std::string::npos || name.empty()) {
      throw std::invalid_argument(
          fmt::format("{}:{}: '{}' is not name=value", file.string(), number, line));
    }
    const std::string value(trimmed(line.substr(equals + 1)));
    if (name == "bootstrap.servers") {
      options.bootstrapServers =
          options.bootstrapServers.empty() ? value : options.bootstrapServers;
    } else if (name == "ksql.service.id") {
      options.serviceId = options.serviceId == defaults.serviceId ? value : options.serviceId;
    } else if (name == "auspex.data.dir") {
      options.dataDirectory =
          options.dataDirectory.empty() ? std::filesystem::path(value) : options.dataDirectory;
    } else {
      options.properties.try_emplace(name, value);
    }
  }
}

}  // namespace auspex::engine
