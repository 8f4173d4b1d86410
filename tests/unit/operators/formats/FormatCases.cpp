// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/operators/formats/FormatCases.h"

#include <doctest/doctest.h>

#include <cstring>

#include "operators/data/Batch.h"
#include "operators/formats/json/JsonText.h"

namespace auspex::operators {

Decoded decodeTexts(Decoder& decoder, const std::vector<Text>& texts) {
  struct Messages {
    std::vector<std::unique_ptr<char[]>> bytes;
  };
  auto messages = std::make_shared<Messages>();
  std::vector<std::optional<std::string_view>> data;
  for (const Text& text : texts) {
    if (!text) {
      data.emplace_back();
      continue;
    }
    messages->bytes.push_back(std::make_unique<char[]>(text->size()));
    std::memcpy(messages->bytes.back().get(), text->data(), text->size());
    data.emplace_back(std::string_view(messages->bytes.back().get(), text->size()));
  }
  Decoded decoded;
  decoder.decode(data, messages, decoded.columns, decoded.errors);
  messages.reset();
  for (size_t row = 0; row < texts.size(); ++row) {
    std::string text = "[";
    for (const ColumnPtr& column : decoded.columns) {
      if (column != nullptr) {
        REQUIRE(column->size() == texts.size());
        text += text.size() == 1 ? "" : ",";
        appendJson(*column, row, text);
      }
    }
    decoded.rows.push_back(text + "]");
  }
  return decoded;
}

Decoded decodeTexts(const std::string& format, const std::vector<SchemaColumn>& columns,
                    const std::vector<Text>& texts, const FormatOptions& options) {
  const Format* const found = findFormat(format);
  REQUIRE(found != nullptr);
  found->check(columns, options);
  const auto decoder =
      found->makeDecoder(columns, std::vector<bool>(columns.size(), true), options);
  return decodeTexts(*decoder, texts);
}

std::string decodeOne(const std::string& format, const SqlType& type, const std::string& text,
                      const FormatOptions& options) {
  const Decoded decoded = decodeTexts(format, {{"F", type, options.isKey}}, {text}, options);
  if (!decoded.errors.empty()) {
    CHECK(decoded.errors.size() == 1);
    CHECK(decoded.columns[0]->isNull(0));
    return decoded.errors[0].message;
  }
  return decoded.rows[0].substr(1, decoded.rows[0].size() - 2);
}

std::vector<std::string> encodeRows(const std::string& format,
                                    const std::vector<SchemaColumn>& schema,
                                    const std::vector<ColumnPtr>& columns,
                                    const FormatOptions& options) {
  const Format* const found = findFormat(format);
  REQUIRE(found != nullptr);
  found->check(schema, options);
  Arena arena(16);
  std::vector<std::optional<std::string_view>> result;
  std::vector<FormatRowError> errors;
  const size_t numRows = columns.empty() ? 1 : columns[0]->size();
  found->makeEncoder(schema, options)->encode(columns, numRows, arena, result, errors);
  CHECK(errors.empty());
  std::vector<std::string> rows;
  for (const auto& row : result) {
    rows.push_back(row ? std::string(*row) : "<absent>");
  }
  return rows;
}

}  // namespace auspex::operators
