// SPDX-License-Identifier: Apache-2.0
// CREATE of sources, types and connectors, and INSERT.
#pragma once

#include "parser/grammar/Grammar.h"

namespace auspex::parser::rules {

struct if_not_exists : leaves<NodeKind::IfNotExists>,
                       seq<t<K::If>, t<K::Not>, expect<t<K::Exists>>> {};
struct or_replace : leaves<NodeKind::OrReplace>, start_with<t<K::Or>, t<K::Replace>> {};

struct read_only : leaves<NodeKind::ReadOnly>, t<K::Source> {};
struct as_select : start_with<t<K::As>, select> {};
struct create_source : seq<opt<read_only>, sor<t<K::Stream>, t<K::Table>>, opt<if_not_exists>,
                           expect<name>, opt<elements>, opt<with_clause>, opt<as_select>> {};

struct create_type
    : seq<t<K::Type>, opt<if_not_exists>, expect<name>, expect<t<K::As>>, expect<type_name>> {};

struct create_connector : seq<sor<t<K::Source>, t<K::Sink>>, t<K::Connector>, opt<if_not_exists>,
                              expect<name>, expect<with_clause>> {};

struct create_type_statement : leaves<NodeKind::CreateType>, seq<t<K::Create>, create_type> {};
struct create_connector_statement : leaves<NodeKind::CreateConnector>,
                                    seq<t<K::Create>, create_connector> {};
struct create_source_statement : leaves<NodeKind::CreateSource>,
                                 seq<t<K::Create>, opt<or_replace>, create_source> {};

struct create_statement
    : seq<next_is<t<K::Create>>, expect<sor<create_type_statement, create_connector_statement,
                                            opaque<matchCreateModel>, create_source_statement>>> {};

struct value_row : leaves<NodeKind::ValueRow>,
                   seq<open_paren, expect<list_of<expression, comma>>, expect<close_paren>> {};
struct name_list : leaves<NodeKind::NameList>,
                   seq<open_paren, list_of<name, comma>, expect<close_paren>> {};
struct insert_values : seq<opt<name_list>, t<K::Values>, expect<list_of<value_row, comma>>> {};
struct insert_select : seq<opt<with_clause>, select> {};
struct insert_statement : leaves<NodeKind::Insert>,
                          seq<t<K::Insert>, expect<t<K::Into>>, expect<name>,
                              expect<sor<insert_values, insert_select>>> {};

struct create_or_insert : sor<create_statement, insert_statement> {};

}  // namespace auspex::parser::rules
