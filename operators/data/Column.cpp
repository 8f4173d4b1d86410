// SPDX-License-Identifier: Apache-2.0
#include "operators/data/Column.h"

#include <algorithm>
#include <numeric>

namespace auspex::operators {

namespace {

/// Index of the alternative of Column::Values that holds a type; 0 for nested types.
size_t physicalIndex(TypeKind kind) {
  switch (kind) {
    case TypeKind::Boolean:
      return 1;
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return 2;
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return 3;
    case TypeKind::Double:
      return 4;
    case TypeKind::Decimal:
      return 5;
    case TypeKind::String:
    case TypeKind::Bytes:
    case TypeKind::BigDecimal:
      return 6;
    case TypeKind::Array:
    case TypeKind::Map:
    case TypeKind::Struct:
      break;
  }
  return 0;
}

Column::Values zeros(TypeKind kind, size_t size) {
  switch (physicalIndex(kind)) {
    case 1:
      return std::vector<uint8_t>(size);
    case 2:
      return std::vector<int32_t>(size);
    case 3:
      return std::vector<int64_t>(size);
    case 4:
      return std::vector<double>(size);
    case 5:
      return std::vector<Int128>(size);
    case 6:
      return std::vector<std::string_view>(size, std::string_view("", 0));
    default:
      return std::monostate{};
  }
}

template <typename T>
std::vector<T> pick(std::span<const T> values, std::span<const uint32_t> rows) {
  std::vector<T> result(rows.size());
  const T* const source = values.data();
  for (size_t i = 0; i < rows.size(); ++i) {
    result[i] = source[rows[i]];
  }
  return result;
}

std::vector<uint8_t> pickValidity(const Column& column, std::span<const uint32_t> rows) {
  if (!column.hasNulls()) {
    return {};
  }
  std::vector<uint8_t> result = pick(column.validity(), rows);
  const bool anyNull = std::find(result.begin(), result.end(), uint8_t{0}) != result.end();
  return anyNull ? result : std::vector<uint8_t>{};
}

ColumnPtr gatherList(const Column& column, std::span<const uint32_t> rows) {
  const std::span<const uint32_t> offsets = column.offsets();
  std::vector<uint32_t> newOffsets(rows.size() + 1);
  uint32_t total = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    total += offsets[rows[i] + 1] - offsets[rows[i]];
    newOffsets[i + 1] = total;
  }
  std::vector<uint32_t> parts(total);
  size_t next = 0;
  for (const uint32_t row : rows) {
    for (uint32_t part = offsets[row]; part < offsets[row + 1]; ++part) {
      parts[next++] = part;
    }
  }
  std::vector<ColumnPtr> children;
  for (const ColumnPtr& child : column.children()) {
    children.push_back(gather(child, parts));
  }
  return Column::makeNested(column.type(), std::move(newOffsets), std::move(children),
                            pickValidity(column, rows));
}

ColumnPtr gatherStruct(const Column& column, std::span<const uint32_t> rows) {
  std::vector<ColumnPtr> children;
  for (const ColumnPtr& child : column.children()) {
    children.push_back(gather(child, rows));
  }
  return Column::makeStruct(column.type(), rows.size(), std::move(children),
                            pickValidity(column, rows));
}

std::vector<uint8_t> joinValidity(std::span<const ColumnPtr> parts, size_t size) {
  const bool anyNull = std::any_of(parts.begin(), parts.end(),
                                   [](const ColumnPtr& part) { return part->hasNulls(); });
  std::vector<uint8_t> validity;
  if (!anyNull) {
    return validity;
  }
  validity.reserve(size);
  for (const ColumnPtr& part : parts) {
    if (part->hasNulls()) {
      validity.insert(validity.end(), part->validity().begin(), part->validity().end());
    } else {
      validity.resize(validity.size() + part->size(), 1);
    }
  }
  return validity;
}

std::vector<Owner> joinOwners(std::span<const ColumnPtr> parts) {
  std::vector<Owner> owners;
  for (const ColumnPtr& part : parts) {
    owners.insert(owners.end(), part->owners().begin(), part->owners().end());
  }
  // Parts of one batch share their owners: without this, owners grow with every concatenation.
  std::sort(owners.begin(), owners.end());
  owners.erase(std::unique(owners.begin(), owners.end()), owners.end());
  return owners;
}

template <typename T>
ColumnPtr joinPrimitive(std::span<const ColumnPtr> parts, size_t size) {
  std::vector<T> values;
  values.reserve(size);
  for (const ColumnPtr& part : parts) {
    const std::span<const T> source = part->values<T>();
    values.insert(values.end(), source.begin(), source.end());
  }
  return Column::make(parts[0]->type(), std::move(values), joinValidity(parts, size),
                      joinOwners(parts));
}

std::vector<ColumnPtr> joinChildren(std::span<const ColumnPtr> parts) {
  std::vector<ColumnPtr> children;
  for (size_t child = 0; child < parts[0]->children().size(); ++child) {
    std::vector<ColumnPtr> childParts;
    for (const ColumnPtr& part : parts) {
      childParts.push_back(part->children()[child]);
    }
    children.push_back(concatenate(childParts));
  }
  return children;
}

/// The same rows with offsets from 0 and children without unused elements, so that rows of
/// concatenated parts touch.
ColumnPtr withoutHoles(const ColumnPtr& column) {
  const std::span<const uint32_t> offsets = column->offsets();
  if (offsets.front() == 0 && column->children()[0]->size() == offsets.back()) {
    return column;
  }
  std::vector<uint32_t> rows(column->size());
  std::iota(rows.begin(), rows.end(), 0U);
  return gatherList(*column, rows);
}

ColumnPtr joinLists(std::span<const ColumnPtr> holedParts, size_t size) {
  std::vector<ColumnPtr> parts;
  for (const ColumnPtr& part : holedParts) {
    parts.push_back(withoutHoles(part));
  }
  std::vector<uint32_t> offsets;
  offsets.reserve(size + 1);
  offsets.push_back(0);
  uint64_t childRows = 0;
  for (const ColumnPtr& part : parts) {
    for (const uint32_t offset : part->offsets().subspan(1)) {
      offsets.push_back(static_cast<uint32_t>(childRows + offset));
    }
    childRows += part->offsets().back();
    AUSPEX_ASSERT(childRows <= UINT32_MAX);
  }
  return Column::makeNested(parts[0]->type(), std::move(offsets), joinChildren(parts),
                            joinValidity(parts, size));
}

}  // namespace

Column::Column(SqlType type, size_t size, Values values, std::vector<uint8_t> validity,
               std::vector<uint32_t> offsets, std::vector<ColumnPtr> children,
               std::vector<Owner> owners)
    : type_(std::move(type)),
      size_(size),
      values_(std::move(values)),
      validity_(std::move(validity)),
      offsets_(std::move(offsets)),
      children_(std::move(children)),
      owners_(std::move(owners)) {
  AUSPEX_ASSERT(values_.index() == physicalIndex(type_.kind()));
  AUSPEX_ASSERT(validity_.empty() || validity_.size() == size_);
}

ColumnPtr Column::makeNested(SqlType type, std::vector<uint32_t> offsets,
                             std::vector<ColumnPtr> children, std::vector<uint8_t> validity) {
  AUSPEX_ASSERT(type.is(TypeKind::Array) || type.is(TypeKind::Map));
  AUSPEX_ASSERT(children.size() == (type.is(TypeKind::Array) ? 1U : 2U));
  AUSPEX_ASSERT(!offsets.empty());
  for (const ColumnPtr& child : children) {
    AUSPEX_ASSERT(child->size() >= offsets.back());
  }
  const size_t size = offsets.size() - 1;
  return std::make_shared<const Column>(std::move(type), size, Values{}, std::move(validity),
                                        std::move(offsets), std::move(children),
                                        std::vector<Owner>{});
}

ColumnPtr Column::makeStruct(SqlType type, size_t size, std::vector<ColumnPtr> children,
                             std::vector<uint8_t> validity) {
  AUSPEX_ASSERT(type.is(TypeKind::Struct));
  AUSPEX_ASSERT(children.size() == type.fields().size());
  for (const ColumnPtr& child : children) {
    AUSPEX_ASSERT(child->size() == size);
  }
  return std::make_shared<const Column>(std::move(type), size, Values{}, std::move(validity),
                                        std::vector<uint32_t>{}, std::move(children),
                                        std::vector<Owner>{});
}

ColumnPtr Column::makeNulls(const SqlType& type, size_t size) {
  std::vector<uint8_t> validity(size, 0);
  switch (type.kind()) {
    case TypeKind::Array:
      return makeNested(type, std::vector<uint32_t>(size + 1), {makeNulls(type.element(), 0)},
                        std::move(validity));
    case TypeKind::Map:
      return makeNested(type, std::vector<uint32_t>(size + 1),
                        {makeNulls(type.mapKey(), 0), makeNulls(type.mapValue(), 0)},
                        std::move(validity));
    case TypeKind::Struct: {
      std::vector<ColumnPtr> children;
      for (const StructField& field : type.fields()) {
        children.push_back(makeNulls(field.type, size));
      }
      return makeStruct(type, size, std::move(children), std::move(validity));
    }
    default:
      return std::make_shared<const Column>(type, size, zeros(type.kind(), size),
                                            std::move(validity), std::vector<uint32_t>{},
                                            std::vector<ColumnPtr>{}, std::vector<Owner>{});
  }
}

ColumnPtr gather(const ColumnPtr& column, std::span<const uint32_t> rows) {
  AUSPEX_ASSERT(column != nullptr);
  const auto primitive = [&]<typename T>(std::span<const T> values) {
    return Column::make(column->type(), pick(values, rows), pickValidity(*column, rows),
                        column->owners());
  };
  switch (physicalIndex(column->type().kind())) {
    case 1:
      return primitive(column->values<uint8_t>());
    case 2:
      return primitive(column->values<int32_t>());
    case 3:
      return primitive(column->values<int64_t>());
    case 4:
      return primitive(column->values<double>());
    case 5:
      return primitive(column->values<Int128>());
    case 6:
      return primitive(column->values<std::string_view>());
    default:
      return column->type().is(TypeKind::Struct) ? gatherStruct(*column, rows)
                                                 : gatherList(*column, rows);
  }
}

ColumnPtr concatenate(std::span<const ColumnPtr> parts) {
  AUSPEX_ASSERT(!parts.empty());
  if (parts.size() == 1) {
    return parts[0];
  }
  size_t size = 0;
  for (const ColumnPtr& part : parts) {
    AUSPEX_ASSERT(part->type() == parts[0]->type());
    size += part->size();
  }
  switch (physicalIndex(parts[0]->type().kind())) {
    case 1:
      return joinPrimitive<uint8_t>(parts, size);
    case 2:
      return joinPrimitive<int32_t>(parts, size);
    case 3:
      return joinPrimitive<int64_t>(parts, size);
    case 4:
      return joinPrimitive<double>(parts, size);
    case 5:
      return joinPrimitive<Int128>(parts, size);
    case 6:
      return joinPrimitive<std::string_view>(parts, size);
    default:
      if (parts[0]->type().is(TypeKind::Struct)) {
        return Column::makeStruct(parts[0]->type(), size, joinChildren(parts),
                                  joinValidity(parts, size));
      }
      return joinLists(parts, size);
  }
}

}  // namespace auspex::operators
