// SPDX-License-Identifier: Apache-2.0
#include "operators/models/Model.h"

namespace auspex::operators {

namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool equalIgnoringCase(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) {
    return false;
  }
  for (size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower(right[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace

NamedPlace findByName(std::string_view name, std::span<const std::string> names) {
  NamedPlace exact;
  NamedPlace ignoringCase;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) {
      exact = {exact.match == NameMatch::Missing ? NameMatch::Found : NameMatch::Ambiguous, i};
    } else if (equalIgnoringCase(names[i], name)) {
      ignoringCase = {
          ignoringCase.match == NameMatch::Missing ? NameMatch::Found : NameMatch::Ambiguous, i};
    }
  }
  return exact.match != NameMatch::Missing ? exact : ignoringCase;
}

}  // namespace auspex::operators
