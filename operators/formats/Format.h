// SPDX-License-Identifier: Apache-2.0
// Formats of record keys and values: bytes to columns and back, bound once per query to a schema.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "operators/data/Arena.h"
#include "operators/data/Column.h"
#include "operators/data/Schema.h"

namespace auspex::operators {

/// A schema or option that a format cannot take; the message is ksqlDB's where it has one. The
/// binder adds the place.
class FormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How scalar fields of Protocol Buffers tell NULL from their zero.
enum class NullableRepresentation : uint8_t {
  None,      ///< not at all: NULL comes back as zero
  Optional,  ///< a field that is absent is NULL
  Wrapper    ///< each value stands in a message of its own, and an absent one is NULL
};

/// Properties of one use of a format. Source: dialect, WITH properties.
struct FormatOptions {
  std::string delimiter;                ///< DELIMITED: one character, SPACE or TAB; empty = ","
  std::optional<bool> wrapSingleValue;  ///< WRAP_SINGLE_VALUE; absent: the format's own default
  bool isKey = false;  ///< keys: a single column is unwrapped where the format can do that
  NullableRepresentation nullable = NullableRepresentation::None;  ///< PROTOBUF_NOSR
};

/// A row that could not be decoded or encoded.
struct FormatRowError {
  uint32_t row = 0;
  std::string message;
};

/// Bytes to columns. Bound to columns and to which of them are used. One thread.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// data: one entry per row; absent rows give nulls in all columns without an error.
  /// columns: one per schema column; unused ones stay null pointers. Rows in error hold nulls and
  /// are reported once in `errors`, in row order. Strings may be views into `data`, which `owner`
  /// keeps alive.
  virtual void decode(std::span<const std::optional<std::string_view>> data, const Owner& owner,
                      std::vector<ColumnPtr>& columns, std::vector<FormatRowError>& errors) = 0;
};

/// Columns to bytes. Bound to columns. One thread.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// columns: one per schema column, numRows rows. result[i] views into `arena`; absent where the
  /// format writes a null (e.g. a null single unwrapped column, format NONE).
  virtual void encode(std::span<const ColumnPtr> columns, size_t numRows, Arena& arena,
                      std::vector<std::optional<std::string_view>>& result,
                      std::vector<FormatRowError>& errors) = 0;
};

/// A named format. Immutable, any thread.
class Format {
 public:
  virtual ~Format() = default;
  virtual std::string_view name() const = 0;
  /// Throws FormatError when these columns or options do not fit.
  virtual void check(std::span<const SchemaColumn> columns, const FormatOptions& options) const = 0;
  /// used: one flag per column. Columns were checked.
  virtual std::unique_ptr<Decoder> makeDecoder(std::span<const SchemaColumn> columns,
                                               const std::vector<bool>& used,
                                               const FormatOptions& options) const = 0;
  virtual std::unique_ptr<Encoder> makeEncoder(std::span<const SchemaColumn> columns,
                                               const FormatOptions& options) const = 0;
};

/// Whether a single column stands alone, without a record around it, in the formats that can do
/// both. Source: dialect, WRAP_SINGLE_VALUE.
bool isUnwrapped(std::span<const SchemaColumn> columns, const FormatOptions& options);

/// The format of that name (case-insensitive), or null. The list is in Formats.cpp.
const Format* findFormat(std::string_view name);
/// Names of all formats, for messages.
std::vector<std::string> formatNames();

}  // namespace auspex::operators
