// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>
#include <vector>

#include "operators/models/serving/InferRequest.h"

namespace auspex::operators {

/// The elements of one input of a request.
template <typename Value>
std::vector<Value> valuesOf(const InferRequest& request, size_t input = 0) {
  return std::get<std::vector<Value>>(request.inputs.at(input).elements.values);
}

}  // namespace auspex::operators
