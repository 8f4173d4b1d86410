// SPDX-License-Identifier: Apache-2.0
// What a wrongly typed expression is answered with; the binder adds where it stands.
#pragma once

#include <stdexcept>
#include <string>

namespace auspex::operators {

/// An expression that cannot be typed. The text is ksqlDB's where ksqlDB has one.
class TypeError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace auspex::operators
