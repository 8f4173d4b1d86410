// SPDX-License-Identifier: Apache-2.0
// Queries: SELECT and its clauses, in their fixed order.
#pragma once

#include "parser/grammar/Grammar.h"

namespace auspex::parser::rules {

struct alias : leaves<NodeKind::Alias>,
               sor<seq<t<K::As>, next_is_not<t<K::Of>, t<K::Rowtime>>, expect<name>>,
                   // These begin a clause here, though they are free words.
                   seq<next_is_not<sor<t<K::Emit>, seq<t<K::Union>, sor<t<K::All>, t<K::Select>>>,
                                       seq<sor<t<K::Partition>, t<K::Order>>, t<K::By>>>>,
                       name>> {};

struct all_columns : leaves<NodeKind::AllColumns>,
                     sor<t<K::Asterisk>, seq<name, t<K::Dot>, t<K::Asterisk>>> {};
struct struct_all : leaves<NodeKind::StructAll>, seq<t<K::Arrow>, t<K::Asterisk>> {};
struct select_item : leaves<NodeKind::SelectItem>,
                     sor<all_columns, seq<expression, opt<sor<struct_all, alias>>>> {
  static constexpr std::string_view message = "Expecting an expression, or * for all columns";
};
struct distinct : leaves<NodeKind::Distinct>, t<K::Distinct> {};
struct select_list : seq<opt<distinct>, expect<list_of<select_item, comma>>> {};

// Sources and joins.
struct source_name : leaves<NodeKind::Name>, plain_name {
  static constexpr std::string_view message = "Expecting the name of a stream or table";
};
struct as_of : leaves<NodeKind::AsOf>, seq<t<K::As>, t<K::Of>, expect<t<K::Rowtime>>> {};
struct subquery : start_with<open_paren, select, close_paren> {};
struct source : leaves<NodeKind::Source>, seq<sor<subquery, source_name>, opt<alias>> {
  static constexpr bool isName = true;
  static constexpr std::string_view message = "Expecting the name of a stream or table";
};
struct left_kind : leaves<NodeKind::LeftJoin>, seq<t<K::Left>, opt<t<K::Outer>>> {};
struct right_kind : leaves<NodeKind::RightJoin>, seq<t<K::Right>, opt<t<K::Outer>>> {};
struct full_kind : leaves<NodeKind::FullJoin>, seq<t<K::Full>, opt<t<K::Outer>>> {};
struct join_kind : sor<t<K::Inner>, left_kind, right_kind, full_kind> {};
struct grace : leaves<NodeKind::Grace>, start_with<t<K::Grace>, t<K::Period>, interval> {};
struct within_interval : interval {
  static constexpr std::string_view message =
      "Expecting an interval such as 10 MINUTES, or (5 MINUTES, 10 MINUTES)";
};
struct within : leaves<NodeKind::Within>,
                seq<t<K::Within>,
                    sor<start_with<open_paren, interval, comma, interval, close_paren>,
                        expect<within_interval>>,
                    opt<grace>> {};
struct join : leaves<NodeKind::Join>,
              seq<sor<t<K::Join>, seq<join_kind, expect<t<K::Join>>>>, expect<source>,
                  opt<as_of, opt<alias>>, opt<within>, expect<t<K::On>>, expect<expression>> {};
struct from : leaves<NodeKind::From>, seq<t<K::From>, expect<source>, star<join>> {};

// Windows.
struct retention : leaves<NodeKind::Retention>, start_with<t<K::Retention>, interval> {};
struct window_options : star<comma, expect<sor<retention, grace>>> {};
struct tumbling
    : leaves<NodeKind::Tumbling>,
      start_with<t<K::Tumbling>, open_paren, t<K::Size>, interval, window_options, close_paren> {};
struct hopping_comma : comma {
  static constexpr std::string_view message = "Expecting ', ADVANCE BY' and an interval";
};
struct hopping : leaves<NodeKind::Hopping>,
                 start_with<t<K::Hopping>, open_paren, t<K::Size>, interval, hopping_comma,
                            t<K::Advance>, t<K::By>, interval, window_options, close_paren> {};
struct session
    : leaves<NodeKind::Session>,
      seq<t<K::Session>, open_paren, expect<interval>, window_options, expect<close_paren>> {};
struct window_kind : sor<tumbling, hopping, session> {
  static constexpr std::string_view message = "Expecting {'TUMBLING', 'HOPPING', 'SESSION'}";
};
struct window : leaves<NodeKind::Window>,
                seq<t<K::Window>, sor<window_kind, expect<seq<name, expect<window_kind>>>>> {};

// Conditions and groups.
struct where : leaves<NodeKind::Where>, start_with<t<K::Where>, expression> {};
struct having : leaves<NodeKind::Having>, start_with<t<K::Having>, expression> {};
struct value_operator
    : sor<t<K::PlusSign>, t<K::MinusSign>, t<K::Asterisk>, t<K::Slash>, t<K::PercentSign>,
          t<K::Concat>, t<K::Arrow>, t<K::LeftBracket>, comma> {};
struct whole_group_list : seq<open_paren, opt<value_expression, star<comma, value_expression>>,
                              close_paren, next_is_not<value_operator>> {};
struct group_list : sor<quiet<whole_group_list>, expect<list_of<value_expression, comma>>> {};
struct group_by : leaves<NodeKind::GroupBy>, seq<t<K::Group>, expect<t<K::By>>, group_list> {};
struct partition_by : leaves<NodeKind::PartitionBy>,
                      seq<t<K::Partition>, expect<t<K::By>>, group_list> {};

// The end.
struct emit_changes : leaves<NodeKind::EmitChanges>, t<K::Changes> {};
struct emit_final : leaves<NodeKind::EmitFinal>, t<K::Final> {};
struct emit : start_with<t<K::Emit>, sor<emit_changes, emit_final>> {};
// What is no whole number of rows is refused with a text of its own.
struct limit_number : leaves<NodeKind::Number>, sor<t<K::IntegerNumber>, t<K::DecimalNumber>> {};
struct limit : leaves<NodeKind::Limit>,
               start_with<t<K::Limit>, opt<t<K::MinusSign>>, limit_number> {};

struct query : leaves<NodeKind::Select>,
               seq<t<K::Select>, select_list, opt<from>, opt<window>, opt<where>, opt<group_by>,
                   opt<partition_by>, opt<having>, opt<emit>, opt<limit>> {
  static constexpr std::string_view message = "Expecting SELECT";
};
struct union_of_queries : seq<query, star<seq<t<K::Union>, expect<t<K::All>>, expect<query>>>> {};

}  // namespace auspex::parser::rules
