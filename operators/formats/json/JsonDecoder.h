// SPDX-License-Identifier: Apache-2.0
// JSON documents to columns: the hottest path of the engine.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "operators/formats/Format.h"
#include "operators/formats/json/JsonFields.h"
#include "operators/formats/json/JsonValues.h"

namespace auspex::operators {

/// Decodes a batch in chunks that fit the processor's cache. Per chunk: (1) copy the documents one
/// after the other into padded memory, (2) find all their tokens at once, (3) walk each document's
/// structure to its end, noting where the values of used fields begin, (4) convert column by
/// column.
///
/// A row is in error when its structure is broken anywhere, or a used field cannot be converted.
/// Not checked: spelling of words and numbers, and escapes in strings, of fields nobody uses.
/// Field names are upper-cased in ASCII only.
class JsonDecoder final : public Decoder {
 public:
  /// unwrapped: the document is the value of the only column.
  JsonDecoder(std::span<const SchemaColumn> columns, const std::vector<bool>& used, bool unwrapped);

  void decode(std::span<const std::optional<std::string_view>> data, const Owner& owner,
              std::vector<ColumnPtr>& columns, std::vector<FormatRowError>& errors) override;

 private:
  using Data = std::span<const std::optional<std::string_view>>;

  /// A used column and what it has got of the batch so far.
  struct UsedColumn {
    SqlType type;
    size_t index;      // in the schema
    std::string path;  // "$.F"
    Column::Values values;
    std::vector<uint8_t> validity;
    std::unique_ptr<JsonNestedReader> nestedReader;  // ARRAY, MAP, STRUCT
    std::unique_ptr<ColumnBuilder> nestedBuilder;
  };

  /// Documents of rows [firstRow, firstRow + numRows) in text_.
  struct Chunk {
    size_t firstRow;
    size_t numRows;
    JsonTokens tokens;
    bool mayEscape;
  };

  void startBatch(size_t numRows);
  size_t copyChunk(Data data, size_t firstRow);
  void decodeChunk(Data data, size_t firstRow, size_t numRows);
  void decodeRowsOneByOne(Data data, size_t firstRow, size_t numRows);
  void walkDocuments(Data data, Chunk& chunk);
  std::string walkDocument(const Chunk& chunk, size_t i, uint32_t& token);
  void convertColumn(Data data, const Chunk& chunk, size_t slot);
  template <typename T, typename Read>
  void convertPrimitive(const Chunk& chunk, size_t slot, Read read);
  void convertNested(Data data, const Chunk& chunk, size_t slot);
  void fail(size_t row, std::string message);
  void setNull(UsedColumn& column, size_t row) const;
  ColumnPtr finishColumn(UsedColumn& column, const std::vector<Owner>& owners);

  size_t numColumns_;
  bool unwrapped_;
  SqlType documentType_;  // for messages; STRUCT of all columns unless unwrapped
  std::vector<UsedColumn> used_;
  JsonFields fields_;
  JsonIndexer indexer_;
  JsonStrings strings_;

  // Of the batch.
  size_t numRows_ = 0;
  std::vector<std::pair<size_t, std::string>> failures_;
  std::vector<uint8_t> failed_;  // empty while no row has failed

  // Of the chunk. Document i is text_[begins_[i], ends_[i]); slots_[slot * numRows + i].
  std::vector<char> text_;
  std::vector<uint32_t> begins_;
  std::vector<uint32_t> ends_;
  std::vector<uint32_t> slots_;
};

}  // namespace auspex::operators
