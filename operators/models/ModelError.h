// SPDX-License-Identifier: Apache-2.0
// What is thrown when a model cannot be read, found or used. Never thrown for a single row.
#pragma once

#include <stdexcept>
#include <string>

namespace auspex::operators {

/// A model file that is refused, a model that is not there, or a use of it that it cannot serve.
/// The message names what and where ("tree 3: left_children[5] = 99 ..."), without the model's
/// name.
class ModelError : public std::runtime_error {
 public:
  explicit ModelError(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace auspex::operators
