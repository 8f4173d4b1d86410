// SPDX-License-Identifier: Apache-2.0
// docs/statements.md against the grammar: its SQL parses, and every statement there is stands in
// it.
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "tests/unit/parser/PrintCase.h"

namespace auspex::parser {
namespace {

/// The ```sql blocks of a page, one after the other; blocks without `sql` are sketches of grammar.
std::vector<std::string> sqlBlocks(const std::string& page) {
  std::ifstream file(AUSPEX_SOURCES + ("/docs/" + page));
  REQUIRE(file.good());
  std::vector<std::string> blocks;
  bool isInside = false;
  for (std::string line; std::getline(file, line);) {
    if (line == "```sql") {
      isInside = true;
      blocks.emplace_back();
    } else if (line == "```") {
      isInside = false;
    } else if (isInside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

/// The kind of a statement: its place in the variant, and the sort within, such as that of SHOW.
using Kind = std::pair<std::size_t, std::size_t>;

struct SortOf {
  template <typename Node>
  std::size_t operator()(const Node& /*node*/) const {
    return 0;
  }
  std::size_t operator()(const Show& node) const { return static_cast<std::size_t>(node.kind); }
  std::size_t operator()(const Describe& node) const { return static_cast<std::size_t>(node.kind); }
  std::size_t operator()(const ControlQuery& node) const {
    return static_cast<std::size_t>(node.action);
  }
  std::size_t operator()(const CreateSource& node) const {
    return static_cast<std::size_t>(node.kind);
  }
  std::size_t operator()(const CreateAsSelect& node) const {
    return static_cast<std::size_t>(node.kind);
  }
  std::size_t operator()(const CreateConnector& node) const {
    return static_cast<std::size_t>(node.kind);
  }
  std::size_t operator()(const Explain& node) const { return node.queryId ? 1 : 0; }
  std::size_t operator()(const AlterModel& node) const { return node.action.index(); }
};

/// How many sorts a kind of statement has, from the last of its enumerators.
template <typename Node>
constexpr std::size_t numSorts() {
  if constexpr (std::is_same_v<Node, Show>) {
    return static_cast<std::size_t>(ShowKind::ServedModels) + 1;
  } else if constexpr (std::is_same_v<Node, Describe>) {
    return static_cast<std::size_t>(DescribeKind::Model) + 1;
  } else if constexpr (std::is_same_v<Node, ControlQuery>) {
    return static_cast<std::size_t>(QueryAction::Resume) + 1;
  } else if constexpr (std::is_same_v<Node, AlterModel>) {
    return std::variant_size_v<AlterModel::Action>;
  } else if constexpr (std::is_same_v<Node, CreateSource> || std::is_same_v<Node, Explain> ||
                       std::is_same_v<Node, CreateAsSelect> ||
                       std::is_same_v<Node, CreateConnector>) {
    return 2;
  } else {
    return 1;
  }
}

template <std::size_t... Indexes>
std::vector<std::size_t> numSortsOfAll(std::index_sequence<Indexes...> /*indexes*/) {
  return {numSorts<std::variant_alternative_t<Indexes, Statement::Node>>()...};
}

TEST_CASE("The SQL of the documentation parses") {
  for (const std::string page : {"statements.md", "models.md"}) {
    const std::vector<std::string> blocks = sqlBlocks(page);
    CHECK(blocks.size() > 1);
    for (const std::string& block : blocks) {
      CAPTURE(block);
      std::string error;
      try {
        CHECK_FALSE(parse(block).empty());
      } catch (const SyntaxError& thrown) {
        error = renderError(thrown.message(), thrown.span(), block, page);
      }
      CHECK(error.empty());
    }
  }
}

TEST_CASE("docs/statements.md shows every kind of statement") {
  std::set<Kind> shown;
  for (const std::string& block : sqlBlocks("statements.md")) {
    for (const ParsedStatement& parsed : parse(block)) {
      const Statement::Node& node = parsed.statement.node;
      shown.emplace(node.index(), std::visit(SortOf{}, node));
    }
  }
  const std::vector<std::size_t> sorts =
      numSortsOfAll(std::make_index_sequence<std::variant_size_v<Statement::Node>>());
  for (std::size_t index = 0; index < sorts.size(); ++index) {
    for (std::size_t sort = 0; sort < sorts[index]; ++sort) {
      INFO("alternative ", index, " of Statement::Node, sort ", sort, " of it");
      CHECK(shown.count({index, sort}) == 1);
    }
  }
}

}  // namespace
}  // namespace auspex::parser
