// SPDX-License-Identifier: Apache-2.0
// What several kinds of statements share: types, intervals, WITH, and column lists.
#pragma once

#include "parser/grammar/Grammar.h"

namespace auspex::parser::rules {

// Types.
struct type_parameter : leaves<NodeKind::TypeParameter>, sor<t<K::String>, t<K::IntegerNumber>> {
  static constexpr std::string_view message = "Expecting {'STRING', INTEGER_VALUE}";
};
struct type_parameters
    : seq<open_paren, expect<list_of<expect<type_parameter>, comma>>, expect<close_paren>> {};
struct named_type : leaves<NodeKind::NamedType>, seq<name, opt<type_parameters>> {};
struct decimal_type : leaves<NodeKind::DecimalType>,
                      start_with<t<K::Decimal>, open_paren, whole_number,
                                 opt<comma, expect<whole_number>>, close_paren> {};
struct array_type : leaves<NodeKind::ArrayType>,
                    seq<t<K::Array>, t<K::Less>, expect<type_name>, expect<t<K::Greater>>> {};
struct map_type : leaves<NodeKind::MapType>,
                  seq<t<K::Map>, t<K::Less>, expect<type_name>, expect<comma>, expect<type_name>,
                      expect<t<K::Greater>>> {};
struct type_field : leaves<NodeKind::TypeField>, start_with<name, type_name> {};
// The empty one, STRUCT<>, reads as the word and the operator "not equal".
struct struct_type
    : leaves<NodeKind::StructType>,
      seq<t<K::Struct>, sor<t<K::NotEqual>, seq<t<K::Less>, opt<list_of<type_field, comma>>,
                                                expect<t<K::Greater>>>>> {};
struct base_type : sor<decimal_type, array_type, map_type, struct_type, named_type> {};
// `INT ARRAY` is `ARRAY<INT>`, written behind.
struct type : leaves<NodeKind::Type>, seq<base_type, star<t<K::Array>>> {};

// Intervals.
struct time_unit : leaves<NodeKind::TimeUnit>,
                   sor<t<K::Day>, t<K::Days>, t<K::Hour>, t<K::Hours>, t<K::Minute>, t<K::Minutes>,
                       t<K::Second>, t<K::Seconds>, t<K::Millisecond>, t<K::Milliseconds>> {
  static constexpr std::string_view message =
      "Expecting a unit of time: DAYS, HOURS, MINUTES, SECONDS or MILLISECONDS";
};
struct interval_value : leaves<NodeKind::Interval>, start_with<whole_number, time_unit> {};

// WITH.
struct property_value
    : leaves<NodeKind::PropertyValue>,
      sor<t<K::StringText>, t<K::True>, t<K::False>, t<K::Null>,
          seq<opt<t<K::MinusSign>>,
              sor<t<K::IntegerNumber>, t<K::DecimalNumber>, t<K::FloatingNumber>>>> {
  static constexpr std::string_view message =
      "Expecting a literal: a string in single quotes, a number, TRUE, FALSE or NULL";
};
struct property_name : sor<name, text> {
  static constexpr std::string_view message = "Expecting the name of a property";
};
struct property : leaves<NodeKind::Property>,
                  start_with<property_name, t<K::Equal>, property_value> {};
struct property_list : leaves<NodeKind::Properties>,
                       seq<open_paren, opt<list_of<property, comma>>, expect<close_paren>> {};
struct with : seq<t<K::With>, expect<properties>> {};

// Column lists.
struct key_role : leaves<NodeKind::KeyRole>, t<K::Key> {};
struct primary_key_role : leaves<NodeKind::PrimaryKeyRole>, start_with<t<K::Primary>, t<K::Key>> {};
struct headers_role : leaves<NodeKind::HeadersRole>, t<K::Headers> {};
struct header_role : leaves<NodeKind::HeaderRole>,
                     start_with<t<K::Header>, open_paren, text, close_paren> {};
struct column_role : sor<key_role, primary_key_role, headers_role, header_role> {};
struct element : leaves<NodeKind::Element>, seq<name, expect<type_name>, opt<column_role>> {
  static constexpr bool isName = true;
};
struct elements_end : close_paren {
  static constexpr std::string_view message = "Expecting {',', ')'}";
};
struct element_list
    : leaves<NodeKind::Elements>,
      seq<open_paren,
          sor<close_paren, seq<expect<list_of<element, comma>>, expect<elements_end>>>> {};

}  // namespace auspex::parser::rules
