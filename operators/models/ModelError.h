// SPDX-License-Identifier: Apache-2.0
// What is thrown when a model cannot be read, found or used. Never thrown for a single row.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace auspex::operators {

/// A model file that is refused, a model that is not there, or a use of it that it cannot serve.
/// The message names what and where ("tree 3: left_children[5] = 99 ..."), without the model's
/// name.
class ModelError : public std::runtime_error {
 public:
  explicit ModelError(const std::string& message) : std::runtime_error(message) {}
};

/// Refuses one element of a field of a model file: "field[index]: reason".
[[noreturn]] inline void failAt(std::string_view field, size_t index, const std::string& reason) {
  throw ModelError(std::string(field) + "[" + std::to_string(index) + "]: " + reason);
}

}  // namespace auspex::operators
