// SPDX-License-Identifier: Apache-2.0
// Resolves written types.
#pragma once

#include "operators/data/SqlType.h"
#include "parser/ast/TypeName.h"
#include "queries/catalog/Catalog.h"

namespace auspex::queries {

/// The type a name stands for: a primitive, a nested type or one made by CREATE TYPE. Throws
/// StatementError with the nearest name.
operators::SqlType bindType(const parser::TypeName& type, const Catalog& catalog);

}  // namespace auspex::queries
