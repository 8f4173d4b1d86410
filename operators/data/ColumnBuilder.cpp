// SPDX-License-Identifier: Apache-2.0
#include "operators/data/ColumnBuilder.h"

namespace auspex::operators {

namespace {

Column::Values emptyValues(TypeKind kind) {
  switch (kind) {
    case TypeKind::Boolean:
      return std::vector<uint8_t>{};
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return std::vector<int32_t>{};
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return std::vector<int64_t>{};
    case TypeKind::Double:
      return std::vector<double>{};
    case TypeKind::Decimal:
      return std::vector<Int128>{};
    case TypeKind::String:
    case TypeKind::Bytes:
    case TypeKind::BigDecimal:
      return std::vector<std::string_view>{};
    case TypeKind::Array:
    case TypeKind::Map:
    case TypeKind::Struct:
      break;
  }
  return std::monostate{};
}

template <typename Vector>
constexpr bool kIsVector = !std::is_same_v<std::decay_t<Vector>, std::monostate>;

}  // namespace

ColumnBuilder::ColumnBuilder(const SqlType& type, size_t expectedRows)
    : type_(type), values_(emptyValues(type.kind())) {
  switch (type.kind()) {
    case TypeKind::Array:
      children_.emplace_back(type.element());
      offsets_.push_back(0);
      break;
    case TypeKind::Map:
      children_.emplace_back(type.mapKey());
      children_.emplace_back(type.mapValue());
      offsets_.push_back(0);
      break;
    case TypeKind::Struct:
      for (const StructField& field : type.fields()) {
        children_.emplace_back(field.type);
      }
      break;
    default:
      break;
  }
  reserve(expectedRows);
}

void ColumnBuilder::reserve(size_t numRows) {
  std::visit(
      [&](auto& values) {
        if constexpr (kIsVector<decltype(values)>) {
          values.reserve(numRows);
        }
      },
      values_);
  if (!offsets_.empty()) {
    offsets_.reserve(numRows + 1);
  }
  if (type_.is(TypeKind::Struct)) {
    for (ColumnBuilder& child : children_) {
      child.reserve(numRows);
    }
  }
}

void ColumnBuilder::appendNull() {
  switch (type_.kind()) {
    case TypeKind::Array:
    case TypeKind::Map:
      offsets_.push_back(static_cast<uint32_t>(children_[0].size()));
      break;
    case TypeKind::Struct:
      for (ColumnBuilder& child : children_) {
        child.appendNull();
      }
      break;
    default:
      std::visit(
          [](auto& values) {
            if constexpr (kIsVector<decltype(values)>) {
              values.emplace_back();
            }
          },
          values_);
      break;
  }
  appendInvalid();
}

void ColumnBuilder::appendInvalid() {
  if (validity_.empty()) {
    validity_.reserve(size_ + 16);
    validity_.resize(size_, 1);
  }
  validity_.push_back(0);
  ++size_;
}

void ColumnBuilder::dropLast() {
  AUSPEX_ASSERT(size_ > 0);
  AUSPEX_ASSERT(children_.empty());
  std::visit(
      [](auto& values) {
        if constexpr (kIsVector<decltype(values)>) {
          values.pop_back();
        }
      },
      values_);
  if (!validity_.empty()) {
    validity_.pop_back();
  }
  --size_;
}

void ColumnBuilder::closeRow() {
  if (type_.is(TypeKind::Struct)) {
    for (const ColumnBuilder& child : children_) {
      AUSPEX_ASSERT(child.size() == size_ + 1);
    }
  } else {
    AUSPEX_ASSERT(!offsets_.empty());
    AUSPEX_ASSERT(children_[0].size() == children_.back().size());
    AUSPEX_ASSERT(children_[0].size() <= UINT32_MAX);
    offsets_.push_back(static_cast<uint32_t>(children_[0].size()));
  }
  appendValid();
}

ColumnPtr ColumnBuilder::finish(const std::vector<Owner>& owners) {
  std::vector<ColumnPtr> children;
  children.reserve(children_.size());
  for (ColumnBuilder& child : children_) {
    children.push_back(child.finish(owners));
  }
  const bool ownsStrings = std::holds_alternative<std::vector<std::string_view>>(values_);
  auto column = std::make_shared<const Column>(
      type_, size_, std::move(values_), std::move(validity_), std::move(offsets_),
      std::move(children), ownsStrings ? owners : std::vector<Owner>{});
  *this = ColumnBuilder(SqlType(column->type()));
  return column;
}

}  // namespace auspex::operators
