// SPDX-License-Identifier: Apache-2.0
// How test files are found.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace auspex::engine {

/// The files among `paths`, and those with the extension (".test") anywhere below the directories
/// among them: sorted, each once. Throws std::invalid_argument for a path that does not exist.
std::vector<std::filesystem::path> findFiles(const std::vector<std::string>& paths,
                                             const std::string& extension);

}  // namespace auspex::engine
