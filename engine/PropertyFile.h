// SPDX-License-Identifier: Apache-2.0
// --config: a file of properties, as ksqlDB's server reads one.
#pragma once

#include <filesystem>

#include "engine/EngineOptions.h"

namespace auspex::engine {

/// Adds the properties of the file that are not set yet: lines `name=value`, `#` begins a comment.
/// bootstrap.servers, ksql.service.id and auspex.data.dir stand for the options of these names.
/// Throws std::invalid_argument with the line.
void readProperties(const std::filesystem::path& file, EngineOptions& options);

}  // namespace auspex::engine
