// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/KeyTypes.h"

#include <fmt/format.h>

#include <algorithm>

#include "queries/StatementError.h"

namespace auspex::queries {

bool containsMap(const operators::SqlType& type) {
  switch (type.kind()) {
    case operators::TypeKind::Map:
      return true;
    case operators::TypeKind::Array:
      return containsMap(type.element());
    case operators::TypeKind::Struct:
      return std::any_of(type.fields().begin(), type.fields().end(),
                         [](const auto& field) { return containsMap(field.type); });
    default:
      return false;
  }
}

void checkKeyType(const operators::SchemaColumn& key, const parser::Span& span) {
  if (containsMap(key.type)) {
    throw StatementError(
        fmt::format("Map keys, including types that contain maps, are not supported as they may "
                    "lead to unexpected behavior due to inconsistent serialization. Key column "
                    "name: `{}`. Column type: {}. See "
                    "https://github.com/confluentinc/ksql/issues/6621 for more.",
                    key.name, key.type.toString()),
        span);
  }
}

}  // namespace auspex::queries
