// SPDX-License-Identifier: Apache-2.0
// Reads the parse tree that the grammar left: what the builders walk.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "parser/ast/Identifier.h"
#include "parser/ast/Span.h"
#include "parser/ast/Statement.h"
#include "parser/grammar/ParseTree.h"

namespace auspex::parser {

/// A node with its tree; borrowed, and cheap to copy.
class NodeReader {
 public:
  NodeReader(const ParseTree& tree, std::size_t index) : tree_(&tree), index_(index) {}

  NodeKind kind() const { return node().kind; }
  /// Tokens [begin, end) of the statement.
  std::size_t begin() const { return node().begin; }
  std::size_t end() const { return node().end; }
  Span span() const { return spanOf(begin(), end()); }

  const Token& token(std::size_t index) const { return tree_->token(index); }
  const Token& firstToken() const { return token(begin()); }
  const ParseTree& tree() const { return *tree_; }

  /// The source from the first to the last of these tokens; there is at least one.
  Span spanOf(std::size_t beginToken, std::size_t endToken) const;

  /// Says whether one of the node's own tokens, outside of its children, is of this kind.
  bool hasToken(TokenKind kind) const;

  std::vector<NodeReader> children() const;
  std::vector<NodeReader> children(NodeKind kind) const;
  /// The first child; there must be one.
  NodeReader first() const { return {*tree_, index_ + 1}; }
  std::optional<NodeReader> find(NodeKind kind) const;
  bool has(NodeKind kind) const { return find(kind).has_value(); }
  /// The first child of this kind; there must be one.
  NodeReader get(NodeKind kind) const;

 private:
  const Node& node() const { return tree_->nodes()[index_]; }

  const ParseTree* tree_;
  std::size_t index_;
};

/// A name, stored as the dialect stores it.
Identifier buildIdentifier(const Token& token);

/// Of a statement that says STREAM or TABLE itself.
SourceKind buildSourceKind(const NodeReader& node);

/// A string or name that keeps its case also without quotes: topics, and functions in DESCRIBE.
std::string writtenText(const Token& token);

}  // namespace auspex::parser
