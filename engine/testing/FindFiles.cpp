// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/FindFiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace auspex::engine {

std::vector<std::filesystem::path> findFiles(const std::vector<std::string>& paths,
                                             const std::string& extension) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path path : paths) {
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        if (entry.path().extension() == extension) {
          files.push_back(entry.path());
        }
      }
    } else if (std::filesystem::exists(path)) {
      files.push_back(path);
    } else {
      throw std::invalid_argument(fmt::format("'{}' does not exist", path.string()));
    }
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

}  // namespace auspex::engine
