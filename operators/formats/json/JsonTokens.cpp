// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonTokens.h"

#include <simdjson.h>

#include <algorithm>
#include <new>

#include "operators/data/Assert.h"

namespace auspex::operators {

namespace {

static_assert(kJsonPadding >= simdjson::SIMDJSON_PADDING);

constexpr size_t kUsualBytes = size_t{1} << 16;

}  // namespace

// simdjson's public parsers see one document per call and keep its tokens to themselves; its first
// step, which is what makes it fast, works on any text and is chosen for the processor at run time.
struct JsonIndexer::Parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;

  void setCapacity(size_t sizeBytes) {
    const simdjson::error_code error =
        stages == nullptr ? simdjson::get_active_implementation()->create_dom_parser_implementation(
                                sizeBytes, 1, stages)
                          : stages->set_capacity(sizeBytes);
    if (error != simdjson::SUCCESS) {
      throw std::bad_alloc();
    }
  }
};

JsonIndexer::JsonIndexer() : parser_(std::make_unique<Parser>()) {
  parser_->setCapacity(kUsualBytes);
}

JsonIndexer::~JsonIndexer() = default;

JsonIndexer::Result JsonIndexer::index(const char* text, size_t size, JsonTokens& tokens) {
  AUSPEX_ASSERT(size < UINT32_MAX);
  AUSPEX_ASSERT(text[size] == 0);
  if (size > parser_->stages->capacity()) {
    parser_->setCapacity(std::max(size, 2 * parser_->stages->capacity()));
  }
  auto& stages = *parser_->stages;
  tokens = {text, stages.structural_indexes.get(), 0};
  if (size == 0) {
    stages.structural_indexes[0] = 0;
    stages.structural_indexes[1] = 0;
    return Result::Found;
  }
  const simdjson::error_code error =
      stages.stage1(reinterpret_cast<const uint8_t*>(text), size, simdjson::stage1_mode::regular);
  if (error == simdjson::SUCCESS || error == simdjson::EMPTY) {
    tokens.count = stages.n_structural_indexes;
    return Result::Found;
  }
  return error == simdjson::UTF8_ERROR ? Result::BadUtf8 : Result::BadString;
}

char* JsonIndexer::unescape(const char* source, char* target) const {
  return reinterpret_cast<char*>(parser_->stages->parse_string(
      reinterpret_cast<const uint8_t*>(source), reinterpret_cast<uint8_t*>(target)));
}

void JsonIndexer::shrink() {
  if (parser_->stages->capacity() > kUsualBytes) {
    parser_->setCapacity(kUsualBytes);
  }
}

}  // namespace auspex::operators
