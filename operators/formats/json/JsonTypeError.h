// SPDX-License-Identifier: Apache-2.0
// What is wrong with a JSON value that a column cannot take, in ksqlDB's words.
#pragma once

#include <string>
#include <string_view>

#include "operators/data/SqlType.h"
#include "operators/formats/json/JsonTokens.h"

namespace auspex::operators {

/// Message for the value at token `i` that a column of `type` could not take; path: `$.F`. Never
/// holds the value itself.
std::string describeJsonMismatch(const JsonTokens& tokens, uint32_t i, const SqlType& type,
                                 std::string_view path);

/// The same for values of a kind that has no token, as MissingNode for an empty document.
std::string jsonMismatchText(std::string_view sourceType, const SqlType& type,
                             std::string_view path);

}  // namespace auspex::operators
