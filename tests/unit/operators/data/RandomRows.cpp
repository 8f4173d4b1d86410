// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/operators/data/RandomRows.h"

namespace auspex::operators {

SqlType randomType(Random& random, int depth) {
  switch (random() % (depth > 0 ? 13 : 10)) {
    case 0:
      return SqlType::boolean();
    case 1:
      return SqlType::integer();
    case 2:
      return SqlType::bigint();
    case 3:
      return SqlType::doubleType();
    case 4:
      return SqlType::decimal(20, 4);
    case 5:
      return SqlType::string();
    case 6:
      return SqlType::bytes();
    case 7:
      return SqlType::time();
    case 8:
      return SqlType::date();
    case 9:
      return SqlType::timestamp();
    case 10:
      return SqlType::array(randomType(random, depth - 1));
    case 11:
      return SqlType::map(SqlType::string(), randomType(random, depth - 1));
    default:
      break;
  }
  std::vector<StructField> fields;
  for (size_t i = 0; i < 1 + random() % 10; ++i) {
    fields.push_back({"F" + std::to_string(i), randomType(random, depth - 1)});
  }
  return SqlType::structOf(fields);
}

Value randomValue(Random& random, const SqlType& type) {
  if (random() % 6 == 0) {
    return Value{};
  }
  switch (type.kind()) {
    case TypeKind::Boolean:
      return Value{random() % 2 == 0};
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return Value{static_cast<int32_t>(random())};
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return Value{static_cast<int64_t>(random())};
    case TypeKind::Double:
      return Value{static_cast<double>(random() % 100000) / 8};
    case TypeKind::Decimal:
      return Value{static_cast<Int128>(random() >> 8) * (random() % 2 == 0 ? 1000 : -7)};
    case TypeKind::String:
    case TypeKind::Bytes:
      return Value{std::string(random() % 20 == 0 ? 300 : random() % 12,
                               static_cast<char>('a' + random() % 26))};
    default:
      break;
  }
  Value::Parts parts;
  if (type.is(TypeKind::Struct)) {
    for (const StructField& field : type.fields()) {
      parts.push_back(randomValue(random, field.type));
    }
  } else {
    for (size_t i = random() % 5; i > 0; --i) {
      if (type.is(TypeKind::Map)) {
        parts.push_back(randomValue(random, type.mapKey()));
      }
      parts.push_back(
          randomValue(random, type.is(TypeKind::Map) ? type.mapValue() : type.element()));
    }
  }
  return Value{parts};
}

std::vector<Value> valuesOf(const Column& column) {
  std::vector<Value> values;
  for (size_t row = 0; row < column.size(); ++row) {
    values.push_back(valueAt(column, row));
  }
  return values;
}

RandomSample::RandomSample(uint64_t seed, size_t minColumns, size_t maxColumns) {
  Random random(seed);
  numRows = 1 + random() % 10;
  for (size_t i = minColumns + random() % (maxColumns - minColumns + 1); i > 0; --i) {
    types.push_back(randomType(random, 2));
    std::vector<Value>& drawn = values.emplace_back(numRows);
    for (Value& value : drawn) {
      value = randomValue(random, types.back());
    }
    columns.push_back(makeColumn(types.back(), drawn));
  }
}

}  // namespace auspex::operators
