// SPDX-License-Identifier: Apache-2.0
#include "queries/Properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "operators/data/Ascii.h"
#include "parser/NearestName.h"
#include "queries/StatementError.h"

namespace auspex::queries {
namespace {

template <typename T>
std::optional<T> parseNumber(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

[[noreturn]] void refuse(const parser::Property& property, const char* expected) {
  throw StatementError(fmt::format("Invalid value '{}' for configuration {}: Expected {}.",
                                   property.text, property.name.name, expected),
                       property.span);
}

}  // namespace

Properties::Properties(const std::vector<parser::Property>& given,
                       std::span<const std::string_view> allowed)
    : given_(given) {
  for (const parser::Property& property : given) {
    const std::string name = operators::asciiUpper(property.name.name);
    if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) {
      continue;
    }
    const std::vector<std::string> names(allowed.begin(), allowed.end());
    std::string message = fmt::format("Invalid config variable in the WITH clause: {}", name);
    if (const auto nearest = parser::nearestName(name, names)) {
      message += fmt::format(". Did you mean {}?", *nearest);
    }
    throw StatementError(message, property.span);
  }
}

const parser::Property* Properties::find(std::string_view name) const {
  const auto found =
      std::find_if(given_.begin(), given_.end(), [name](const parser::Property& property) {
        return operators::asciiUpper(property.name.name) == name;
      });
  return found == given_.end() ? nullptr : &*found;
}

std::optional<std::string> Properties::text(std::string_view name) const {
  const parser::Property* const property = find(name);
  return property == nullptr ? std::nullopt : std::optional(property->text);
}

std::optional<int64_t> Properties::integer(std::string_view name) const {
  const parser::Property* const property = find(name);
  if (property == nullptr) {
    return std::nullopt;
  }
  const auto value = parseNumber<int64_t>(property->text);
  if (!value) {
    refuse(*property, "a whole number");
  }
  return value;
}

std::optional<double> Properties::number(std::string_view name) const {
  const parser::Property* const property = find(name);
  if (property == nullptr) {
    return std::nullopt;
  }
  const auto value = parseNumber<double>(property->text);
  if (!value) {
    refuse(*property, "a number");
  }
  return value;
}

std::optional<bool> Properties::boolean(std::string_view name) const {
  const parser::Property* const property = find(name);
  if (property == nullptr) {
    return std::nullopt;
  }
  const std::string value = operators::asciiUpper(property->text);
  if (value != "TRUE" && value != "FALSE") {
    refuse(*property, "true or false");
  }
  return value == "TRUE";
}

std::optional<std::string> Properties::columnName(std::string_view name) const {
  const parser::Property* const property = find(name);
  if (property == nullptr) {
    return std::nullopt;
  }
  const std::string& written = property->text;
  if (written.size() >= 2 && written.front() == '`' && written.back() == '`') {
    return written.substr(1, written.size() - 2);
  }
  return operators::asciiUpper(written);
}

parser::Span Properties::spanOf(std::string_view name, const parser::Span& fallback) const {
  const parser::Property* const property = find(name);
  return property == nullptr ? fallback : property->span;
}

}  // namespace auspex::queries
