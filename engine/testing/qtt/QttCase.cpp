// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttCase.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "operators/expressions/Base64.h"

namespace auspex::engine {
namespace {

using Kind = JsonTree::Kind;

/// The version of the language that cases with bounds are measured against.
constexpr int kLanguageVersion[] = {8, 5, 0};

/// What makes an entry no case.
class QttError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

const JsonTree& required(const JsonTree& object, const char* name, Kind kind) {
  const JsonTree* const member = object.find(name);
  if (member == nullptr || member->kind != kind) {
    throw QttError(fmt::format("'{}' is missing or of another type", name));
  }
  return *member;
}

/// The elements of an optional array.
const std::vector<JsonTree>& listOf(const JsonTree& object, const char* name) {
  static const std::vector<JsonTree> none;
  const JsonTree* const member = object.find(name);
  if (member == nullptr) {
    return none;
  }
  if (member->kind != Kind::Array) {
    throw QttError(fmt::format("'{}' must be an array", name));
  }
  return member->elements;
}

int64_t integerOf(const JsonTree& tree, const char* name) {
  int64_t value = 0;
  const char* const end = tree.text.data() + tree.text.size();
  if (tree.kind != Kind::Number ||
      std::from_chars(tree.text.data(), end, value) != std::from_chars_result{end, std::errc()}) {
    throw QttError(fmt::format("'{}' must be a whole number", name));
  }
  return value;
}

std::string replaceAll(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

QttWindow readWindow(const JsonTree& tree) {
  QttWindow window;
  window.start = integerOf(required(tree, "start", Kind::Number), "start");
  window.end = integerOf(required(tree, "end", Kind::Number), "end");
  const JsonTree* const type = tree.find("type");
  std::string name = type == nullptr ? "time" : type->text;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  window.isSession = name == "session";
  return window;
}

QttHeaders readHeaders(const JsonTree& record) {
  QttHeaders headers;
  for (const JsonTree& header : listOf(record, "headers")) {
    const JsonTree* const value = header.find("VALUE");
    std::optional<std::string> bytes;
    if (value != nullptr && value->kind == Kind::String) {
      bytes = operators::decodeBase64(value->text);
      if (!bytes) {
        throw QttError("a header's VALUE must be Base64");
      }
    }
    headers.emplace_back(required(header, "KEY", Kind::String).text, std::move(bytes));
  }
  return headers;
}

std::vector<QttRecord> readRecords(const JsonTree& entry, const char* name) {
  std::vector<QttRecord> records;
  for (const JsonTree& tree : listOf(entry, name)) {
    QttRecord& record = records.emplace_back();
    record.topic = required(tree, "topic", Kind::String).text;
    const JsonTree* const value = tree.find("value");
    if (value == nullptr) {
      throw QttError(fmt::format("a record of '{}' has no value", name));
    }
    record.value = *value;
    if (const JsonTree* const key = tree.find("key")) {
      record.key = *key;
    }
    if (const JsonTree* const timestamp = tree.find("timestamp")) {
      record.timestamp = integerOf(*timestamp, "timestamp");
    }
    if (const JsonTree* const window = tree.find("window");
        window != nullptr && window->kind == Kind::Object) {
      record.window = readWindow(*window);
    }
    record.headers = readHeaders(tree);
  }
  return records;
}

std::vector<int> versionNumbers(const std::string& text) {
  std::vector<int> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, '.');) {
    int number = 0;
    std::from_chars(part.data(), part.data() + part.size(), number);
    numbers.push_back(number);
  }
  return numbers;
}

/// Why the case must not run.
std::string skipReason(const JsonTree& entry) {
  const JsonTree* const enabled = entry.find("enabled");
  if (enabled != nullptr && enabled->kind == Kind::False) {
    return "not enabled";
  }
  const JsonTree* const versions = entry.find("versions");
  if (versions == nullptr) {
    return "";
  }
  const std::vector<int> current(std::begin(kLanguageVersion), std::end(kLanguageVersion));
  const JsonTree* const min = versions->find("min");
  const JsonTree* const max = versions->find("max");
  if ((min != nullptr && current < versionNumbers(min->text)) ||
      (max != nullptr && versionNumbers(max->text) < current)) {
    return "for another version of the language";
  }
  return "";
}

QttCase readCase(const JsonTree& entry) {
  QttCase result;
  result.skipped = skipReason(entry);
  for (const JsonTree& statement : required(entry, "statements", Kind::Array).elements) {
    result.statements.push_back(statement.text);
  }
  if (result.statements.empty()) {
    throw QttError("there are no statements");
  }
  if (const JsonTree* const properties = entry.find("properties")) {
    for (const auto& [name, value] : properties->members) {
      const bool isText = value.kind == Kind::String || value.kind == Kind::Number;
      result.properties[name] = isText ? value.text : value.toText();
    }
  }
  for (const JsonTree& tree : listOf(entry, "topics")) {
    QttTopic& topic = result.topics.emplace_back();
    topic.name = required(tree, "name", Kind::String).text;
    if (const JsonTree* const partitions = tree.find("partitions")) {
      topic.numPartitions = static_cast<int32_t>(integerOf(*partitions, "partitions"));
    }
  }
  result.inputs = readRecords(entry, "inputs");
  result.outputs = readRecords(entry, "outputs");
  if (const JsonTree* const expected = entry.find("expectedException")) {
    result.expectedException = *expected;
  }
  if (const JsonTree* const post = entry.find("post")) {
    result.post = *post;
  }
  if (!listOf(entry, "responses").empty()) {
    result.responses = *entry.find("responses");
  }
  if (const JsonTree* const expected = entry.find("expectedError")) {
    result.expectedError = *expected;
  }
  if (const JsonTree* const conditions = entry.find("inputConditions")) {
    const JsonTree* const waits = conditions->find("waitForActivePushQuery");
    result.waitsForPush = waits != nullptr && waits->kind == Kind::True;
  }
  return result;
}

/// One case for each format and value of the configuration.
void expand(const JsonTree& entry, const std::string& stem, std::vector<QttCase>& cases) {
  const JsonTree* const written = entry.find("name");
  const std::string name = stem + " - " + (written == nullptr ? "(no name)" : written->text);
  QttCase base;
  std::vector<JsonTree> formats;
  std::vector<JsonTree> configurations;
  try {
    base = readCase(entry);
    formats = listOf(entry, "format");
    configurations = listOf(entry, "config");
  } catch (const QttError& error) {
    base.broken = error.what();
  }
  base.name = name;
  std::vector<QttCase> withFormats;
  for (const JsonTree& format : formats) {
    QttCase& variant = withFormats.emplace_back(base);
    variant.name += " - " + format.text;
    for (std::string& statement : variant.statements) {
      statement = replaceAll(statement, "{FORMAT}", format.text);
    }
  }
  if (formats.empty()) {
    withFormats.push_back(std::move(base));
  }
  for (QttCase& variant : withFormats) {
    for (const JsonTree& configuration : configurations) {
      QttCase& configured = cases.emplace_back(variant);
      for (auto& [property, value] : configured.properties) {
        if (value == "{CONFIG}") {
          value = configuration.text.empty() ? configuration.toText() : configuration.text;
          configured.name += fmt::format(" - {}={}", property, value);
        }
      }
    }
    if (configurations.empty()) {
      cases.push_back(std::move(variant));
    }
  }
}

}  // namespace

std::string withoutComments(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    if (text[i] == '"') {
      const size_t begin = i++;
      while (i < text.size() && text[i] != '"') {
        i += text[i] == '\\' ? 2 : 1;
      }
      i = std::min(i + 1, text.size());
      result.append(text, begin, i - begin);
    } else if (text.compare(i, 2, "//") == 0) {
      i = std::min(text.find('\n', i), text.size());
    } else if (text.compare(i, 2, "/*") == 0) {
      const size_t end = text.find("*/", i + 2);
      i = end == std::string::npos ? text.size() : end + 2;
    } else {
      result += text[i++];
    }
  }
  return result;
}

std::string QttRecord::toText() const {
  std::string text = fmt::format("{} | {}", key.toText(), value.toText());
  if (timestamp) {
    text += fmt::format(" | @{}", *timestamp);
  }
  if (window) {
    text += fmt::format(" | {} {}-{}", window->isSession ? "session" : "window", window->start,
                        window->end);
  }
  for (const auto& [name, bytes] : headers) {
    text += fmt::format(" | header {}={}", name,
                        bytes ? operators::encodeBase64(*bytes) : std::string("null"));
  }
  return text;
}

std::vector<QttCase> readQttFile(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  std::vector<QttCase> cases;
  const std::string stem = file.stem().string();
  const std::optional<JsonTree> tree = JsonTree::parse(withoutComments(text.str()));
  const JsonTree* const tests = tree ? tree->find("tests") : nullptr;
  if (tests == nullptr || tests->kind != Kind::Array) {
    QttCase& broken = cases.emplace_back();
    broken.name = stem;
    broken.broken = "the file is no JSON object with an array 'tests'";
    return cases;
  }
  for (const JsonTree& entry : tests->elements) {
    expand(entry, stem, cases);
  }
  return cases;
}

}  // namespace auspex::engine
