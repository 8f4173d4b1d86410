// SPDX-License-Identifier: Apache-2.0
#include "parser/build/NodeReader.h"

#include <cassert>

#include "parser/AsciiCase.h"

namespace auspex::parser {

Span NodeReader::spanOf(std::size_t beginToken, std::size_t endToken) const {
  assert(endToken > beginToken);
  Span span = token(beginToken).span;
  span.end = token(endToken - 1).span.end;
  return span;
}

bool NodeReader::hasToken(TokenKind kind) const {
  std::size_t position = begin();
  for (const NodeReader& child : children()) {
    for (; position < child.begin(); ++position) {
      if (token(position).kind == kind) {
        return true;
      }
    }
    position = child.end();
  }
  for (; position < end(); ++position) {
    if (token(position).kind == kind) {
      return true;
    }
  }
  return false;
}

std::vector<NodeReader> NodeReader::children() const {
  std::vector<NodeReader> result;
  const std::size_t behind = index_ + node().size;
  for (std::size_t i = index_ + 1; i < behind; i += tree_->nodes()[i].size) {
    result.emplace_back(*tree_, i);
  }
  return result;
}

std::vector<NodeReader> NodeReader::children(NodeKind kind) const {
  std::vector<NodeReader> result;
  const std::size_t behind = index_ + node().size;
  for (std::size_t i = index_ + 1; i < behind; i += tree_->nodes()[i].size) {
    if (tree_->nodes()[i].kind == kind) {
      result.emplace_back(*tree_, i);
    }
  }
  return result;
}

std::optional<NodeReader> NodeReader::find(NodeKind kind) const {
  const std::size_t behind = index_ + node().size;
  for (std::size_t i = index_ + 1; i < behind; i += tree_->nodes()[i].size) {
    if (tree_->nodes()[i].kind == kind) {
      return NodeReader(*tree_, i);
    }
  }
  return std::nullopt;
}

NodeReader NodeReader::get(NodeKind kind) const {
  const auto found = find(kind);
  assert(found.has_value());
  return *found;
}

Identifier buildIdentifier(const Token& token) {
  Identifier identifier{token.text, token.kind == TokenKind::QuotedName, token.span};
  if (!identifier.quoted) {
    identifier.name = asciiUpper(identifier.name);
  }
  return identifier;
}

SourceKind buildSourceKind(const NodeReader& node) {
  return node.hasToken(TokenKind::Table) ? SourceKind::Table : SourceKind::Stream;
}

std::string writtenText(const Token& token) {
  return token.text;
}

}  // namespace auspex::parser
