// SPDX-License-Identifier: Apache-2.0
#include "engine/ModelRows.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "engine/connectors/LineReader.h"
#include "operators/PredictOperator.h"
#include "operators/formats/delimited/CsvLine.h"
#include "operators/models/ModelError.h"
#include "operators/models/forest/JsonReader.h"

namespace auspex::engine {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

bool isBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

LineReader openLines(const std::filesystem::path& path, bool isCsv) {
  try {
    return LineReader(path, isCsv);
  } catch (const std::runtime_error& error) {
    throw ModelRowError(error.what());
  }
}

template <typename Number>
std::optional<Number> parseNumber(std::string_view text) {
  text.remove_prefix(text.starts_with('+') ? 1 : 0);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

ModelRows::ModelRows(const operators::ModelInfo& info, const std::filesystem::path& path)
    : info_(info),
      names_(operators::featureNames(info)),
      isCsv_(formatByExtension(path) == "csv"),
      lines_(openLines(path, isCsv_)) {
  for (const operators::FeatureInfo& feature : info.features) {
    encoders_.emplace_back();
    if (!feature.categories.empty()) {
      encoders_.back() =
          std::make_unique<operators::CategoryEncoder>(std::span(feature.categories));
    } else if (!feature.integerCategories.empty()) {
      encoders_.back() =
          std::make_unique<operators::CategoryEncoder>(std::span(feature.integerCategories));
    }
  }
  if (isCsv_) {
    readHeader();
  }
}

void ModelRows::fail(const std::string& reason) const {
  throw ModelRowError(fmt::format("row at line {}: {}", lineNumber_, reason));
}

std::optional<size_t> ModelRows::featureOf(const std::string& name) const {
  const operators::NamedPlace place = operators::findByName(name, names_);
  if (place.match != operators::NameMatch::Found) {
    return std::nullopt;
  }
  return place.index;
}

void ModelRows::requireAll(const std::vector<bool>& given, const std::string& where) const {
  for (size_t feature = 0; feature < given.size(); ++feature) {
    if (!given[feature]) {
      throw ModelRowError(
          fmt::format("the model needs feature '{}', which {} lacks", names_[feature], where));
    }
  }
}

void ModelRows::readHeader() {
  const auto line = lines_.next(false);
  ++lineNumber_;
  if (!line || isBlank(*line)) {
    throw ModelRowError("the file has no header with the names of the features");
  }
  const std::string_view text = line->starts_with("\xEF\xBB\xBF") ? line->substr(3) : *line;
  if (const std::string problem = operators::cutCsvLine(text, ',', arena_, cells_);
      !problem.empty()) {
    fail(problem);
  }
  std::vector<bool> given(names_.size(), false);
  for (const std::string_view cell : cells_) {
    const std::optional<size_t> feature = featureOf(std::string(cell));
    if (feature && given[*feature]) {
      throw ModelRowError(fmt::format("feature '{}' stands twice in the header", names_[*feature]));
    }
    if (feature) {
      given[*feature] = true;
    }
    columns_.push_back(feature);
  }
  requireAll(given, "the header");
}

double ModelRows::parseCell(std::string_view text, size_t feature) const {
  const operators::FeatureInfo& known = info_.features[feature];
  if (encoders_[feature] != nullptr && known.integerCategories.empty()) {
    return static_cast<double>(encoders_[feature]->encode(text));
  }
  if (encoders_[feature] != nullptr) {
    const auto category = parseNumber<int64_t>(text);
    return category ? static_cast<double>(encoders_[feature]->encode(*category)) : kMissing;
  }
  if (text == "true" || text == "false") {
    return text == "true" ? 1.0 : 0.0;
  }
  const auto number = parseNumber<double>(text);
  if (!number) {
    fail(fmt::format("'{}' is no number, which feature '{}' takes{}", text.substr(0, 60),
                     names_[feature],
                     known.hasDamagedCategories ? ": its categories are damaged in the file" : ""));
  }
  return *number;
}

void ModelRows::readCsvRow(std::string_view line, double* features) {
  arena_ = operators::Arena();
  if (const std::string problem = operators::cutCsvLine(line, ',', arena_, cells_);
      !problem.empty()) {
    fail(problem);
  }
  if (cells_.size() != columns_.size()) {
    fail(fmt::format("has {} cells, but the header {}", cells_.size(), columns_.size()));
  }
  for (size_t column = 0; column < cells_.size(); ++column) {
    if (columns_[column]) {
      const std::string_view cell = cells_[column];
      features[*columns_[column]] = cell.empty() ? kMissing : parseCell(cell, *columns_[column]);
    }
  }
}

void ModelRows::readJsonRow(std::string_view line, double* features) {
  using Kind = operators::DocumentReader::Kind;
  operators::JsonReader reader(line);
  std::vector<bool> given(names_.size(), false);
  std::string key;
  reader.beginObject();
  while (reader.nextMember(key)) {
    const std::optional<size_t> feature = featureOf(key);
    if (!feature) {
      // A number that no float32 holds is none of the model's business.
      if (reader.peek() == Kind::Number) {
        reader.readDouble();
      } else {
        reader.skip();
      }
      continue;
    }
    if (given[*feature]) {
      fail(fmt::format("feature '{}' stands twice", names_[*feature]));
    }
    given[*feature] = true;
    double& value = features[*feature];
    const Kind kind = reader.peek();
    if (kind == Kind::Null) {
      reader.skip();
      value = kMissing;
    } else if (kind == Kind::String) {
      value = parseCell(reader.readString(), *feature);
    } else if (kind == Kind::Boolean) {
      value = reader.readBoolean() ? 1.0 : 0.0;
    } else if (kind == Kind::Number && !info_.features[*feature].integerCategories.empty()) {
      value = static_cast<double>(encoders_[*feature]->encode(reader.readInteger()));
    } else if (kind == Kind::Number && encoders_[*feature] == nullptr) {
      value = reader.readDouble();
    } else {
      fail(fmt::format("feature '{}' takes a {}", names_[*feature],
                       encoders_[*feature] == nullptr ? "number" : "category of the model"));
    }
  }
  reader.expectEnd();
  requireAll(given, fmt::format("the row at line {}", lineNumber_));
}

size_t ModelRows::read(size_t maxRows, std::vector<double>& matrix) {
  size_t numRows = 0;
  while (numRows < maxRows) {
    std::optional<std::string_view> line;
    try {
      line = lines_.next(false);
    } catch (const std::runtime_error& error) {
      throw ModelRowError(error.what());
    }
    if (!line) {
      break;
    }
    ++lineNumber_;
    if (isBlank(*line)) {
      continue;
    }
    matrix.resize(matrix.size() + names_.size(), kMissing);
    double* const features = matrix.data() + matrix.size() - names_.size();
    try {
      if (isCsv_) {
        readCsvRow(*line, features);
      } else {
        readJsonRow(*line, features);
      }
    } catch (const operators::ModelError& error) {
      fail(error.what());
    }
    ++numRows;
  }
  return numRows;
}

}  // namespace auspex::engine
