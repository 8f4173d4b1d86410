// SPDX-License-Identifier: Apache-2.0
// Refusals that formats share, in ksqlDB's words.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "operators/formats/Format.h"

namespace auspex::operators {

/// Name of a type without its parts: `ARRAY`, `DECIMAL`.
std::string baseTypeName(const SqlType& type);

/// ``[`K` STRING KEY, `V` INTEGER]``
std::string columnList(std::span<const SchemaColumn> columns);

/// Refuses WRAP_SINGLE_VALUE=true for a format whose single values are always bare; throws
/// FormatError.
void refuseWrapping(std::string_view format, const FormatOptions& options);

}  // namespace auspex::operators
