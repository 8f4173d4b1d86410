// SPDX-License-Identifier: Apache-2.0
// SQL types of the dialect: primitives, DECIMAL(p, s), ARRAY, MAP and STRUCT, as immutable values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace auspex::operators {

enum class TypeKind : uint8_t {
  Boolean,
  Integer,
  Bigint,
  Double,
  Decimal,
  String,
  Bytes,
  Time,
  Date,
  Timestamp,
  BigDecimal,
  Array,
  Map,
  Struct
};

/// Most digits of a DECIMAL that is kept as one machine number; those of more, and those whose
/// values have scales of their own, are kept as text (TypeKind::BigDecimal).
inline constexpr int kMaxPlainDecimalPrecision = 38;
/// Most digits of any DECIMAL. ksqlDB has no limit; this one bounds the work per value.
inline constexpr int kMaxDecimalTypePrecision = 1000;

struct StructField;

/// A SQL type. Cheap to copy; nested parts are shared and immutable. Equality is structural.
/// Source: dialect, types.
class SqlType {
 public:
  SqlType() = default;  // BOOLEAN; a type is always something.
  static SqlType boolean() { return SqlType(TypeKind::Boolean); }
  static SqlType integer() { return SqlType(TypeKind::Integer); }
  static SqlType bigint() { return SqlType(TypeKind::Bigint); }
  static SqlType doubleType() { return SqlType(TypeKind::Double); }
  /// 1 <= precision <= kMaxDecimalTypePrecision and 0 <= scale <= precision (asserted; the binder
  /// reports wrong ones). Of kind BigDecimal when precision is above kMaxPlainDecimalPrecision.
  static SqlType decimal(int precision, int scale);
  /// DECIMAL(precision, scale) whose values may have smaller scales than the type: a BigDecimal.
  static SqlType decimalOfAnyScale(int precision, int scale);
  static SqlType string() { return SqlType(TypeKind::String); }
  static SqlType bytes() { return SqlType(TypeKind::Bytes); }
  static SqlType time() { return SqlType(TypeKind::Time); }
  static SqlType date() { return SqlType(TypeKind::Date); }
  static SqlType timestamp() { return SqlType(TypeKind::Timestamp); }
  static SqlType array(SqlType element);
  static SqlType map(SqlType key, SqlType value);
  static SqlType structOf(std::vector<StructField> fields);

  TypeKind kind() const { return kind_; }
  bool is(TypeKind kind) const { return kind_ == kind; }
  /// INTEGER, BIGINT, DECIMAL or DOUBLE.
  bool isNumeric() const;
  /// ARRAY, MAP or STRUCT.
  bool isNested() const {
    return kind_ == TypeKind::Array || kind_ == TypeKind::Map || kind_ == TypeKind::Struct;
  }
  /// DECIMAL of either form.
  bool isDecimal() const { return is(TypeKind::Decimal) || is(TypeKind::BigDecimal); }
  int precision() const { return precision_; }
  int scale() const { return scale_; }
  /// Element of an ARRAY.
  const SqlType& element() const;
  /// Key and value of a MAP.
  const SqlType& mapKey() const;
  const SqlType& mapValue() const;
  /// Fields of a STRUCT, in order.
  const std::vector<StructField>& fields() const;
  /// As ksqlDB prints it: `INTEGER`, `DECIMAL(6, 4)`, ``STRUCT<`A` STRING>``.
  std::string toString() const;

  friend bool operator==(const SqlType& left, const SqlType& right);

 private:
  explicit SqlType(TypeKind kind) : kind_(kind) {}

  TypeKind kind_ = TypeKind::Boolean;
  int16_t precision_ = 0;
  int16_t scale_ = 0;
  std::shared_ptr<const std::vector<StructField>> nested_;  // array: 1, map: 2, struct: n
};

struct StructField {
  std::string name;
  SqlType type;
  friend bool operator==(const StructField& left, const StructField& right) = default;
};

}  // namespace auspex::operators
