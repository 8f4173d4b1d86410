// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/CastKernels.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "operators/data/Arena.h"
#include "operators/data/NumberText.h"
#include "operators/expressions/Base64.h"
#include "operators/expressions/BigDecimalKernels.h"
#include "operators/expressions/DecimalMath.h"
#include "operators/expressions/PhysicalTypes.h"
#include "operators/expressions/TimeText.h"

namespace auspex::operators {

namespace {

/// What one cast works on.
struct CastInput {
  const Operand& operand;
  const SqlType& to;
  Selection rows;
  size_t numRows;
  RowFailures& failures;
};

/// convert(value) -> std::optional<To>; nullopt is a failure with failureText.
template <typename From, typename To, typename Convert>
ColumnPtr castEach(const CastInput& input, const char* failureText, Convert convert) {
  const OperandView<From> source(input.operand);
  std::vector<To> values(input.numRows);
  std::vector<uint8_t> validity = commonValidity({&input.operand, 1}, input.numRows);
  input.rows.forEach([&](size_t row) {
    if (!validity.empty() && validity[row] == 0) {
      return;
    }
    const std::optional<To> result = convert(source[row]);
    if (result.has_value()) {
      values[row] = *result;
      return;
    }
    setNull(validity, row, input.numRows);
    input.failures.add(row, failureText);
  });
  return Column::make(input.to, std::move(values), std::move(validity));
}

/// A conversion of plain numbers that cannot fail.
template <typename From, typename To, typename Convert>
ColumnPtr castNumbers(const CastInput& input, Convert convert) {
  const From* const source = input.operand.column->values<From>().data();
  std::vector<To> values(input.numRows);
  To* const out = values.data();
  const Selection rows = denseIfWorthwhile(input.rows, input.numRows);
  if (input.operand.constant) {
    const To converted = convert(source[0]);
    rows.forEach([&](size_t row) { out[row] = converted; });
  } else {
    rows.forEach([&](size_t row) { out[row] = convert(source[row]); });
  }
  return Column::make(input.to, std::move(values),
                      commonValidity({&input.operand, 1}, input.numRows));
}

/// Java's (int) and (long) of a double: saturates, NaN is 0.
template <typename Integer>
Integer saturate(double value) {
  if (std::isnan(value)) {
    return 0;
  }
  if (value >= static_cast<double>(std::numeric_limits<Integer>::max())) {
    return std::numeric_limits<Integer>::max();
  }
  if (value <= static_cast<double>(std::numeric_limits<Integer>::min())) {
    return std::numeric_limits<Integer>::min();
  }
  return static_cast<Integer>(value);
}

template <typename Integer>
std::optional<Integer> readInteger(std::string_view text) {
  if constexpr (std::is_same_v<Integer, int32_t>) {
    return parseInteger(trimmedText(text));
  } else {
    return parseBigint(trimmedText(text));
  }
}

/// ksqlDB takes no NaN and no infinity from text.
std::optional<double> readDouble(std::string_view text) {
  const std::optional<double> value = parseDouble(trimmedText(text));
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<uint8_t> parseBoolean(std::string_view text) {
  const auto isPrefixOf = [&](std::string_view word) {
    return !text.empty() && text.size() <= word.size() &&
           std::equal(text.begin(), text.end(), word.begin(),
                      [](char a, char b) { return (a | 0x20) == b; });
  };
  return isPrefixOf("true") || isPrefixOf("yes") ? 1 : 0;
}

std::optional<Int128> fitted(std::optional<Int128> value, const SqlType& type) {
  return value && fitsPrecision(*value, type.precision()) ? value : std::nullopt;
}

ColumnPtr castToDecimal(const CastInput& input) {
  static constexpr const char* kOverflow = "Numeric field overflow";
  const SqlType& from = input.operand.type();
  const SqlType& to = input.to;
  const auto fromInteger = [&](auto value) {
    return fitted(rescaleExact(value, 0, to.scale()), to);
  };
  switch (from.kind()) {
    case TypeKind::Integer:
      return castEach<int32_t, Int128>(input, kOverflow, fromInteger);
    case TypeKind::Bigint:
      return castEach<int64_t, Int128>(input, kOverflow, fromInteger);
    case TypeKind::Double:
      return castEach<double, Int128>(input, kOverflow, [&](double value) {
        return fitted(decimalFromDouble(value, to.scale()), to);
      });
    case TypeKind::Decimal:
      return castEach<Int128, Int128>(input, kOverflow, [&](Int128 value) {
        return fitted(rescaleHalfUp(value, from.scale(), to.scale()), to);
      });
    default:
      AUSPEX_ASSERT(from.is(TypeKind::String));
      return castEach<std::string_view, Int128>(
          input, "Text is not a number of the type, or overflows it",
          [&](std::string_view text) -> std::optional<Int128> {
            const std::optional<DecimalNumber> number = parseDecimal(trimmedText(text));
            return number ? fitted(rescaleHalfUp(number->unscaled, number->scale, to.scale()), to)
                          : std::nullopt;
          });
  }
}

template <typename Integer>
ColumnPtr castToInteger(const CastInput& input) {
  const SqlType& from = input.operand.type();
  switch (from.kind()) {
    case TypeKind::Integer:
      return castNumbers<int32_t, Integer>(input, [](int32_t v) { return Integer{v}; });
    case TypeKind::Bigint:
      return castNumbers<int64_t, Integer>(input,
                                           [](int64_t v) { return static_cast<Integer>(v); });
    case TypeKind::Double:
      return castNumbers<double, Integer>(input, [](double v) { return saturate<Integer>(v); });
    case TypeKind::Decimal: {
      const Int128 divisor = powerOfTen(from.scale());
      return castNumbers<Int128, Integer>(
          input, [&](Int128 v) { return static_cast<Integer>(v / divisor); });
    }
    default:
      AUSPEX_ASSERT(from.is(TypeKind::String));
      return castEach<std::string_view, Integer>(input, "Text is not a number of the type",
                                                 readInteger<Integer>);
  }
}

ColumnPtr castToDouble(const CastInput& input) {
  const SqlType& from = input.operand.type();
  switch (from.kind()) {
    case TypeKind::Integer:
      return castNumbers<int32_t, double>(input, [](int32_t v) { return double{1} * v; });
    case TypeKind::Bigint:
      return castNumbers<int64_t, double>(input, [](int64_t v) { return static_cast<double>(v); });
    case TypeKind::Decimal:
      return castNumbers<Int128, double>(
          input, [&](Int128 v) { return decimalToDouble(v, from.scale()); });
    default:
      AUSPEX_ASSERT(from.is(TypeKind::String));
      return castEach<std::string_view, double>(input, "Text is not a finite number", readDouble);
  }
}

ColumnPtr castToTime(const CastInput& input) {
  if (input.operand.type().is(TypeKind::Timestamp)) {
    return castNumbers<int64_t, int32_t>(input, [](int64_t millis) {
      return static_cast<int32_t>(millis - floorDivide(millis, kMillisPerDay) * kMillisPerDay);
    });
  }
  return castEach<std::string_view, int32_t>(
      input, "Text is not a time",
      [](std::string_view text) { return parseIsoTime(trimmedText(text)); });
}

ColumnPtr castToDate(const CastInput& input) {
  if (input.operand.type().is(TypeKind::Timestamp)) {
    return castNumbers<int64_t, int32_t>(input, [](int64_t millis) {
      return static_cast<int32_t>(floorDivide(millis, kMillisPerDay));
    });
  }
  return castEach<std::string_view, int32_t>(
      input, "Text is not a date",
      [](std::string_view text) { return parseIsoDate(trimmedText(text)); });
}

ColumnPtr castToTimestamp(const CastInput& input) {
  if (input.operand.type().is(TypeKind::Date)) {
    return castNumbers<int32_t, int64_t>(
        input, [](int32_t days) { return int64_t{days} * kMillisPerDay; });
  }
  return castEach<std::string_view, int64_t>(
      input, "Text is not a timestamp",
      [](std::string_view text) { return parseIsoTimestamp(trimmedText(text)); });
}

ColumnPtr castToString(const CastInput& input) {
  const auto arena = std::make_shared<Arena>();
  std::vector<std::string_view> values(input.numRows, std::string_view("", 0));
  const Column& column = *input.operand.column;
  std::string text;
  input.rows.forEach([&](size_t row) {
    const size_t source = input.operand.rowOf(row);
    if (column.isNull(source)) {
      return;
    }
    text.clear();
    appendText(text, column, source);
    values[row] = arena->copy(text);
  });
  return Column::make(input.to, std::move(values),
                      commonValidity({&input.operand, 1}, input.numRows), {arena});
}

ColumnPtr castToBytes(const CastInput& input) {
  const auto arena = std::make_shared<Arena>();
  const OperandView<std::string_view> source(input.operand);
  std::vector<std::string_view> values(input.numRows, std::string_view("", 0));
  std::vector<uint8_t> validity = commonValidity({&input.operand, 1}, input.numRows);
  input.rows.forEach([&](size_t row) {
    if (!validity.empty() && validity[row] == 0) {
      return;
    }
    const std::optional<std::string> bytes = decodeBase64(source[row]);
    if (bytes.has_value()) {
      values[row] = arena->copy(*bytes);
      return;
    }
    setNull(validity, row, input.numRows);
    input.failures.add(row, "Text is not Base64");
  });
  return Column::make(input.to, std::move(values), std::move(validity), {arena});
}

/// Casts a child of a nested column. Rows of the parent with a failing element are null as a whole.
ColumnPtr castChild(const ColumnPtr& child, const SqlType& to, std::vector<uint32_t>& failedRows) {
  RowFailures failures(nullptr, {});
  failures.recordRows(&failedRows);
  return computeCast({child, false}, to, Selection::all(child->size()), child->size(), failures);
}

ColumnPtr castList(const CastInput& input) {
  const ColumnPtr column = materialize(input.operand, input.numRows);
  std::vector<uint32_t> failedRows;
  std::vector<ColumnPtr> children;
  if (input.to.is(TypeKind::Array)) {
    children.push_back(castChild(column->children()[0], input.to.element(), failedRows));
  } else {
    children.push_back(castChild(column->children()[0], input.to.mapKey(), failedRows));
    children.push_back(castChild(column->children()[1], input.to.mapValue(), failedRows));
  }
  std::vector<uint8_t> validity(column->validity().begin(), column->validity().end());
  std::sort(failedRows.begin(), failedRows.end());
  input.rows.forEach([&](size_t row) {
    const auto first =
        std::lower_bound(failedRows.begin(), failedRows.end(), column->offsets()[row]);
    if (!column->isNull(row) && first != failedRows.end() && *first < column->offsets()[row + 1]) {
      setNull(validity, row, input.numRows);
      input.failures.add(row, "An element cannot be cast");
    }
  });
  return Column::makeNested(input.to, {column->offsets().begin(), column->offsets().end()},
                            std::move(children), std::move(validity));
}

ColumnPtr castStruct(const CastInput& input) {
  const ColumnPtr column = materialize(input.operand, input.numRows);
  const std::vector<StructField>& from = column->type().fields();
  std::vector<uint32_t> failedRows;
  std::vector<ColumnPtr> children;
  for (const StructField& field : input.to.fields()) {
    const auto source = std::find_if(from.begin(), from.end(), [&](const StructField& candidate) {
      return candidate.name == field.name;
    });
    if (source == from.end()) {
      children.push_back(Column::makeNulls(field.type, input.numRows));
      continue;
    }
    const auto index = static_cast<size_t>(source - from.begin());
    children.push_back(castChild(column->children()[index], field.type, failedRows));
  }
  std::vector<uint8_t> validity(column->validity().begin(), column->validity().end());
  std::sort(failedRows.begin(), failedRows.end());
  input.rows.forEach([&](size_t row) {
    if (!column->isNull(row) &&
        std::binary_search(failedRows.begin(), failedRows.end(), static_cast<uint32_t>(row))) {
      setNull(validity, row, input.numRows);
      input.failures.add(row, "A field cannot be cast");
    }
  });
  return Column::makeStruct(input.to, input.numRows, std::move(children), std::move(validity));
}

}  // namespace

std::string_view trimmedText(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') {
    text.remove_suffix(1);
  }
  return text;
}

bool isCastSupported(const SqlType& from, const SqlType& to) {
  if (from == to) {
    return true;
  }
  const bool fromString = from.is(TypeKind::String);
  switch (to.kind()) {
    case TypeKind::Boolean:
    case TypeKind::Bytes:
      return fromString;
    case TypeKind::Integer:
    case TypeKind::Bigint:
    case TypeKind::Double:
    case TypeKind::Decimal:
    case TypeKind::BigDecimal:
      return fromString || from.isNumeric();
    case TypeKind::String:
      return !from.is(TypeKind::Bytes);
    case TypeKind::Time:
    case TypeKind::Date:
      return fromString || from.is(TypeKind::Timestamp);
    case TypeKind::Timestamp:
      return fromString || from.is(TypeKind::Date);
    case TypeKind::Array:
      return from.is(TypeKind::Array) && isCastSupported(from.element(), to.element());
    case TypeKind::Map:
      return from.is(TypeKind::Map) && isCastSupported(from.mapKey(), to.mapKey()) &&
             isCastSupported(from.mapValue(), to.mapValue());
    case TypeKind::Struct:
      break;
  }
  if (!from.is(TypeKind::Struct)) {
    return false;
  }
  for (const StructField& field : to.fields()) {
    for (const StructField& source : from.fields()) {
      if (source.name == field.name && !isCastSupported(source.type, field.type)) {
        return false;
      }
    }
  }
  return true;
}

ColumnPtr computeCast(const Operand& operand, const SqlType& to, Selection rows, size_t numRows,
                      RowFailures& failures) {
  AUSPEX_ASSERT(isCastSupported(operand.type(), to));
  if (operand.type() == to) {
    return materialize(operand, numRows);
  }
  if (operand.type().is(TypeKind::BigDecimal) && to.isNumeric()) {
    return castFromBigDecimal(operand, to, rows, numRows, failures);
  }
  const CastInput input{operand, to, rows, numRows, failures};
  switch (to.kind()) {
    case TypeKind::Boolean:
      return castEach<std::string_view, uint8_t>(input, "", parseBoolean);
    case TypeKind::Integer:
      return castToInteger<int32_t>(input);
    case TypeKind::Bigint:
      return castToInteger<int64_t>(input);
    case TypeKind::Double:
      return castToDouble(input);
    case TypeKind::Decimal:
      return castToDecimal(input);
    case TypeKind::BigDecimal:
      return castToBigDecimal(operand, to, rows, numRows, failures);
    case TypeKind::String:
      return castToString(input);
    case TypeKind::Bytes:
      return castToBytes(input);
    case TypeKind::Time:
      return castToTime(input);
    case TypeKind::Date:
      return castToDate(input);
    case TypeKind::Timestamp:
      return castToTimestamp(input);
    case TypeKind::Array:
    case TypeKind::Map:
      return castList(input);
    case TypeKind::Struct:
      break;
  }
  return castStruct(input);
}

}  // namespace auspex::operators
