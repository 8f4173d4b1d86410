// SPDX-License-Identifier: Apache-2.0
// The bricks of the grammar over tokens: a token, a name, a rule that must match, a rule of another
// file. Included by the *Rules.h only.
#pragma once

#include <string_view>
#include <tao/pegtl.hpp>
#include <tao/pegtl/contrib/analyze_traits.hpp>

#include "parser/grammar/NodeKind.h"
#include "parser/grammar/ParseTree.h"

namespace auspex::parser {

/// The kinds of a statement's tokens, one byte each.
using TokenInput = tao::pegtl::memory_input<tao::pegtl::tracking_mode::lazy, tao::pegtl::eol::lf>;

inline std::size_t positionOf(const TokenInput& in) {
  return static_cast<std::size_t>(in.current() - in.begin());
}

/// Rules that leave a node say so by deriving from `leaves<NodeKind>`.
template <NodeKind Kind>
struct leaves {
  static constexpr NodeKind node = Kind;
};

template <typename Rule>
concept LeavesNode = requires {
  Rule::node;
};

template <typename Rule>
concept HasMessage = requires {
  Rule::message;
};

/// Records a node for every rule that leaves one; all other rules run without control.
template <typename Rule>
struct TreeControl : tao::pegtl::normal<Rule> {
  static constexpr bool enable = LeavesNode<Rule>;

  static void start(const TokenInput& in, ParseTree& tree) {
    tree.open(Rule::node, positionOf(in));
  }
  static void success(const TokenInput& in, ParseTree& tree) { tree.close(positionOf(in)); }
  static void failure(const TokenInput& /*in*/, ParseTree& tree) { tree.abandon(); }
};

template <typename Rule, tao::pegtl::rewind_mode Rewind = tao::pegtl::rewind_mode::required>
bool matchTokens(TokenInput& in, ParseTree& tree) {
  return TreeControl<Rule>::template match<tao::pegtl::apply_mode::nothing, Rewind,
                                           tao::pegtl::nothing, TreeControl>(in, tree);
}

/// One construct inside another, for the time that the grammar is in it.
class Nesting {
 public:
  Nesting(ParseTree& tree, std::size_t position) : tree_(tree) { tree_.enter(position); }
  ~Nesting() { tree_.leave(); }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;

 private:
  ParseTree& tree_;
};

/// Takes one token of this kind.
bool matchToken(TokenInput& in, ParseTree& tree, TokenKind kind);
/// Takes a name: plain, quoted or a free word.
bool matchName(TokenInput& in, ParseTree& tree);

namespace rules {

using namespace tao::pegtl;

/// A rule of our own; `matches` is a plain function, so that the rule costs next to nothing to
/// compile.
template <bool (*Matches)(TokenInput&, ParseTree&)>
struct opaque {
  using rule_t = opaque;
  using subs_t = empty_list;

  template <apply_mode, rewind_mode, template <typename...> class, template <typename...> class>
  static bool match(TokenInput& in, ParseTree& tree) {
    return Matches(in, tree);
  }
};

template <TokenKind Kind>
struct token {
  using rule_t = token;
  using subs_t = empty_list;
  static constexpr TokenKind wanted = Kind;

  template <apply_mode, rewind_mode, template <typename...> class, template <typename...> class>
  static bool match(TokenInput& in, ParseTree& tree) {
    return matchToken(in, tree, Kind);
  }
};

struct plain_name : opaque<matchName> {
  static constexpr bool isName = true;
};

template <typename Rule>
concept NamesSomething = requires {
  Rule::isName;
};

template <typename Rule>
concept WantsToken = requires {
  Rule::wanted;
};

/// Matches, or throws the rule's message; without one the message says what tokens were looked for.
template <typename Rule>
struct expect {
  using rule_t = expect;
  using subs_t = type_list<Rule>;

  template <apply_mode A, rewind_mode, template <typename...> class Action,
            template <typename...> class Control>
  static bool match(TokenInput& in, ParseTree& tree) {
    const std::size_t position = positionOf(in);
    if (!Control<Rule>::template match<A, rewind_mode::dontcare, Action, Control>(in, tree)) {
      if constexpr (HasMessage<Rule>) {
        tree.fail(position, Rule::message, NamesSomething<Rule>);
      } else if constexpr (WantsToken<Rule>) {
        tree.failMissing(position, Rule::wanted);
      } else {
        tree.fail(position, "", NamesSomething<Rule>);
      }
    }
    return true;
  }
};

/// The first matches, then all others must.
template <typename First, typename... Others>
struct start_with : seq<First, expect<Others>...> {};

/// Tries rules without leaving a trace in messages.
template <typename... Rules>
struct quiet {
  using rule_t = quiet;
  using subs_t = type_list<Rules...>;

  template <apply_mode A, rewind_mode, template <typename...> class Action,
            template <typename...> class Control>
  static bool match(TokenInput& in, ParseTree& tree) {
    tree.beginQuiet();
    const bool matched =
        tao::pegtl::match<seq<Rules...>, A, rewind_mode::required, Action, Control>(in, tree);
    tree.endQuiet();
    return matched;
  }
};

// Looking ahead is no attempt.
template <typename... Rules>
using next_is = quiet<at<Rules...>>;
template <typename... Rules>
using next_is_not = quiet<not_at<Rules...>>;

/// Says of a list what its items say of themselves.
template <typename Rule>
struct says_like {};
template <HasMessage Rule>
requires(!NamesSomething<Rule>) struct says_like<Rule> {
  static constexpr std::string_view message = Rule::message;
};
template <NamesSomething Rule>
requires(!HasMessage<Rule>) struct says_like<Rule> {
  static constexpr bool isName = true;
};

template <typename Rule, typename Separator>
struct list_of : says_like<Rule>, seq<Rule, star<Separator, expect<Rule>>> {};

// Shorter names for what stands in every rule.
template <TokenKind Kind>
using t = token<Kind>;
using K = TokenKind;
using comma = token<TokenKind::Comma>;
using open_paren = token<TokenKind::LeftParen>;
using close_paren = token<TokenKind::RightParen>;

struct name : leaves<NodeKind::Name>, plain_name {};
struct text : leaves<NodeKind::Text>, token<TokenKind::StringText> {};
struct whole_number : leaves<NodeKind::Number>, token<TokenKind::IntegerNumber> {};
struct number : leaves<NodeKind::Number>,
                sor<token<TokenKind::IntegerNumber>, token<TokenKind::DecimalNumber>,
                    token<TokenKind::FloatingNumber>> {
  static constexpr std::string_view message = "Expecting a number";
};

}  // namespace rules
}  // namespace auspex::parser

namespace TAO_PEGTL_NAMESPACE {

template <typename Name, auspex::parser::TokenKind Kind>
struct analyze_traits<Name, auspex::parser::rules::token<Kind>> : analyze_any_traits<> {};
template <typename Name, bool (*Matches)(auspex::parser::TokenInput&, auspex::parser::ParseTree&)>
struct analyze_traits<Name, auspex::parser::rules::opaque<Matches>> : analyze_any_traits<> {};
template <typename Name, typename Rule>
struct analyze_traits<Name, auspex::parser::rules::expect<Rule>>
    : analyze_traits<Name, typename seq<Rule>::rule_t> {};
template <typename Name, typename... Rules>
struct analyze_traits<Name, auspex::parser::rules::quiet<Rules...>>
    : analyze_traits<Name, typename seq<Rules...>::rule_t> {};

}  // namespace TAO_PEGTL_NAMESPACE
