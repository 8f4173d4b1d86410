// SPDX-License-Identifier: Apache-2.0
// Reads as much of YAML as MLflow writes: maps by indentation, one key a line.
#include "operators/models/registry/MlmodelFile.h"

#include <optional>
#include <vector>

#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::operators {
namespace {

struct YamlEntry {
  size_t indent = 0;
  std::string_view key;
  std::string_view value;  // empty: a map or a list follows
};

std::string_view trimmedYaml(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

std::string_view unquotedYaml(std::string_view text) {
  const bool isQuoted = text.size() >= 2 && (text.front() == '\'' || text.front() == '"') &&
                        text.back() == text.front();
  return isQuoted ? text.substr(1, text.size() - 2) : text;
}

/// The lines that have a key; items of lists and texts over several lines are none.
std::vector<YamlEntry> readEntries(std::string_view text) {
  std::vector<YamlEntry> entries;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const std::string_view content = trimmedYaml(line.substr(indent));
    const size_t colon = content.find(':');
    if (content.empty() || content.front() == '#' || content.front() == '-' ||
        colon == std::string_view::npos || colon == 0) {
      continue;
    }
    entries.push_back({indent, unquotedYaml(content.substr(0, colon)),
                       unquotedYaml(trimmedYaml(content.substr(colon + 1)))});
  }
  return entries;
}

/// A path that stays below the model's folder.
bool staysBelow(std::string_view path) {
  if (path.empty() || path.size() > 1'024 || path.front() == '/' ||
      path.find('\\') != std::string_view::npos) {
    return false;
  }
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") {
      return false;
    }
    begin = end + 1;
  }
  return true;
}

}  // namespace

std::string treesFileOf(std::string_view mlmodel) {
  std::string flavours;
  size_t flavourIndent = 0;
  bool isWithin = false;  // the map "flavors"
  std::string_view flavour;
  for (const YamlEntry& entry : readEntries(mlmodel)) {
    if (entry.indent == 0) {
      isWithin = entry.key == "flavors";
      flavourIndent = 0;
      continue;
    }
    if (!isWithin) {
      continue;
    }
    if (flavourIndent == 0 || entry.indent <= flavourIndent) {
      flavourIndent = entry.indent;
      flavour = entry.key;
      flavours += (flavours.empty() ? "" : ", ") + presentable(flavour);
      continue;
    }
    if ((flavour == "xgboost" || flavour == "lightgbm") && entry.key == "data") {
      if (!staysBelow(entry.value)) {
        throw ModelError("its MLmodel names '" + presentable(entry.value) +
                         "' as the file of the model, which is no path below it");
      }
      return std::string(entry.value);
    }
  }
  throw ModelError(flavours.empty() ? std::string("its MLmodel is damaged: it names no flavors")
                                    : "it is a model of " + presentable(flavours) +
                                          "; the engine scores those of xgboost and lightgbm");
}

}  // namespace auspex::operators
