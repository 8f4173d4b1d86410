// SPDX-License-Identifier: Apache-2.0
// Statements that look at, steer, drop, alter and check what is there.
#pragma once

#include "parser/grammar/Grammar.h"

namespace auspex::parser::rules {

struct extended : leaves<NodeKind::Extended>, t<K::Extended> {};
struct if_exists : leaves<NodeKind::IfExists>, seq<t<K::If>, expect<t<K::Exists>>> {};
struct stream_or_table : sor<t<K::Stream>, t<K::Table>> {};
// Topics and functions: the case stays as written.
struct topic_name : sor<name, text> {
  static constexpr std::string_view message = "Expecting the name of a topic";
};

// SHOW.
struct show_all : leaves<NodeKind::All>, t<K::All> {};
struct model_versions : leaves<NodeKind::ModelVersions>,
                        seq<t<K::Model>, expect<t<K::Versions>>, expect<name>> {};
struct create_model_text : leaves<NodeKind::CreateModelText>,
                           start_with<t<K::Create>, t<K::Model>, name> {};
struct show_what
    : leaves<NodeKind::ShowWhat>,
      sor<seq<opt<show_all>, t<K::Topics>, opt<extended>>, seq<t<K::Streams>, opt<extended>>,
          seq<t<K::Tables>, opt<extended>>, seq<t<K::Queries>, opt<extended>>,
          seq<t<K::Models>, opt<extended>>, seq<t<K::Served>, t<K::Models>>, t<K::Properties>,
          t<K::Functions>, t<K::Types>, t<K::VariablesWord>, t<K::Connectors>,
          seq<t<K::Source>, t<K::Connectors>>, seq<t<K::Sink>, t<K::Connectors>>,
          seq<t<K::Connector>, t<K::Plugins>>> {};
struct show_target : sor<show_what, model_versions, create_model_text> {
  static constexpr std::string_view message =
      "Expecting PROPERTIES, [ALL] TOPICS, STREAMS, TABLES, FUNCTIONS, QUERIES, TYPES, VARIABLES, "
      "CONNECTORS, MODELS, MODEL VERSIONS, SERVED MODELS or CREATE MODEL";
};
struct show : leaves<NodeKind::Show>, seq<sor<t<K::Show>, t<K::List>>, expect<show_target>> {};

// DESCRIBE.
struct describe_streams : leaves<NodeKind::DescribeStreams>, t<K::Streams> {};
struct describe_tables : leaves<NodeKind::DescribeTables>, t<K::Tables> {};
struct describe_function : leaves<NodeKind::DescribeFunction>, seq<t<K::Function>, topic_name> {};
struct describe_connector : leaves<NodeKind::DescribeConnector>,
                            start_with<t<K::Connector>, name> {};
struct describe_model : leaves<NodeKind::DescribeModel>, seq<t<K::Model>, name> {};
struct describe_target : sor<describe_streams, describe_tables, describe_function,
                             describe_connector, describe_model, name> {
  static constexpr bool isName = true;
};
struct describe : leaves<NodeKind::Describe>,
                  seq<t<K::Describe>, expect<describe_target>, opt<extended>> {};

// EXPLAIN.
struct statement_end : next_is<sor<t<K::Semicolon>, t<K::EndOfText>>> {};
struct explained_query : seq<name, statement_end> {};
struct explained : sor<explained_query, opaque<matchStatement>> {
  static constexpr std::string_view message = "Expecting a statement or the id of a query";
};
struct explain : leaves<NodeKind::Explain>, start_with<t<K::Explain>, explained> {};

// PRINT.
struct from_beginning : leaves<NodeKind::FromBeginning>, start_with<t<K::From>, t<K::Beginning>> {};
struct print_interval : leaves<NodeKind::PrintInterval>,
                        start_with<sor<t<K::Interval>, t<K::Sample>>, whole_number> {};
struct print_limit : leaves<NodeKind::Limit>, start_with<t<K::Limit>, whole_number> {};
struct print : leaves<NodeKind::Print>,
               seq<t<K::Print>, expect<topic_name>, opt<from_beginning>, opt<print_interval>,
                   opt<print_limit>> {};

// Queries and the session.
struct control
    : leaves<NodeKind::Control>,
      seq<sor<t<K::Terminate>, t<K::Pause>, t<K::Resume>>, expect<sor<t<K::All>, name>>> {};
struct set_property : leaves<NodeKind::SetProperty>,
                      start_with<t<K::Set>, text, t<K::Equal>, text> {};
struct unset_property : leaves<NodeKind::UnsetProperty>, start_with<t<K::Unset>, text> {};
struct define : leaves<NodeKind::DefineVariable>,
                start_with<t<K::Define>, name, t<K::Equal>, text> {};
struct undefine : leaves<NodeKind::UndefineVariable>, start_with<t<K::Undefine>, name> {};

// DROP and ALTER.
struct delete_topic : leaves<NodeKind::DeleteTopic>, start_with<t<K::Delete>, t<K::Topic>> {};
struct drop_source
    : leaves<NodeKind::DropSource>,
      seq<t<K::Drop>, stream_or_table, opt<if_exists>, expect<name>, opt<delete_topic>> {};
struct drop_type : leaves<NodeKind::DropType>,
                   seq<t<K::Drop>, t<K::Type>, opt<if_exists>, expect<name>> {};
struct drop_connector : leaves<NodeKind::DropConnector>,
                        seq<t<K::Drop>, t<K::Connector>, opt<if_exists>, expect<name>> {};
// COLUMN may be the name of the new column: ADD column INT.
struct column_word
    : seq<t<K::Column>, next_is<plain_name>, next_is<plain_name, sor<plain_name, t<K::Decimal>>>> {
};
struct added_column : leaves<NodeKind::AddedColumn>,
                      seq<t<K::Add>, opt<column_word>, expect<name>, expect<type_name>> {};
struct alter_source
    : leaves<NodeKind::AlterSource>,
      seq<t<K::Alter>, stream_or_table, expect<name>, expect<list_of<added_column, comma>>> {};
struct alter_system
    : leaves<NodeKind::AlterSystem>,
      seq<t<K::Alter>, t<K::System>, expect<text>, expect<t<K::Equal>>, expect<text>> {};

// ASSERT.
struct not_exists : leaves<NodeKind::NotExists>, start_with<t<K::Not>, t<K::Exists>> {};
struct timeout : leaves<NodeKind::Timeout>, start_with<t<K::Timeout>, interval> {};
struct subject : leaves<NodeKind::Subject>, start_with<t<K::Subject>, topic_name> {};
struct schema_id : leaves<NodeKind::SchemaId>, start_with<t<K::Id>, whole_number> {};
struct assert_topic
    : leaves<NodeKind::AssertTopic>,
      seq<opt<not_exists>, t<K::Topic>, expect<topic_name>, opt<with_clause>, opt<timeout>> {};
struct schema_wanted : sor<seq<subject, opt<schema_id>>, schema_id> {
  static constexpr std::string_view message = "Expecting {'SUBJECT', 'ID'}";
};
struct assert_schema : leaves<NodeKind::AssertSchema>,
                       seq<opt<not_exists>, t<K::Schema>, expect<schema_wanted>, opt<timeout>> {};
struct assert_names : leaves<NodeKind::NameList>,
                      seq<open_paren, list_of<name, comma>, expect<close_paren>> {};
struct assert_row : leaves<NodeKind::ValueRow>,
                    seq<open_paren, expect<list_of<expression, comma>>, expect<close_paren>> {};
struct assert_values : leaves<NodeKind::AssertValues>,
                       start_with<t<K::Values>, name, opt<assert_names>, t<K::Values>, assert_row> {
};
struct assert_null
    : leaves<NodeKind::AssertNull>,
      start_with<t<K::Null>, t<K::Values>, name, opt<assert_names>, t<K::Key>, assert_row> {};
struct assert_source : leaves<NodeKind::AssertSource>,
                       start_with<stream_or_table, name, opt<elements>, opt<with_clause>> {};
struct assertion : sor<assert_topic, assert_schema, assert_values, assert_null, assert_source> {};
struct assert_statement : seq<t<K::Assert>, expect<assertion>> {};

struct drop_or_alter : seq<next_is<sor<t<K::Drop>, t<K::Alter>>>,
                           expect<sor<drop_source, drop_type, drop_connector, alter_source,
                                      alter_system, opaque<matchModelStatement>>>> {};
struct admin_statement : sor<show, describe, explain, print, control, set_property, unset_property,
                             define, undefine, drop_or_alter, assert_statement> {};

}  // namespace auspex::parser::rules
