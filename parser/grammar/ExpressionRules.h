// SPDX-License-Identifier: Apache-2.0
// Expressions, loosest operators first. A level leaves its node also when it has one operand only;
// the builder looks through it.
#pragma once

#include "parser/grammar/Grammar.h"

namespace auspex::parser::rules {

// Primaries.
struct literal : leaves<NodeKind::Literal>,
                 sor<t<K::StringText>, t<K::IntegerNumber>, t<K::DecimalNumber>,
                     t<K::FloatingNumber>, t<K::Null>, t<K::True>, t<K::False>> {};
struct typed_literal : leaves<NodeKind::TypedLiteral>,
                       seq<sor<t<K::Decimal>, plain_name>, t<K::StringText>> {};
struct parenthesized : leaves<NodeKind::Parenthesized>,
                       start_with<open_paren, expression, close_paren> {};
struct cast : leaves<NodeKind::Cast>,
              start_with<t<K::Cast>, open_paren, expression, t<K::As>, type_name, close_paren> {};

struct when_clause : leaves<NodeKind::When>,
                     start_with<t<K::When>, expression, t<K::Then>, expression> {
  static constexpr std::string_view message = "Expecting WHEN condition THEN result";
};
struct else_clause : leaves<NodeKind::Else>, start_with<t<K::Else>, expression> {};
struct case_operand : leaves<NodeKind::CaseOperand>, seq<next_is_not<t<K::When>>, expression> {};
struct case_expression : leaves<NodeKind::Case>,
                         start_with<t<K::Case>, opt<case_operand>, when_clause, star<when_clause>,
                                    opt<else_clause>, t<K::End>> {};

struct array_constructor : leaves<NodeKind::Array>,
                           seq<t<K::Array>, t<K::LeftBracket>, opt<list_of<expression, comma>>,
                               expect<t<K::RightBracket>>> {};
struct map_entry : leaves<NodeKind::Entry>, start_with<expression, t<K::Assign>, expression> {};
struct map_constructor
    : leaves<NodeKind::Map>,
      seq<t<K::Map>, open_paren, opt<list_of<map_entry, comma>>, expect<close_paren>> {};
struct struct_entry : leaves<NodeKind::Entry>, start_with<name, t<K::Assign>, expression> {};
struct struct_constructor
    : leaves<NodeKind::StructValue>,
      seq<t<K::Struct>, open_paren, opt<list_of<struct_entry, comma>>, expect<close_paren>> {};

// Calls.
struct argument_end : next_is<sor<comma, close_paren>> {};
struct star_argument : leaves<NodeKind::Star>, seq<t<K::Asterisk>, argument_end> {};
struct reserved_unit : sor<t<K::Days>, t<K::Hours>, t<K::Minutes>, t<K::Seconds>,
                           t<K::Milliseconds>, t<K::Millisecond>, t<K::Months>, t<K::Years>> {};
struct unit_argument : leaves<NodeKind::UnitArgument>, seq<reserved_unit, argument_end> {};
struct lambda_parameters : leaves<NodeKind::LambdaParameters>,
                           sor<name, seq<open_paren, name, star<comma, name>, close_paren>> {};
struct lambda : leaves<NodeKind::Lambda>,
                seq<next_is<lambda_parameters, t<K::DoubleArrow>>, lambda_parameters,
                    t<K::DoubleArrow>, expect<expression>> {};
struct argument_name : leaves<NodeKind::Alias>, start_with<t<K::As>, name> {};
struct argument : leaves<NodeKind::Argument>,
                  sor<star_argument, unit_argument, lambda, seq<expression, opt<argument_name>>> {
  static constexpr std::string_view message = "Expecting an argument";
};

struct frame_interval : interval {
  static constexpr std::string_view message =
      "Expecting an interval such as 10 MINUTES, or UNBOUNDED";
};
struct frame_count : whole_number {
  static constexpr std::string_view message = "Expecting a number of rows, or UNBOUNDED";
};
struct unbounded : leaves<NodeKind::Unbounded>, t<K::Unbounded> {};
struct row_bound : sor<unbounded, expect<frame_count>> {};
struct range_bound : sor<unbounded, expect<frame_interval>> {};
// BETWEEN ... AND CURRENT ROW says nothing more than the short form, which is the only other one.
template <typename Bound>
struct frame_extent
    : sor<start_with<t<K::Between>, Bound, t<K::Preceding>, t<K::And>, t<K::Current>, t<K::Row>>,
          seq<Bound, expect<t<K::Preceding>>>> {};
struct rows_frame : leaves<NodeKind::RowsFrame>, seq<t<K::Rows>, frame_extent<row_bound>> {};
struct range_frame : leaves<NodeKind::RangeFrame>, seq<t<K::Range>, frame_extent<range_bound>> {};
struct over_partition : seq<t<K::Partition>, expect<t<K::By>>, list_of<value_expression, comma>> {};
struct over_order : start_with<t<K::Order>, t<K::By>, t<K::Rowtime>, opt<t<K::Asc>>> {};
struct over : leaves<NodeKind::Over>,
              seq<t<K::Over>, open_paren, opt<over_partition>, opt<over_order>,
                  opt<sor<rows_frame, range_frame>>, expect<close_paren>> {};
struct distinct_arguments : leaves<NodeKind::Distinct>, t<K::Distinct> {};
struct function_call : leaves<NodeKind::Call>,
                       seq<name, open_paren, opt<distinct_arguments>, opt<list_of<argument, comma>>,
                           expect<close_paren>, opt<over>> {};
struct column : leaves<NodeKind::Column>, seq<name, opt<t<K::Dot>, name>> {};

struct primary
    : sor<literal, parenthesized, case_expression, cast, typed_literal, array_constructor,
          map_constructor, struct_constructor, function_call, column> {};

// Operators on values.
struct subscript : leaves<NodeKind::Subscript>,
                   start_with<t<K::LeftBracket>, value_expression, t<K::RightBracket>> {};
struct dereference : leaves<NodeKind::Dereference>,
                     seq<t<K::Arrow>, next_is_not<t<K::Asterisk>>, expect<name>> {};
struct postfix : leaves<NodeKind::Postfix>, seq<primary, star<sor<subscript, dereference>>> {
  static constexpr std::string_view message = "Expecting an expression";
};
struct sign : sor<t<K::MinusSign>, t<K::PlusSign>> {};
struct unary : leaves<NodeKind::Unary>, sor<seq<plus<sign>, expect<postfix>>, postfix> {
  static constexpr std::string_view message = "Expecting an expression";
};
struct multiplicative : leaves<NodeKind::Binary>,
                        list_of<unary, sor<t<K::Asterisk>, t<K::Slash>, t<K::PercentSign>>> {
  static constexpr std::string_view message = "Expecting an expression";
};
struct additive : leaves<NodeKind::Binary>, list_of<multiplicative, sign> {
  static constexpr std::string_view message = "Expecting an expression";
};
struct concatenation : leaves<NodeKind::Binary>, list_of<additive, t<K::Concat>> {
  static constexpr std::string_view message = "Expecting an expression";
};

// Predicates and logic.
struct comparison_operator : sor<t<K::Equal>, t<K::NotEqual>, t<K::Less>, t<K::LessOrEqual>,
                                 t<K::Greater>, t<K::GreaterOrEqual>> {};
struct comparison : leaves<NodeKind::Comparison>, start_with<comparison_operator, concatenation> {};
struct between : leaves<NodeKind::Between>,
                 seq<opt<t<K::Not>>, t<K::Between>, expect<concatenation>, expect<t<K::And>>,
                     expect<concatenation>> {};
struct in_list : leaves<NodeKind::InList>,
                 seq<opt<t<K::Not>>, t<K::In>, expect<open_paren>,
                     expect<list_of<expression, comma>>, expect<close_paren>> {};
struct escape_clause : leaves<NodeKind::Escape>, start_with<t<K::Escape>, text> {};
struct like : leaves<NodeKind::Like>,
              seq<opt<t<K::Not>>, t<K::Like>, expect<concatenation>, opt<escape_clause>> {};
struct is_null : leaves<NodeKind::IsNull>, seq<t<K::Is>, opt<t<K::Not>>, t<K::Null>> {};
struct is_distinct
    : leaves<NodeKind::IsDistinct>,
      seq<t<K::Is>, opt<t<K::Not>>, t<K::Distinct>, expect<t<K::From>>, expect<concatenation>> {};
struct predicate_rest : sor<comparison, between, in_list, like, is_null, is_distinct> {};
struct predicate : leaves<NodeKind::Predicate>, seq<concatenation, opt<predicate_rest>> {
  static constexpr std::string_view message = "Expecting an expression";
};
struct negation : leaves<NodeKind::Negation>,
                  sor<seq<plus<t<K::Not>>, expect<predicate>>, predicate> {
  static constexpr std::string_view message = "Expecting an expression";
};
struct conjunction : leaves<NodeKind::Conjunction>, list_of<negation, t<K::And>> {
  static constexpr std::string_view message = "Expecting an expression";
};
struct disjunction : leaves<NodeKind::Disjunction>, list_of<conjunction, t<K::Or>> {};

}  // namespace auspex::parser::rules
