// SPDX-License-Identifier: Apache-2.0
// Statements about models, except those that SHOW and DESCRIBE them.
#pragma once

#include "parser/grammar/Grammar.h"

namespace auspex::parser::rules {

struct model_if_not_exists : leaves<NodeKind::IfNotExists>,
                             seq<t<K::If>, t<K::Not>, expect<t<K::Exists>>> {};
struct model_if_exists : leaves<NodeKind::IfExists>, seq<t<K::If>, t<K::Exists>> {};
struct model_or_replace : leaves<NodeKind::OrReplace>, seq<t<K::Or>, t<K::Replace>> {};

// CREATE MODEL.
struct categories
    : leaves<NodeKind::Categories>,
      seq<t<K::Categories>, expect<open_paren>, expect<list_of<text, comma>>, expect<close_paren>> {
};
struct default_value : leaves<NodeKind::Default>, start_with<t<K::Default>, expression> {};
struct model_input : leaves<NodeKind::ModelInput>,
                     seq<name, expect<type_name>, star<sor<categories, default_value>>> {
  static constexpr bool isName = true;
};
struct model_inputs
    : leaves<NodeKind::ModelInputs>,
      seq<open_paren,
          sor<close_paren, seq<expect<list_of<model_input, comma>>, expect<close_paren>>>> {};
struct returns : leaves<NodeKind::Returns>, start_with<t<K::Returns>, type_name> {};
struct transform_item : leaves<NodeKind::TransformItem>,
                        seq<expression, expect<t<K::As>>, expect<name>> {};
struct transforms : seq<t<K::Transform>, expect<open_paren>, expect<list_of<transform_item, comma>>,
                        expect<close_paren>> {};
struct create_model : leaves<NodeKind::CreateModel>,
                      seq<t<K::Create>, opt<model_or_replace>, t<K::Model>,
                          opt<model_if_not_exists>, expect<name>, opt<model_inputs>, opt<returns>,
                          opt<transforms>, opt<with_clause>, opt<t<K::As>, expect<select>>> {};

// ALTER MODEL.
struct model_target : leaves<NodeKind::ModelTarget>, sor<t<K::IntegerNumber>, name> {
  static constexpr std::string_view message = "Expecting the number of a version, or an alias";
};
struct add_version : leaves<NodeKind::AddVersion>,
                     seq<t<K::Add>, expect<t<K::Version>>, opt<whole_number>, expect<with_clause>> {
};
struct drop_version : leaves<NodeKind::DropVersion>,
                      seq<t<K::Drop>, t<K::Version>, expect<whole_number>> {};
struct drop_alias : leaves<NodeKind::DropAlias>, seq<t<K::Drop>, t<K::Alias>, expect<name>> {};
struct drop_split : leaves<NodeKind::DropSplit>, seq<t<K::Drop>, t<K::Split>> {};
struct drop_shadow : leaves<NodeKind::DropShadow>, seq<t<K::Drop>, t<K::Shadow>> {};
struct set_alias
    : leaves<NodeKind::SetAlias>,
      seq<t<K::Set>, t<K::Alias>, expect<name>, expect<t<K::Equal>>, expect<model_target>> {};
struct set_options : leaves<NodeKind::SetOptions>, seq<t<K::Set>, properties> {};
struct split_share : leaves<NodeKind::SplitShare>, seq<model_target, expect<number>> {
  static constexpr std::string_view message =
      "Expecting an alias or version and its share in percent, such as champion 90";
};
struct salt : leaves<NodeKind::Salt>, start_with<t<K::Salt>, text> {};
struct split : leaves<NodeKind::Split>,
               seq<t<K::Split>, expect<list_of<split_share, comma>>, expect<t<K::By>>,
                   expect<value_expression>, opt<salt>> {};
struct sample : leaves<NodeKind::Sample>, start_with<t<K::Sample>, number> {};
struct shadow : leaves<NodeKind::Shadow>, seq<t<K::Shadow>, expect<model_target>, opt<sample>> {};
struct steps
    : leaves<NodeKind::Steps>,
      seq<t<K::Steps>, expect<open_paren>, expect<list_of<number, comma>>, expect<close_paren>> {};
struct every : leaves<NodeKind::Every>, start_with<t<K::Every>, sor<text, interval>> {};
struct based_on : leaves<NodeKind::BasedOn>, start_with<t<K::Based>, t<K::On>, value_expression> {};
struct promote_when : leaves<NodeKind::PromoteWhen>, start_with<t<K::Promote>, t<K::When>, text> {};
struct else_rollback : leaves<NodeKind::ElseRollback>, start_with<t<K::Else>, t<K::Rollback>> {};
struct canary : leaves<NodeKind::Canary>,
                seq<t<K::Canary>, expect<model_target>, opt<steps>, opt<every>, opt<based_on>,
                    opt<promote_when>, opt<else_rollback>> {};
struct pause_canary : leaves<NodeKind::PauseCanary>, start_with<t<K::Pause>, t<K::Canary>> {};
struct resume_canary : leaves<NodeKind::ResumeCanary>, start_with<t<K::Resume>, t<K::Canary>> {};
struct rollback : leaves<NodeKind::Rollback>, t<K::Rollback> {};
struct model_action
    : sor<add_version, drop_version, drop_alias, drop_split, drop_shadow, set_alias, set_options,
          split, shadow, canary, pause_canary, resume_canary, rollback> {
  static constexpr std::string_view message =
      "Expecting ADD VERSION, DROP VERSION, SET ALIAS, DROP ALIAS, SPLIT, DROP SPLIT, SHADOW, "
      "DROP SHADOW, CANARY, PAUSE CANARY, RESUME CANARY, ROLLBACK or SET (...)";
};
struct alter_model : leaves<NodeKind::AlterModel>,
                     seq<t<K::Alter>, t<K::Model>, expect<name>, expect<model_action>> {};

// The rest.
struct drop_model : leaves<NodeKind::DropModel>,
                    seq<t<K::Drop>, t<K::Model>, opt<model_if_exists>, expect<name>> {};
struct serve_model : leaves<NodeKind::ServeModel>,
                     start_with<t<K::Serve>, t<K::Model>, name, with_clause> {};
struct stop_serving : leaves<NodeKind::StopServing>, start_with<t<K::Stop>, t<K::Serving>, name> {};
struct versions_all : leaves<NodeKind::VersionsAll>, start_with<t<K::Versions>, t<K::All>> {};
struct evaluate_model : leaves<NodeKind::EvaluateModel>,
                        start_with<t<K::Evaluate>, t<K::Model>, name, t<K::On>, open_paren, select,
                                   close_paren, opt<versions_all>> {};
struct model_statement : sor<alter_model, drop_model, serve_model, stop_serving, evaluate_model> {};

}  // namespace auspex::parser::rules
