// SPDX-License-Identifier: Apache-2.0
#include "parser/ast/Printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <variant>

#include "parser/AsciiCase.h"
#include "parser/build/CommentWeaver.h"

namespace auspex::parser {
namespace {

std::string_view word(SourceKind kind) {
  return kind == SourceKind::Stream ? "STREAM" : "TABLE";
}

/// `text` behind a space when the condition holds, else nothing.
std::string when(bool condition, std::string_view text) {
  return condition ? fmt::format(" {}", text) : std::string();
}

template <typename Items, typename PrintItem>
std::string list(const Items& items, PrintItem printItem) {
  std::string result;
  for (const auto& item : items) {
    result += result.empty() ? "" : ", ";
    result += printItem(item);
  }
  return result;
}

std::string name(const Identifier& identifier) {
  return printName(identifier.name);
}

std::string expressions(const std::vector<ExpressionPtr>& items) {
  return list(items, [](const ExpressionPtr& item) { return print(*item); });
}

std::string names(const std::vector<Identifier>& items) {
  return items.empty() ? "" : fmt::format(" ({})", list(items, name));
}

std::string printProperty(const Property& property) {
  if (std::holds_alternative<StringLiteral>(property.value->node)) {
    return fmt::format("{}={}", printName(property.name.name), printText(property.text));
  }
  return fmt::format("{}={}", printName(property.name.name), asciiUpper(property.text));
}

std::string with(const std::vector<Property>& properties) {
  return properties.empty() ? "" : fmt::format(" WITH ({})", list(properties, printProperty));
}

std::string printElement(const TableElement& element) {
  std::string text = fmt::format("{} {}", name(element.name), print(element.type));
  switch (element.role) {
    case ColumnRole::Value:
      return text;
    case ColumnRole::Key:
      return text + " KEY";
    case ColumnRole::PrimaryKey:
      return text + " PRIMARY KEY";
    case ColumnRole::Headers:
      return text + " HEADERS";
    case ColumnRole::Header:
      return text + fmt::format(" HEADER({})", printText(element.headerKey));
  }
  return text;
}

std::string elements(const std::vector<TableElement>& items) {
  return items.empty() ? "" : fmt::format(" ({})", list(items, printElement));
}

// Queries.

std::string printItem(const SelectItem& item) {
  if (const auto* column = std::get_if<SingleColumn>(&item.item)) {
    return print(*column->expression) +
           (column->alias ? fmt::format(" AS {}", name(*column->alias)) : "");
  }
  if (const auto* all = std::get_if<AllColumns>(&item.item)) {
    return all->source ? name(*all->source) + ".*" : "*";
  }
  const std::string base = print(*std::get<StructAll>(item.item).base);
  // The star takes the whole expression before it.
  return base + "->*";
}

std::string printUnion(const std::vector<std::shared_ptr<const Select>>& queries) {
  std::string text;
  for (const std::shared_ptr<const Select>& query : queries) {
    text += (text.empty() ? "" : " UNION ALL ") + print(*query);
  }
  return text;
}

std::string printSource(const SourceReference& source) {
  const std::string text =
      source.queries.empty() ? name(source.name) : fmt::format("({})", printUnion(source.queries));
  return text + (source.alias ? fmt::format(" AS {}", name(*source.alias)) : "");
}

std::string printWithin(const Within& within) {
  const bool equal =
      within.before.count == within.after.count && within.before.unit == within.after.unit;
  const std::string bounds =
      equal ? print(within.before)
            : fmt::format("({}, {})", print(within.before), print(within.after));
  return fmt::format(" WITHIN {}", bounds) +
         (within.grace ? fmt::format(" GRACE PERIOD {}", print(*within.grace)) : "");
}

std::string printJoin(const Join& join) {
  static constexpr std::string_view kKinds[] = {"INNER", "LEFT OUTER", "RIGHT OUTER", "FULL OUTER"};
  return fmt::format(" {} JOIN {}{}{} ON {}", kKinds[static_cast<std::size_t>(join.kind)],
                     printSource(join.source), when(join.asOfRowtime, "AS OF ROWTIME"),
                     join.within ? printWithin(*join.within) : "", print(*join.condition));
}

std::string printWindow(const WindowExpression& window) {
  std::string text = " WINDOW";
  text += window.name ? fmt::format(" {}", name(*window.name)) : "";
  switch (window.kind) {
    case WindowKind::Tumbling:
      text += fmt::format(" TUMBLING (SIZE {}", print(window.size));
      break;
    case WindowKind::Hopping:
      text += fmt::format(" HOPPING (SIZE {}, ADVANCE BY {}", print(window.size),
                          print(window.advance.value_or(window.size)));
      break;
    case WindowKind::Session:
      text += fmt::format(" SESSION ({}", print(window.size));
      break;
  }
  text += window.retention ? fmt::format(", RETENTION {}", print(*window.retention)) : "";
  text += window.grace ? fmt::format(", GRACE PERIOD {}", print(*window.grace)) : "";
  return text + ")";
}

std::string printGrouping(std::string_view words, const std::optional<Grouping>& grouping) {
  if (!grouping) {
    return "";
  }
  const auto& items = grouping->expressions;
  return items.empty() ? fmt::format(" {} ()", words)
                       : fmt::format(" {} {}", words, list(items, [](const ExpressionPtr& item) {
                                       return printValue(*item);
                                     }));
}

std::string printFrom(const From& from) {
  std::string text = " FROM " + printSource(from.source);
  for (const Join& join : from.joins) {
    text += printJoin(join);
  }
  return text;
}

// Models.

std::string printInput(const ModelInput& input) {
  std::string text = fmt::format("{} {}", name(input.name), print(input.type));
  if (input.categories) {
    text += fmt::format(" CATEGORIES({})", list(*input.categories, printText));
  }
  return text + (input.defaultValue ? fmt::format(" DEFAULT {}", print(*input.defaultValue)) : "");
}

std::string printTransform(const ModelTransform& item) {
  return fmt::format("{} AS {}", print(*item.value), name(item.name));
}

std::string printTarget(const ModelTarget& target) {
  return target.version ? std::to_string(*target.version) : name(target.alias);
}

std::string printCanary(const CanaryModel& canary) {
  std::string text = "CANARY " + printTarget(canary.target);
  if (!canary.steps.empty()) {
    text += fmt::format(" STEPS ({})",
                        list(canary.steps, [](double step) { return fmt::format("{}", step); }));
  }
  text += canary.every ? fmt::format(" EVERY {}", printText(*canary.every)) : "";
  text += canary.key ? fmt::format(" BASED ON {}", printValue(*canary.key)) : "";
  text += canary.promoteWhen ? fmt::format(" PROMOTE WHEN {}", printText(*canary.promoteWhen)) : "";
  return text + when(canary.elseRollback, "ELSE ROLLBACK");
}

struct PrintModelAction {
  std::string operator()(const AddModelVersion& action) const {
    return "ADD VERSION" + (action.version ? fmt::format(" {}", *action.version) : "") +
           (action.properties.empty() ? " WITH ()" : with(action.properties));
  }
  std::string operator()(const DropModelVersion& action) const {
    return fmt::format("DROP VERSION {}", action.version);
  }
  std::string operator()(const SetModelAlias& action) const {
    return fmt::format("SET ALIAS {} = {}", name(action.alias), printTarget(action.target));
  }
  std::string operator()(const DropModelAlias& action) const {
    return fmt::format("DROP ALIAS {}", name(action.alias));
  }
  std::string operator()(const SplitModel& action) const {
    const std::string shares = list(action.shares, [](const SplitShare& share) {
      return fmt::format("{} {}", printTarget(share.target), share.percent);
    });
    return fmt::format("SPLIT {} BY {}", shares, printValue(*action.key)) +
           (action.salt ? fmt::format(" SALT {}", printText(*action.salt)) : "");
  }
  std::string operator()(const DropModelSplit& /*action*/) const { return "DROP SPLIT"; }
  std::string operator()(const ShadowModel& action) const {
    return fmt::format("SHADOW {}", printTarget(action.target)) +
           (action.sample ? fmt::format(" SAMPLE {}", *action.sample) : "");
  }
  std::string operator()(const DropModelShadow& /*action*/) const { return "DROP SHADOW"; }
  std::string operator()(const CanaryModel& action) const { return printCanary(action); }
  std::string operator()(const PauseModelCanary& /*action*/) const { return "PAUSE CANARY"; }
  std::string operator()(const ResumeModelCanary& /*action*/) const { return "RESUME CANARY"; }
  std::string operator()(const RollbackModel& /*action*/) const { return "ROLLBACK"; }
  std::string operator()(const SetModelOptions& action) const {
    return fmt::format("SET ({})", list(action.properties, printProperty));
  }
};

// Statements.

std::string_view word(ShowKind kind) {
  static constexpr std::string_view kWords[] = {"PROPERTIES",      "TOPICS",
                                                "STREAMS",         "TABLES",
                                                "FUNCTIONS",       "QUERIES",
                                                "TYPES",           "VARIABLES",
                                                "CONNECTORS",      "SOURCE CONNECTORS",
                                                "SINK CONNECTORS", "CONNECTOR PLUGINS",
                                                "MODELS",          "SERVED MODELS"};
  return kWords[static_cast<std::size_t>(kind)];
}

struct PrintStatement {
  std::string operator()(const Query& node) const { return print(node.select); }
  std::string operator()(const CreateSource& node) const {
    return fmt::format("CREATE{}{} {}{} {}{}{}", when(node.orReplace, "OR REPLACE"),
                       when(node.readOnly, "SOURCE"), word(node.kind),
                       when(node.ifNotExists, "IF NOT EXISTS"), name(node.name),
                       elements(node.elements), with(node.properties));
  }
  std::string operator()(const CreateAsSelect& node) const {
    return fmt::format("CREATE{} {}{} {}{} AS {}", when(node.orReplace, "OR REPLACE"),
                       word(node.kind), when(node.ifNotExists, "IF NOT EXISTS"), name(node.name),
                       with(node.properties), print(node.query));
  }
  std::string operator()(const InsertSelect& node) const {
    return fmt::format("INSERT INTO {}{} {}", name(node.target), with(node.properties),
                       print(node.query));
  }
  std::string operator()(const InsertValues& node) const {
    return fmt::format("INSERT INTO {}{} VALUES {}", name(node.target), names(node.columns),
                       list(node.rows, [](const std::vector<ExpressionPtr>& row) {
                         return fmt::format("({})", expressions(row));
                       }));
  }
  std::string operator()(const DropSource& node) const {
    return fmt::format("DROP {}{} {}{}", word(node.kind), when(node.ifExists, "IF EXISTS"),
                       name(node.name), when(node.deleteTopic, "DELETE TOPIC"));
  }
  std::string operator()(const AlterSource& node) const {
    return fmt::format("ALTER {} {} {}", word(node.kind), name(node.name),
                       list(node.columns, [](const AddedColumn& column) {
                         return fmt::format("ADD COLUMN {} {}", name(column.name),
                                            print(column.type));
                       }));
  }
  std::string operator()(const CreateType& node) const {
    return fmt::format("CREATE TYPE{} {} AS {}", when(node.ifNotExists, "IF NOT EXISTS"),
                       name(node.name), print(node.type));
  }
  std::string operator()(const DropType& node) const {
    return fmt::format("DROP TYPE{} {}", when(node.ifExists, "IF EXISTS"), name(node.name));
  }
  std::string operator()(const CreateConnector& node) const {
    return fmt::format("CREATE {} CONNECTOR{} {}{}",
                       node.kind == ConnectorKind::Source ? "SOURCE" : "SINK",
                       when(node.ifNotExists, "IF NOT EXISTS"), name(node.name),
                       node.properties.empty() ? " WITH ()" : with(node.properties));
  }
  std::string operator()(const DropConnector& node) const {
    return fmt::format("DROP CONNECTOR{} {}", when(node.ifExists, "IF EXISTS"), name(node.name));
  }
  std::string operator()(const Show& node) const {
    return fmt::format("SHOW{} {}{}", when(node.all, "ALL"), word(node.kind),
                       when(node.extended, "EXTENDED"));
  }
  std::string operator()(const Describe& node) const {
    static constexpr std::string_view kWords[] = {"",          "STREAMS",    "TABLES",
                                                  "FUNCTION ", "CONNECTOR ", "MODEL "};
    const bool isNamed = node.kind != DescribeKind::Streams && node.kind != DescribeKind::Tables;
    return fmt::format("DESCRIBE {}{}{}", kWords[static_cast<std::size_t>(node.kind)],
                       isNamed ? name(node.name) : "", when(node.extended, "EXTENDED"));
  }
  std::string operator()(const Explain& node) const {
    return "EXPLAIN " + (node.queryId ? name(*node.queryId) : print(*node.statement));
  }
  std::string operator()(const PrintTopic& node) const {
    return fmt::format("PRINT {}{}{}{}", printText(node.topic),
                       when(node.fromBeginning, "FROM BEGINNING"),
                       node.interval ? fmt::format(" INTERVAL {}", *node.interval) : "",
                       node.limit ? fmt::format(" LIMIT {}", *node.limit) : "");
  }
  std::string operator()(const ControlQuery& node) const {
    static constexpr std::string_view kWords[] = {"TERMINATE", "PAUSE", "RESUME"};
    return fmt::format("{} {}", kWords[static_cast<std::size_t>(node.action)],
                       node.queryId ? name(*node.queryId) : "ALL");
  }
  std::string operator()(const SetProperty& node) const {
    return fmt::format("SET {}={}", printText(node.name), printText(node.value));
  }
  std::string operator()(const UnsetProperty& node) const {
    return "UNSET " + printText(node.name);
  }
  std::string operator()(const DefineVariable& node) const {
    return fmt::format("DEFINE {} = {}", printName(node.name), printText(node.value));
  }
  std::string operator()(const UndefineVariable& node) const {
    return "UNDEFINE " + printName(node.name);
  }
  std::string operator()(const AlterSystem& node) const {
    return fmt::format("ALTER SYSTEM {}={}", printText(node.name), printText(node.value));
  }
  std::string operator()(const AssertTopic& node) const {
    return fmt::format("ASSERT{} TOPIC {}{}{}", when(!node.exists, "NOT EXISTS"),
                       printText(node.topic), with(node.properties), timeout(node.timeout));
  }
  std::string operator()(const AssertSchema& node) const {
    return fmt::format("ASSERT{} SCHEMA{}{}{}", when(!node.exists, "NOT EXISTS"),
                       node.subject ? fmt::format(" SUBJECT {}", printText(*node.subject)) : "",
                       node.id ? fmt::format(" ID {}", *node.id) : "", timeout(node.timeout));
  }
  std::string operator()(const AssertValues& node) const {
    return fmt::format("ASSERT VALUES {}{} VALUES ({})", name(node.source), names(node.columns),
                       expressions(node.values));
  }
  std::string operator()(const AssertTombstone& node) const {
    return fmt::format("ASSERT NULL VALUES {}{} KEY ({})", name(node.source), names(node.columns),
                       expressions(node.keys));
  }
  std::string operator()(const AssertSource& node) const {
    return fmt::format("ASSERT {} {}{}{}", word(node.kind), name(node.name),
                       elements(node.elements), with(node.properties));
  }
  std::string operator()(const CreateModel& node) const {
    return fmt::format(
        "CREATE{} MODEL{} {}{}{}{}{}{}", when(node.orReplace, "OR REPLACE"),
        when(node.ifNotExists, "IF NOT EXISTS"), name(node.name),
        node.inputs.empty() ? "" : fmt::format(" ({})", list(node.inputs, printInput)),
        node.returns ? fmt::format(" RETURNS {}", print(*node.returns)) : "",
        node.transforms.empty()
            ? ""
            : fmt::format(" TRANSFORM ({})", list(node.transforms, printTransform)),
        with(node.properties), node.query ? fmt::format(" AS {}", print(*node.query)) : "");
  }
  std::string operator()(const DropModel& node) const {
    return fmt::format("DROP MODEL{} {}", when(node.ifExists, "IF EXISTS"), name(node.name));
  }
  std::string operator()(const AlterModel& node) const {
    return fmt::format("ALTER MODEL {} {}", name(node.name),
                       std::visit(PrintModelAction{}, node.action));
  }
  std::string operator()(const ShowModelVersions& node) const {
    return "SHOW MODEL VERSIONS " + name(node.name);
  }
  std::string operator()(const ShowCreateModel& node) const {
    return "SHOW CREATE MODEL " + name(node.name);
  }
  std::string operator()(const ServeModel& node) const {
    return fmt::format("SERVE MODEL {}{}", name(node.name),
                       node.properties.empty() ? " WITH ()" : with(node.properties));
  }
  std::string operator()(const StopServing& node) const {
    return "STOP SERVING " + name(node.name);
  }
  std::string operator()(const EvaluateModel& node) const {
    return fmt::format("EVALUATE MODEL {} ON ({}){}", name(node.name), print(node.query),
                       when(node.allVersions, "VERSIONS ALL"));
  }

 private:
  static std::string timeout(const std::optional<Interval>& interval) {
    return interval ? fmt::format(" TIMEOUT {}", print(*interval)) : "";
  }
};

}  // namespace

std::string print(const Select& select) {
  std::string text;
  if (select.isUnion) {
    text = printUnion(select.from->source.queries);
  } else {
    text = fmt::format("SELECT{} {}", when(select.distinct, "DISTINCT"),
                       list(select.items, printItem));
    text += select.from ? printFrom(*select.from) : "";
  }
  text += select.window ? printWindow(*select.window) : "";
  text += select.where ? fmt::format(" WHERE {}", print(*select.where)) : "";
  text += printGrouping("GROUP BY", select.groupBy);
  text += printGrouping("PARTITION BY", select.partitionBy);
  text += select.having ? fmt::format(" HAVING {}", print(*select.having)) : "";
  text += when(select.emit == EmitKind::Changes, "EMIT CHANGES");
  text += when(select.emit == EmitKind::Final, "EMIT FINAL");
  text += select.limit ? fmt::format(" LIMIT {}", *select.limit) : "";
  return text;
}

std::string print(const Statement& statement) {
  std::string text = std::visit(PrintStatement{}, statement.node);
  return statement.comments ? weaveComments(text, *statement.comments) : text;
}

}  // namespace auspex::parser
