// SPDX-License-Identifier: Apache-2.0
#include "operators/functions/json/JsonPath.h"

#include <charconv>

#include "operators/data/Ascii.h"

namespace auspex::operators {
namespace {

bool isNameCharacter(char c) {
  return isLetter(c) || isDigit(c) || c == '_' || c == ':' || c == '-' || c == '@' ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

/// Reads one step of a path after another.
class PathReader {
 public:
  explicit PathReader(std::string_view text) : rest_(text) {}

  bool atEnd() const { return rest_.empty(); }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::string> readStep() {
    if (take('.')) {
      return readName();
    }
    if (!take('[')) {
      return std::nullopt;
    }
    std::optional<std::string> step = take('"') ? readQuoted() : readName();
    return step && take(']') ? step : std::nullopt;
  }

 private:
  std::optional<std::string> readName() {
    size_t size = 0;
    while (size < rest_.size() && isNameCharacter(rest_[size])) {
      ++size;
    }
    std::string name(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return name.empty() ? std::nullopt : std::optional(name);
  }

  std::optional<std::string> readQuoted() {
    std::string name;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') {
        return name;
      }
      if (c == '\\' && !rest_.empty()) {
        name += rest_.front();
        rest_.remove_prefix(1);
      } else {
        name += c;
      }
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

const JsonTree* elementOf(const JsonTree& array, const std::string& step) {
  size_t index = 0;
  const char* const end = step.data() + step.size();
  const auto parsed = std::from_chars(step.data(), end, index);
  const bool isIndex = parsed.ec == std::errc() && parsed.ptr == end;
  return isIndex && index < array.elements.size() ? &array.elements[index] : nullptr;
}

}  // namespace

std::optional<JsonPath> JsonPath::parse(std::string_view text) {
  PathReader reader(text);
  if (!reader.take('$')) {
    return std::nullopt;
  }
  JsonPath path;
  while (!reader.atEnd()) {
    std::optional<std::string> step = reader.readStep();
    if (!step) {
      return std::nullopt;
    }
    path.steps_.push_back(std::move(*step));
  }
  return path;
}

const JsonTree* JsonPath::find(const JsonTree& root) const {
  const JsonTree* found = &root;
  for (const std::string& step : steps_) {
    found = found->kind == JsonTree::Kind::Array ? elementOf(*found, step) : found->find(step);
    if (found == nullptr) {
      return nullptr;
    }
  }
  return found;
}

}  // namespace auspex::operators
