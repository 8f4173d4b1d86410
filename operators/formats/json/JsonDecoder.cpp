// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonDecoder.h"

#include <algorithm>
#include <cstring>

#include "operators/formats/json/JsonTypeError.h"

namespace auspex::operators {

namespace {

/// Documents of one chunk: their copy, their tokens and the messages they come from stay in the
/// second-level cache between the steps.
constexpr size_t kChunkBytes = size_t{48} << 10;
constexpr size_t kMaxChunkRows = 512;
/// Memory kept between batches; more was needed by a huge document only.
constexpr size_t kMaxKeptBytes = size_t{4} << 20;

std::vector<std::string> namesOf(std::span<const SchemaColumn> columns,
                                 const std::vector<bool>& used) {
  std::vector<std::string> names;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (used[i]) {
      names.push_back(columns[i].name);
    }
  }
  return names;
}

SqlType structOf(std::span<const SchemaColumn> columns) {
  std::vector<StructField> fields;
  for (const SchemaColumn& column : columns) {
    fields.push_back({column.name, column.type});
  }
  return SqlType::structOf(std::move(fields));
}

Column::Values valuesFor(TypeKind kind, size_t numRows) {
  switch (kind) {
    case TypeKind::Boolean:
      return std::vector<uint8_t>(numRows);
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return std::vector<int32_t>(numRows);
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return std::vector<int64_t>(numRows);
    case TypeKind::Double:
      return std::vector<double>(numRows);
    case TypeKind::Decimal:
      return std::vector<Int128>(numRows);
    case TypeKind::String:
    case TypeKind::Bytes:
    case TypeKind::BigDecimal:
      return std::vector<std::string_view>(numRows);
    default:
      return std::monostate{};
  }
}

/// `column` with the rows flagged in `failed` null.
ColumnPtr withNulls(const ColumnPtr& column, const std::vector<uint8_t>& failed) {
  std::vector<uint8_t> validity(column->size(), 1);
  for (size_t row = 0; row < validity.size(); ++row) {
    validity[row] = failed[row] != 0 || column->isNull(row) ? 0 : 1;
  }
  if (column->type().is(TypeKind::Struct)) {
    return Column::makeStruct(column->type(), column->size(), column->children(),
                              std::move(validity));
  }
  return Column::makeNested(column->type(), {column->offsets().begin(), column->offsets().end()},
                            column->children(), std::move(validity));
}

}  // namespace

JsonDecoder::JsonDecoder(std::span<const SchemaColumn> columns, const std::vector<bool>& used,
                         bool unwrapped)
    : numColumns_(columns.size()),
      unwrapped_(unwrapped),
      documentType_(unwrapped ? columns[0].type : structOf(columns)),
      fields_(namesOf(columns, used), {}),
      strings_(indexer_) {
  AUSPEX_ASSERT(used.size() == columns.size());
  AUSPEX_ASSERT(!unwrapped || columns.size() == 1);
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!used[i]) {
      continue;
    }
    UsedColumn column{columns[i].type, i, unwrapped ? "$" : "$." + columns[i].name, {}, {}, {}, {}};
    if (column.type.isNested()) {
      column.nestedReader = std::make_unique<JsonNestedReader>(column.type);
    }
    used_.push_back(std::move(column));
  }
}

void JsonDecoder::decode(Data data, const Owner& owner, std::vector<ColumnPtr>& columns,
                         std::vector<FormatRowError>& errors) {
  startBatch(data.size());
  for (size_t row = 0; row < data.size();) {
    const size_t numRows = copyChunk(data, row);
    decodeChunk(data, row, numRows);
    row += numRows;
  }
  std::vector<Owner> owners = {owner};
  if (Owner arena = strings_.takeOwner(); arena != nullptr) {
    owners.push_back(std::move(arena));
  }
  columns.assign(numColumns_, nullptr);
  for (UsedColumn& column : used_) {
    columns[column.index] = finishColumn(column, owners);
  }
  std::stable_sort(failures_.begin(), failures_.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  for (auto& [row, message] : failures_) {
    errors.push_back({static_cast<uint32_t>(row), std::move(message)});
  }
  if (text_.size() > kMaxKeptBytes) {
    text_ = {};
    indexer_.shrink();
  }
}

void JsonDecoder::startBatch(size_t numRows) {
  AUSPEX_ASSERT(numRows <= UINT32_MAX);
  numRows_ = numRows;
  failures_.clear();
  failed_.clear();
  for (UsedColumn& column : used_) {
    column.validity.clear();
    if (column.nestedReader != nullptr) {
      column.nestedBuilder = std::make_unique<ColumnBuilder>(column.type, numRows);
    } else {
      column.values = valuesFor(column.type.kind(), numRows);
    }
  }
}

/// Copies documents from `firstRow` on into text_, with a line break after each: a string that is
/// not closed then cannot reach the next document without being noticed. Returns how many.
size_t JsonDecoder::copyChunk(Data data, size_t firstRow) {
  begins_.clear();
  ends_.clear();
  size_t size = 0;
  size_t row = firstRow;
  for (; row < data.size() && row - firstRow < kMaxChunkRows; ++row) {
    const std::string_view document = data[row].value_or(std::string_view());
    if (row > firstRow && size + document.size() > kChunkBytes) {
      break;
    }
    if (size + document.size() + 1 + kJsonPadding > text_.size()) {
      text_.resize(std::max(kChunkBytes + 1024, size + document.size() + 1 + kJsonPadding));
    }
    if (!document.empty()) {
      std::memcpy(text_.data() + size, document.data(), document.size());
    }
    begins_.push_back(static_cast<uint32_t>(size));
    size += document.size();
    ends_.push_back(static_cast<uint32_t>(size));
    text_[size++] = '\n';
  }
  std::memset(text_.data() + size, 0, kJsonPadding);
  return row - firstRow;
}

void JsonDecoder::decodeChunk(Data data, size_t firstRow, size_t numRows) {
  const size_t size = ends_.back() + 1;
  Chunk chunk{firstRow, numRows, {}, std::memchr(text_.data(), '\\', size) != nullptr};
  const JsonIndexer::Result result = indexer_.index(text_.data(), size, chunk.tokens);
  if (result != JsonIndexer::Result::Found) {
    if (numRows > 1) {
      decodeRowsOneByOne(data, firstRow, numRows);
      return;
    }
    fail(firstRow, result == JsonIndexer::Result::BadUtf8
                       ? "Malformed JSON: the text is not UTF-8"
                       : "Malformed JSON: a string is not closed or holds a control character");
    chunk.tokens.count = 0;
    slots_.assign(used_.size(), 0);
  } else {
    walkDocuments(data, chunk);
  }
  for (size_t slot = 0; slot < used_.size(); ++slot) {
    convertColumn(data, chunk, slot);
  }
}

void JsonDecoder::decodeRowsOneByOne(Data data, size_t firstRow, size_t numRows) {
  for (size_t row = firstRow; row < firstRow + numRows; ++row) {
    copyChunk(data.first(row + 1), row);
    decodeChunk(data, row, 1);
  }
}

void JsonDecoder::walkDocuments(Data data, Chunk& chunk) {
  slots_.assign(used_.size() * chunk.numRows, 0);
  uint32_t token = 0;
  for (size_t i = 0; i < chunk.numRows; ++i) {
    if (!data[chunk.firstRow + i].has_value()) {
      continue;
    }
    std::string problem = walkDocument(chunk, i, token);
    if (problem.empty()) [[likely]] {
      continue;
    }
    fail(chunk.firstRow + i, std::move(problem));
    for (size_t slot = 0; slot < used_.size(); ++slot) {
      slots_[slot * chunk.numRows + i] = 0;
    }
    const uint32_t* const at = chunk.tokens.at;
    token = static_cast<uint32_t>(std::lower_bound(at, at + chunk.tokens.count, ends_[i]) - at);
  }
}

/// Notes the values of document `i`, which begins at `token`, and moves `token` behind it. Returns
/// what is wrong with the document, empty when nothing is.
std::string JsonDecoder::walkDocument(const Chunk& chunk, size_t i, uint32_t& token) {
  const JsonTokens& tokens = chunk.tokens;
  if (tokens.at[token] >= ends_[i]) {
    return jsonMismatchText("MissingNode", documentType_, "$");
  }
  uint32_t end = 0;
  if (!unwrapped_ && tokens.kind(token) == '{') [[likely]] {
    uint32_t* const slots = slots_.empty() ? nullptr : slots_.data() + i;
    end = fields_.walk(tokens, token, indexer_, slots, chunk.numRows);
  } else {
    end = skipJsonValue(tokens, token);
    if (unwrapped_ && !used_.empty()) {
      slots_[i] = token + 1;
    }
  }
  if (end == 0 || tokens.at[end - 1] >= ends_[i]) {
    return "Malformed JSON: the document breaks off, misses or repeats a separator, or nests "
           "deeper "
           "than " +
           std::to_string(kMaxJsonDepth) + " levels";
  }
  if (tokens.at[end] < ends_[i]) {
    return "Malformed JSON: text follows the document";
  }
  if (!unwrapped_ && tokens.kind(token) != '{' && !isJsonNull(tokens, token)) {
    return describeJsonMismatch(tokens, token, documentType_, "$");
  }
  token = end;
  return {};
}

template <typename T, typename Read>
void JsonDecoder::convertPrimitive(const Chunk& chunk, size_t slot, Read read) {
  UsedColumn& column = used_[slot];
  T* const values = std::get<std::vector<T>>(column.values).data() + chunk.firstRow;
  const uint32_t* const slots = slots_.data() + slot * chunk.numRows;
  for (size_t i = 0; i < chunk.numRows; ++i) {
    if (slots[i] == 0) {
      setNull(column, chunk.firstRow + i);
      continue;
    }
    const uint32_t token = JsonFields::tokenOf(slots[i]);
    if (chunk.tokens.kind(token) == 'n' && isJsonNull(chunk.tokens, token)) {
      setNull(column, chunk.firstRow + i);
      continue;
    }
    if (!read(token, i, values[i])) [[unlikely]] {
      fail(chunk.firstRow + i, describeJsonMismatch(chunk.tokens, token, column.type, column.path));
    }
  }
}

void JsonDecoder::convertColumn(Data data, const Chunk& chunk, size_t slot) {
  const JsonTokens tokens = chunk.tokens;
  const auto number = [&tokens](uint32_t token, size_t, auto& value) {
    return readJsonValue(tokens, token, value);
  };
  const SqlType& type = used_[slot].type;
  switch (type.kind()) {
    case TypeKind::Boolean:
      return convertPrimitive<uint8_t>(chunk, slot, number);
    case TypeKind::Integer:
    case TypeKind::Time:
    case TypeKind::Date:
      return convertPrimitive<int32_t>(chunk, slot, number);
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return convertPrimitive<int64_t>(chunk, slot, number);
    case TypeKind::Double:
      return convertPrimitive<double>(chunk, slot, number);
    case TypeKind::Decimal:
      return convertPrimitive<Int128>(chunk, slot, [&](uint32_t token, size_t, Int128& value) {
        return readJsonDecimal(tokens, token, type, value);
      });
    case TypeKind::String:
      return convertPrimitive<std::string_view>(
          chunk, slot, [&](uint32_t token, size_t i, std::string_view& value) {
            const JsonMessage message{data[chunk.firstRow + i]->data(), begins_[i]};
            return strings_.readString(tokens, token, message, chunk.mayEscape, value);
          });
    case TypeKind::Bytes:
      return convertPrimitive<std::string_view>(
          chunk, slot, [&](uint32_t token, size_t, std::string_view& value) {
            return strings_.readBytes(tokens, token, value);
          });
    case TypeKind::BigDecimal:
      return convertPrimitive<std::string_view>(
          chunk, slot, [&](uint32_t token, size_t, std::string_view& value) {
            return readJsonBigDecimal(tokens, token, type, strings_, value);
          });
    default:
      return convertNested(data, chunk, slot);
  }
}

void JsonDecoder::convertNested(Data data, const Chunk& chunk, size_t slot) {
  UsedColumn& column = used_[slot];
  const uint32_t* const slots = slots_.data() + slot * chunk.numRows;
  std::string problem;
  for (size_t i = 0; i < chunk.numRows; ++i) {
    if (slots[i] == 0) {
      column.nestedBuilder->appendNull();
      continue;
    }
    const JsonMessage message{data[chunk.firstRow + i]->data(), begins_[i]};
    const JsonNestedReader::Input input{chunk.tokens, indexer_, message, chunk.mayEscape};
    problem.clear();
    column.nestedReader->read(input, JsonFields::tokenOf(slots[i]), strings_,
                              {nullptr, column.path}, *column.nestedBuilder, problem);
    if (!problem.empty()) [[unlikely]] {
      fail(chunk.firstRow + i, problem);
    }
  }
}

/// Reports a row once: the first field in schema order that failed.
void JsonDecoder::fail(size_t row, std::string message) {
  if (failed_.empty()) {
    failed_.assign(numRows_, 0);
  }
  if (failed_[row] == 0) {
    failed_[row] = 1;
    failures_.emplace_back(row, std::move(message));
  }
}

void JsonDecoder::setNull(UsedColumn& column, size_t row) const {
  if (column.validity.empty()) {
    column.validity.assign(numRows_, 1);
  }
  column.validity[row] = 0;
}

ColumnPtr JsonDecoder::finishColumn(UsedColumn& column, const std::vector<Owner>& owners) {
  if (column.nestedBuilder != nullptr) {
    const ColumnPtr nested = column.nestedBuilder->finish(owners);
    return failed_.empty() ? nested : withNulls(nested, failed_);
  }
  for (size_t row = 0; row < failed_.size(); ++row) {
    if (failed_[row] != 0) {
      setNull(column, row);
    }
  }
  const bool isText = std::holds_alternative<std::vector<std::string_view>>(column.values);
  if (isText && !failed_.empty()) {
    auto& values = std::get<std::vector<std::string_view>>(column.values);
    for (size_t row = 0; row < failed_.size(); ++row) {
      values[row] = failed_[row] != 0 ? std::string_view("", 0) : values[row];
    }
  }
  return std::make_shared<const Column>(
      column.type, numRows_, std::move(column.values), std::move(column.validity),
      std::vector<uint32_t>{}, std::vector<ColumnPtr>{}, isText ? owners : std::vector<Owner>{});
}

}  // namespace auspex::operators
