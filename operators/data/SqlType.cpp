// SPDX-License-Identifier: Apache-2.0
#include "operators/data/SqlType.h"

#include "operators/data/Assert.h"

namespace auspex::operators {

SqlType SqlType::decimal(int precision, int scale) {
  if (precision > kMaxPlainDecimalPrecision) {
    return decimalOfAnyScale(precision, scale);
  }
  SqlType type = decimalOfAnyScale(precision, scale);
  type.kind_ = TypeKind::Decimal;
  return type;
}

SqlType SqlType::decimalOfAnyScale(int precision, int scale) {
  AUSPEX_ASSERT(precision >= 1 && precision <= kMaxDecimalTypePrecision);
  AUSPEX_ASSERT(scale >= 0 && scale <= precision);
  SqlType type(TypeKind::BigDecimal);
  type.precision_ = static_cast<int16_t>(precision);
  type.scale_ = static_cast<int16_t>(scale);
  return type;
}

SqlType SqlType::array(SqlType element) {
  SqlType type(TypeKind::Array);
  type.nested_ = std::make_shared<const std::vector<StructField>>(
      std::vector<StructField>{{"ELEMENT", std::move(element)}});
  return type;
}

SqlType SqlType::map(SqlType key, SqlType value) {
  SqlType type(TypeKind::Map);
  type.nested_ = std::make_shared<const std::vector<StructField>>(
      std::vector<StructField>{{"KEY", std::move(key)}, {"VALUE", std::move(value)}});
  return type;
}

SqlType SqlType::structOf(std::vector<StructField> fields) {
  SqlType type(TypeKind::Struct);
  type.nested_ = std::make_shared<const std::vector<StructField>>(std::move(fields));
  return type;
}

bool SqlType::isNumeric() const {
  return kind_ == TypeKind::Integer || kind_ == TypeKind::Bigint || kind_ == TypeKind::Double ||
         isDecimal();
}

const SqlType& SqlType::element() const {
  AUSPEX_ASSERT(kind_ == TypeKind::Array);
  return (*nested_)[0].type;
}

const SqlType& SqlType::mapKey() const {
  AUSPEX_ASSERT(kind_ == TypeKind::Map);
  return (*nested_)[0].type;
}

const SqlType& SqlType::mapValue() const {
  AUSPEX_ASSERT(kind_ == TypeKind::Map);
  return (*nested_)[1].type;
}

const std::vector<StructField>& SqlType::fields() const {
  AUSPEX_ASSERT(kind_ == TypeKind::Struct);
  return *nested_;
}

std::string SqlType::toString() const {
  switch (kind_) {
    case TypeKind::Boolean:
      return "BOOLEAN";
    case TypeKind::Integer:
      return "INTEGER";
    case TypeKind::Bigint:
      return "BIGINT";
    case TypeKind::Double:
      return "DOUBLE";
    case TypeKind::Decimal:
    case TypeKind::BigDecimal:
      return "DECIMAL(" + std::to_string(precision_) + ", " + std::to_string(scale_) + ")";
    case TypeKind::String:
      return "STRING";
    case TypeKind::Bytes:
      return "BYTES";
    case TypeKind::Time:
      return "TIME";
    case TypeKind::Date:
      return "DATE";
    case TypeKind::Timestamp:
      return "TIMESTAMP";
    case TypeKind::Array:
      return "ARRAY<" + element().toString() + ">";
    case TypeKind::Map:
      return "MAP<" + mapKey().toString() + ", " + mapValue().toString() + ">";
    case TypeKind::Struct:
      break;
  }
  std::string text = "STRUCT<";
  for (size_t i = 0; i < fields().size(); ++i) {
    text += (i == 0 ? "`" : ", `") + fields()[i].name + "` " + fields()[i].type.toString();
  }
  return text + ">";
}

bool operator==(const SqlType& left, const SqlType& right) {
  if (left.kind_ != right.kind_ || left.precision_ != right.precision_ ||
      left.scale_ != right.scale_) {
    return false;
  }
  return left.nested_ == right.nested_ ||
         (left.nested_ && right.nested_ && *left.nested_ == *right.nested_);
}

}  // namespace auspex::operators
