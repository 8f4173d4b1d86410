// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/LikeKernel.h"

#include <algorithm>
#include <cstring>

#include "operators/expressions/PhysicalTypes.h"

namespace auspex::operators {

namespace {

/// Bytes of the UTF-8 character that starts with `lead`.
size_t characterLength(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xC0 ? 1 : (byte < 0xE0 ? 2 : (byte < 0xF0 ? 3 : 4));
}

}  // namespace

LikePattern::LikePattern(std::string_view pattern, std::string_view escape) {
  const auto addText = [&](std::string_view text) {
    if (pieces_.empty() || pieces_.back().kind != Piece::Kind::Text) {
      pieces_.push_back({Piece::Kind::Text, ""});
    }
    pieces_.back().text += text;
  };
  for (size_t i = 0; i < pattern.size();) {
    const size_t length = std::min(characterLength(pattern[i]), pattern.size() - i);
    const std::string_view character = pattern.substr(i, length);
    i += length;
    if (!escape.empty() && character == escape) {
      if (i >= pattern.size()) {
        valid_ = false;
        break;
      }
      const size_t escapedLength = std::min(characterLength(pattern[i]), pattern.size() - i);
      addText(pattern.substr(i, escapedLength));
      i += escapedLength;
    } else if (character == "%") {
      if (pieces_.empty() || pieces_.back().kind != Piece::Kind::Any) {
        pieces_.push_back({Piece::Kind::Any, ""});
      }
    } else if (character == "_") {
      pieces_.push_back({Piece::Kind::One, ""});
    } else {
      addText(character);
    }
  }
  findShape();
}

void LikePattern::findShape() {
  using Kind = Piece::Kind;
  const auto isKind = [&](std::initializer_list<Kind> kinds) {
    if (kinds.size() != pieces_.size()) {
      return false;
    }
    size_t i = 0;
    for (const Kind kind : kinds) {
      if (pieces_[i++].kind != kind) {
        return false;
      }
    }
    return true;
  };
  if (pieces_.empty()) {
    shape_ = Shape::Equal;
  } else if (isKind({Kind::Text})) {
    shape_ = Shape::Equal;
    literal_ = pieces_[0].text;
  } else if (isKind({Kind::Text, Kind::Any})) {
    shape_ = Shape::Prefix;
    literal_ = pieces_[0].text;
  } else if (isKind({Kind::Any, Kind::Text})) {
    shape_ = Shape::Suffix;
    literal_ = pieces_[1].text;
  } else if (isKind({Kind::Any, Kind::Text, Kind::Any})) {
    shape_ = Shape::Infix;
    literal_ = pieces_[1].text;
  }
}

bool LikePattern::matches(std::string_view text) const {
  switch (shape_) {
    case Shape::Equal:
      return text == literal_;
    case Shape::Prefix:
      return text.starts_with(literal_);
    case Shape::Suffix:
      return text.ends_with(literal_);
    case Shape::Infix:
      return text.find(literal_) != std::string_view::npos;
    case Shape::General:
      break;
  }
  return matchesFrom(0, text);
}

void LikePattern::matchRows(std::span<const std::string_view> texts, Selection rows,
                            uint8_t* out) const {
  const std::string_view literal = literal_;
  const auto each = [&](auto matchesOne) {
    rows.forEach([&](size_t row) { out[row] = matchesOne(texts[row]) ? 1 : 0; });
  };
  if (shape_ == Shape::Prefix && !literal.empty()) {
    // The first byte decides for most texts, and without a branch that cannot be foreseen.
    const char first = literal[0];
    const char none = static_cast<char>(first ^ 1);
    each([=, &none](std::string_view text) {
      const char* const begin = text.size() >= literal.size() ? text.data() : &none;
      const bool begins = *begin == first;
      return literal.size() == 1
                 ? begins
                 : begins && std::memcmp(begin, literal.data(), literal.size()) == 0;
    });
    return;
  }
  each([this](std::string_view text) { return matches(text); });
}

// Walks with one point to come back to: the last '%' and where its run ended. A later '%' makes an
// earlier one final, so time is bounded by text times pattern.
bool LikePattern::matchesFrom(size_t piece, std::string_view text) const {
  constexpr size_t kNone = static_cast<size_t>(-1);
  size_t position = 0;
  size_t retryPiece = kNone;
  size_t retryPosition = 0;
  while (true) {
    bool stepped = false;
    if (piece == pieces_.size()) {
      if (position == text.size()) {
        return true;
      }
    } else if (pieces_[piece].kind == Piece::Kind::Any) {
      retryPiece = ++piece;
      retryPosition = position;
      stepped = true;
    } else if (pieces_[piece].kind == Piece::Kind::One) {
      if (position < text.size()) {
        position += std::min(characterLength(text[position]), text.size() - position);
        ++piece;
        stepped = true;
      }
    } else if (text.substr(position).starts_with(pieces_[piece].text)) {
      position += pieces_[piece].text.size();
      ++piece;
      stepped = true;
    }
    if (stepped) {
      continue;
    }
    if (retryPiece == kNone || retryPosition >= text.size()) {
      return false;
    }
    retryPosition += std::min(characterLength(text[retryPosition]), text.size() - retryPosition);
    position = retryPosition;
    piece = retryPiece;
  }
}

ColumnPtr computeLike(const Operand& value, const Operand& pattern, std::string_view escape,
                      Selection rows, size_t numRows, RowFailures& failures) {
  std::vector<uint8_t> out(numRows, 0);
  std::vector<uint8_t> validity;
  if (pattern.constant && !value.constant && !pattern.isNull(0)) {
    const LikePattern prepared(pattern.column->values<std::string_view>()[0], escape);
    if (prepared.isValid()) {
      prepared.matchRows(value.column->values<std::string_view>(), rows, out.data());
      const std::vector<uint8_t> present = commonValidity({&value, 1}, numRows);
      for (size_t row = 0; row < present.size(); ++row) {
        out[row] = static_cast<uint8_t>(out[row] & present[row]);
      }
      return Column::make(SqlType::boolean(), std::move(out));
    }
  }
  const OperandView<std::string_view> texts(value);
  const OperandView<std::string_view> patterns(pattern);
  // Patterns mostly repeat: the last one is kept.
  std::string_view preparedFrom;
  LikePattern prepared("", escape);
  rows.forEach([&](size_t row) {
    if (value.isNull(row) || pattern.isNull(row)) {
      return;
    }
    const std::string_view text = patterns[row];
    if (text.data() != preparedFrom.data() || text.size() != preparedFrom.size()) {
      prepared = LikePattern(text, escape);
      preparedFrom = text;
    }
    if (!prepared.isValid()) {
      setNull(validity, row, numRows);
      failures.add(row, "LIKE pattern must not end with its escape character");
      return;
    }
    out[row] = prepared.matches(texts[row]) ? 1 : 0;
  });
  return Column::make(SqlType::boolean(), std::move(out), std::move(validity));
}

}  // namespace auspex::operators
