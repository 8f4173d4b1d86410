// SPDX-License-Identifier: Apache-2.0
#include "operators/models/rpc/FeatureTensors.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "operators/data/Assert.h"
#include "operators/formats/json/JsonText.h"

namespace auspex::operators {

namespace {

/// Calls with a value of the C++ type of a tensor's elements. Not for Bytes and Fp16.
template <typename Call>
void withElementType(Datatype datatype, Call call) {
  switch (datatype) {
    case Datatype::Bool:
    case Datatype::Uint8:
      return call(uint8_t{});
    case Datatype::Uint16:
      return call(uint16_t{});
    case Datatype::Uint32:
      return call(uint32_t{});
    case Datatype::Uint64:
      return call(uint64_t{});
    case Datatype::Int8:
      return call(int8_t{});
    case Datatype::Int16:
      return call(int16_t{});
    case Datatype::Int32:
      return call(int32_t{});
    case Datatype::Int64:
      return call(int64_t{});
    case Datatype::Fp32:
      return call(float{});
    case Datatype::Fp64:
      return call(double{});
    case Datatype::Fp16:
    case Datatype::Bytes:
      break;
  }
  AUSPEX_ASSERT(false);
}

bool isNullAt(const FeatureColumn& column, size_t row) {
  return !column.validity.empty() && column.validity[row] == 0;
}

/// Whether a number is one of Element's: floats take all, integers what is whole and in range.
template <typename Element, typename Value>
bool fitsElement(Value value) {
  if constexpr (std::is_floating_point_v<Element>) {
    return true;
  } else if constexpr (std::is_floating_point_v<Value>) {
    // Both bounds are exact as doubles: powers of two.
    constexpr double kBound =
        2.0 * static_cast<double>(std::numeric_limits<Element>::max() / 2 + 1);
    return value >= static_cast<double>(std::numeric_limits<Element>::min()) && value < kBound &&
           std::trunc(value) == value;
  } else {
    return std::in_range<Element>(value);
  }
}

std::string describeMisfit(const InputTensor& tensor, const FeatureColumn& column,
                           const std::string& what) {
  return "input '" + column.name + "' is " + what + ", which the server's " +
         std::string(v2NameOf(tensor.datatype)) + " cannot say";
}

/// Why one value of a column cannot be sent; empty when it can.
std::string misfitOf(const FeatureColumn& column, size_t row, const InputTensor& tensor,
                     NonFinite nonFinite) {
  const bool isText = std::holds_alternative<std::vector<std::string>>(column.values);
  if (isText != (tensor.datatype == Datatype::Bytes)) {
    return describeMisfit(tensor, column, isText ? "text" : "a number");
  }
  if (isNullAt(column, row)) {
    return isFloat(tensor.datatype) ? "" : describeMisfit(tensor, column, "NULL");
  }
  if (isText) {
    return "";
  }
  std::string misfit;
  std::visit(
      [&](const auto& values) {
        using Given = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (!std::is_same_v<Given, std::string>) {
          const Given value = values[row];
          if constexpr (std::is_same_v<Given, double>) {
            const bool isTooWide =
                tensor.datatype == Datatype::Fp32 && std::isinf(static_cast<float>(value));
            if ((std::isinf(value) || isTooWide) && nonFinite == NonFinite::NanOnly) {
              misfit = describeMisfit(tensor, column, std::to_string(value) + " in JSON");
              return;
            }
          }
          withElementType(tensor.datatype, [&](auto element) {
            const bool isBool = tensor.datatype == Datatype::Bool;
            if (!fitsElement<decltype(element)>(value) ||
                (isBool && value != Given{0} && value != Given{1})) {
              misfit = describeMisfit(tensor, column, std::to_string(value));
            }
          });
        }
      },
      column.values);
  return misfit;
}

/// True when every value of the column can be sent, without a look at them.
bool isSendableAsWhole(const FeatureColumn& column, const InputTensor& tensor,
                       NonFinite nonFinite) {
  if (std::holds_alternative<std::vector<std::string>>(column.values)) {
    return tensor.datatype == Datatype::Bytes && column.validity.empty();
  }
  const bool isWhole = !std::holds_alternative<std::vector<double>>(column.values);
  return isFloat(tensor.datatype) && (isWhole || nonFinite == NonFinite::All);
}

/// Writes a column's rows as elements, `stride` elements apart.
template <typename Element>
void writeColumn(const FeatureColumn& column, size_t begin, size_t end, size_t stride,
                 char* target) {
  std::visit(
      [&](const auto& values) {
        using Given = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (!std::is_same_v<Given, std::string>) {
          for (size_t row = begin; row < end; ++row) {
            const auto element = static_cast<Element>(values[row]);
            std::memcpy(target, &element, sizeof(Element));
            target += stride * sizeof(Element);
          }
        }
      },
      column.values);
}

/// Puts NaN where the column is NULL.
template <typename Element>
void writeMissing(const FeatureColumn& column, size_t begin, size_t end, size_t stride,
                  char* target) {
  if constexpr (std::is_floating_point_v<Element>) {
    if (column.validity.empty()) {
      return;
    }
    constexpr Element kMissing = std::numeric_limits<Element>::quiet_NaN();
    for (size_t row = begin; row < end; ++row) {
      if (column.validity[row] == 0) {
        std::memcpy(target, &kMissing, sizeof(Element));
      }
      target += stride * sizeof(Element);
    }
  }
}

template <typename Number>
void appendJsonNumber(Number value, std::string& out) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  AUSPEX_ASSERT(error == std::errc());
  out.append(text.data(), end);
}

template <typename Number>
void appendJsonFloat(Number value, JsonNonFinite nonFinite, std::string& out) {
  if (std::isfinite(value)) {
    appendJsonNumber(value, out);
  } else if (nonFinite == JsonNonFinite::Null) {
    out += "null";
  } else {
    out += std::isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
  }
}

}  // namespace

size_t countRows(std::span<const FeatureRows> rows) {
  size_t count = 0;
  for (const FeatureRows& run : rows) {
    count += run.end - run.begin;
  }
  return count;
}

std::vector<RowFailure> findUnsendable(const FeatureBatch& batch, const RemoteSignature& signature,
                                       NonFinite nonFinite) {
  std::vector<RowFailure> failures;
  AUSPEX_ASSERT(batch.columns.size() == signature.numFeatures);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    const InputTensor& tensor =
        signature.layout == RemoteLayout::Columns ? signature.inputs[i] : signature.inputs[0];
    if (isSendableAsWhole(batch.columns[i], tensor, nonFinite)) {
      continue;
    }
    for (size_t row = 0; row < batch.rowIds.size(); ++row) {
      std::string misfit = misfitOf(batch.columns[i], row, tensor, nonFinite);
      if (!misfit.empty()) {
        failures.push_back({row, RowFailure::Reason::Refused, std::move(misfit)});
      }
    }
  }
  const auto before = [](const RowFailure& left, const RowFailure& right) {
    return left.rowIndex < right.rowIndex;
  };
  const auto sameRow = [](const RowFailure& left, const RowFailure& right) {
    return left.rowIndex == right.rowIndex;
  };
  std::stable_sort(failures.begin(), failures.end(), before);
  failures.erase(std::unique(failures.begin(), failures.end(), sameRow), failures.end());
  return failures;
}

void appendRawTensor(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                     size_t index, std::string& out) {
  const Datatype datatype = signature.inputs[index].datatype;
  if (datatype == Datatype::Bytes) {
    forEachString(rows, index, [&](std::string_view text) {
      const auto size = static_cast<uint32_t>(text.size());
      out.append(reinterpret_cast<const char*>(&size), sizeof(size));
      out += text;
    });
    return;
  }
  const bool isWhole = signature.layout == RemoteLayout::Tensor;
  const size_t numColumns = isWhole ? signature.numFeatures : 1;
  const size_t firstColumn = isWhole ? 0 : index;
  const size_t start = out.size();
  out.resize(start + countRows(rows) * numColumns * sizeOf(datatype));
  withElementType(datatype, [&](auto element) {
    using Element = decltype(element);
    char* target = out.data() + start;
    for (const FeatureRows& run : rows) {
      for (size_t i = 0; i < numColumns; ++i) {
        const FeatureColumn& column = run.batch->columns[firstColumn + i];
        char* const first = target + i * sizeof(Element);
        writeColumn<Element>(column, run.begin, run.end, numColumns, first);
        writeMissing<Element>(column, run.begin, run.end, numColumns, first);
      }
      target += (run.end - run.begin) * numColumns * sizeof(Element);
    }
  });
}

void appendJsonFeature(const FeatureColumn& column, size_t row, Datatype datatype,
                       JsonNonFinite nonFinite, std::string& out) {
  if (isNullAt(column, row)) {
    out += nonFinite == JsonNonFinite::Bare ? "NaN" : "null";
    return;
  }
  std::visit(
      [&](const auto& values) {
        using Given = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_same_v<Given, std::string>) {
          appendJsonString(out, values[row]);
        } else if (datatype == Datatype::Bool) {
          out += values[row] != Given{0} ? "true" : "false";
        } else if (datatype == Datatype::Fp32) {
          appendJsonFloat(static_cast<float>(values[row]), nonFinite, out);
        } else if (isFloat(datatype)) {
          appendJsonFloat(static_cast<double>(values[row]), nonFinite, out);
        } else if constexpr (std::is_same_v<Given, double>) {
          // Whole and in range, or findUnsendable had named it.
          if (datatype == Datatype::Uint64) {
            appendJsonNumber(static_cast<uint64_t>(values[row]), out);
          } else {
            appendJsonNumber(static_cast<int64_t>(values[row]), out);
          }
        } else {
          appendJsonNumber(values[row], out);
        }
      },
      column.values);
}

void appendJsonTensor(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                      size_t index, JsonNonFinite nonFinite, std::string& out) {
  const Datatype datatype = signature.inputs[index].datatype;
  const bool isWhole = signature.layout == RemoteLayout::Tensor;
  const size_t firstColumn = isWhole ? 0 : index;
  const size_t endColumn = isWhole ? signature.numFeatures : index + 1;
  char separator = '[';
  for (const FeatureRows& run : rows) {
    for (size_t row = run.begin; row < run.end; ++row) {
      for (size_t column = firstColumn; column < endColumn; ++column) {
        out += separator;
        separator = ',';
        appendJsonFeature(run.batch->columns[column], row, datatype, nonFinite, out);
      }
    }
  }
  out += separator == '[' ? "[]" : "]";
}

void appendJsonColumn(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                      size_t index, JsonNonFinite nonFinite, std::string& out) {
  const Datatype datatype = signature.inputs[index].datatype;
  const char* separator = "[[";
  for (const FeatureRows& run : rows) {
    for (size_t row = run.begin; row < run.end; ++row) {
      out += separator;
      separator = "],[";
      appendJsonFeature(run.batch->columns[index], row, datatype, nonFinite, out);
    }
  }
  out += countRows(rows) == 0 ? "[]" : "]]";
}

void appendJsonRows(std::span<const FeatureRows> rows, const RemoteSignature& signature,
                    JsonNonFinite nonFinite, std::string& out) {
  const Datatype datatype = signature.inputs[0].datatype;
  char rowSeparator = '[';
  for (const FeatureRows& run : rows) {
    for (size_t row = run.begin; row < run.end; ++row) {
      out += rowSeparator;
      rowSeparator = ',';
      char separator = '[';
      for (const FeatureColumn& column : run.batch->columns) {
        out += separator;
        separator = ',';
        appendJsonFeature(column, row, datatype, nonFinite, out);
      }
      out += ']';
    }
  }
  out += rowSeparator == '[' ? "[]" : "]";
}

}  // namespace auspex::operators
