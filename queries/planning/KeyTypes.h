// SPDX-License-Identifier: Apache-2.0
// What may be a key.
#pragma once

#include "operators/data/Schema.h"
#include "parser/ast/Span.h"

namespace auspex::queries {

/// Whether the type is a MAP or contains one: equal ones may be written differently.
bool containsMap(const operators::SqlType& type);

/// Throws StatementError for a MAP anywhere in a key: the order of its entries, and so the key's
/// bytes, is anybody's. Source: dialect, formats.
void checkKeyType(const operators::SchemaColumn& key, const parser::Span& span);

}  // namespace auspex::queries
