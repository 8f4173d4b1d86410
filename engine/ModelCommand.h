// SPDX-License-Identifier: Apache-2.0
// `auspex model inspect` and `auspex model score`: what a model file holds, and what it gives for
// the rows of a file.
#pragma once

#include <optional>
#include <string>

#include "engine/ExitCode.h"
#include "operators/models/Model.h"

namespace auspex::engine {

/// Prints what the file holds, as text or as one JSON object.
ExitCode inspectModel(const std::string& path, bool asJson);

struct ScoreOptions {
  std::string model;
  /// CSV with a header, or NDJSON; see ModelRows.
  std::string input;
  /// value, proba, margin, leaf or contributions.
  std::string form = "value";
};

/// Prints one JSON value per row: a number, or an array when there are several outputs (leaves and
/// probabilities always); contributions as an object by feature with the bias. Stops at the first
/// row that cannot be read.
ExitCode scoreFile(const ScoreOptions& options);

}  // namespace auspex::engine
