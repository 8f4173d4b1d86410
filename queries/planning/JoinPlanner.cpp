// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/JoinPlanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "parser/ast/Printer.h"
#include "queries/StatementError.h"
#include "queries/planning/Durations.h"
#include "queries/planning/ExpressionBinder.h"
#include "queries/planning/JoinCondition.h"
#include "queries/planning/KeyTypes.h"

namespace auspex::queries {
namespace {

using operators::ExpressionPtr;

enum class Shape : uint8_t { StreamStream, StreamTable, TableTable };

operators::JoinKind kindOf(parser::JoinKind kind) {
  switch (kind) {
    case parser::JoinKind::Inner:
      return operators::JoinKind::Inner;
    case parser::JoinKind::Left:
      return operators::JoinKind::Left;
    case parser::JoinKind::Right:
      return operators::JoinKind::Right;
    case parser::JoinKind::Full:
      return operators::JoinKind::Full;
  }
  return operators::JoinKind::Inner;
}

bool isSameKeyFormat(const operators::Format* left, const operators::FormatOptions& leftOptions,
                     const operators::Format* right, const operators::FormatOptions& rightOptions) {
  return left == right && leftOptions.delimiter == rightOptions.delimiter;
}

const operators::ColumnNode* columnOf(const ExpressionPtr& expression) {
  return expression->as<operators::ColumnNode>();
}

/// One JOIN with what stands before it.
class JoinPlanner {
 public:
  /// further: how many joins follow; their number is part of the names of topics.
  JoinPlanner(const parser::Join& join, const FromItem& right, size_t further,
              const PlanningContext& context, PlannedSources& planned)
      : join_(join),
        item_(right),
        right_(right.source),
        context_(context),
        planned_(planned),
        kind_(kindOf(join.kind)),
        leftText_(planned.sources.size() == 1 ? planned.sources[0]->name : "the join before it") {
    for (size_t i = 0; i < further; ++i) {
      prefix_ += "L_";
    }
    shape_ = !planned.root->isTable ? right_->isTable() ? Shape::StreamTable : Shape::StreamStream
                                    : Shape::TableTable;
  }

  void plan() {
    checkShape();
    planned_.scope.removeJoinKey();
    bindCondition();
    checkWindow();
    checkKeys();
    wasKeyed_ = isLeftKeyed();
    planned_.isForeignKeyJoin = shape_ == Shape::TableTable && !wasKeyed_;
    if (planned_.isForeignKeyJoin) {
      checkForeignKey();
      addForeignKeyStep();
    } else {
      checkWindowedKeys();
      bringTogether();
      addStep();
      setKey();
      setBounds();
    }
    addOtherConditions();
    planned_.sources.push_back(right_);
    planned_.isJoin = true;
  }

 private:
  void checkShape() const {
    if (planned_.root->isTable && !right_->isTable()) {
      throw StatementError(
          fmt::format("Invalid join order: table-stream joins are not supported; only "
                      "stream-table joins. Got {} {} {}.",
                      leftText_, written(), right_->name),
          join_.span);
    }
    if (shape_ == Shape::StreamTable &&
        (kind_ == operators::JoinKind::Right || kind_ == operators::JoinKind::Full)) {
      throw StatementError(
          fmt::format("Invalid join type encountered: a stream and a table join INNER or LEFT. Got "
                      "{} {} {}.",
                      leftText_, written(), right_->name),
          join_.span);
    }
    if (join_.asOfRowtime) {
      throw StatementError("AS OF ROWTIME is not supported yet.", join_.span);
    }
  }

  /// The kind as ksqlDB's messages have it.
  const char* written() const {
    constexpr const char* kWritten[] = {"[INNER] JOIN", "LEFT [OUTER] JOIN", "RIGHT [OUTER] JOIN",
                                        "[FULL] OUTER JOIN"};
    return kWritten[static_cast<size_t>(kind_)];
  }

  void checkWindow() const {
    if (shape_ == Shape::StreamStream && !join_.within) {
      throw StatementError(
          "Stream-Stream joins must have a WITHIN clause specified. None was provided. To learn "
          "about how to specify a WITHIN clause with a stream-stream join, please visit the "
          "documentation of joins.",
          join_.span);
    }
    if (shape_ != Shape::StreamStream && join_.within) {
      const char* const kinds = shape_ == Shape::StreamTable ? "Stream-Table" : "Table-Table";
      throw StatementError(
          fmt::format("A window definition was provided for a {} join. These joins are not "
                      "windowed. Please drop the window definition (ie. the WITHIN clause) and try "
                      "to execute your {} join again.",
                      kinds, kinds),
          join_.within->span);
    }
  }

  /// Windowed keys are equal when their windows are.
  void checkWindowedKeys() const {
    const auto& left = planned_.window;
    const auto& right = right_->window;
    if (!left && !right) {
      return;
    }
    if (shape_ != Shape::StreamStream) {
      throw StatementError("Windowed tables cannot be joined.", join_.span);
    }
    if (!left || !right || left->isSession() != right->isSession()) {
      const auto shown = [](const auto& window) {
        return window ? operators::nameOf(window->type) : "NOT WINDOWED";
      };
      throw StatementError(
          fmt::format("Incompatible windowed sources.\nLeft source: {}\nRight source: {}\nSession "
                      "windowed sources can only be joined to other session windowed sources, and "
                      "may still not result in expected behaviour as session bounds must be an "
                      "exact match for the join to work\nHopping and tumbling windowed sources can "
                      "only be joined to other hopping and tumbling windowed sources",
                      shown(left), shown(right)),
          join_.span);
    }
  }

  /// Binds both sides of ON's equalities, and makes columns of them.
  void bindCondition() {
    const size_t firstRight = planned_.scope.width();
    Scope both = planned_.scope;
    addSource(join_.source, item_, firstRight, both);
    condition_ = splitCondition(join_, *right_, both, firstRight, context_);
    if (shape_ != Shape::StreamStream) {
      // Those who are there are found by their keys: what else is to hold is looked at then.
      for (const JoinEquality& equality : std::exchange(condition_.equalities, {})) {
        condition_.others.push_back(equality.whole);
      }
    }
    if (!condition_.others.empty() && kind_ != operators::JoinKind::Inner) {
      throw StatementError(
          shape_ == Shape::StreamStream
              ? "Invalid join condition: an outer join of streams takes equalities only."
              : "Invalid join condition: an outer join with a table takes one equality only.",
          condition_.others[0]->span);
    }
    leftKey_ = addKey(planned_.root, planned_.scope, 0, *condition_.key.sides[0], isColumn_[0]);
    bool isColumn = false;
    for (const JoinEquality& equality : condition_.equalities) {
      equalColumns_[0].push_back(
          addKey(planned_.root, planned_.scope, 0, *equality.sides[0], isColumn));
    }
    firstRight_ = planned_.scope.width();
    rightRoot_ = addSource(join_.source, item_, firstRight_, planned_.scope);
    rightKey_ =
        addKey(rightRoot_, planned_.scope, firstRight_, *condition_.key.sides[1], isColumn_[1]);
    checkTypes(condition_.key, leftKey_, rightKey_);
    for (const JoinEquality& equality : condition_.equalities) {
      equalColumns_[1].push_back(
          addKey(rightRoot_, planned_.scope, firstRight_, *equality.sides[1], isColumn));
      checkTypes(equality, equalColumns_[0][equalColumns_[1].size() - 1], equalColumns_[1].back());
    }
  }

  void checkTypes(const JoinEquality& equality, size_t left, size_t right) const {
    const operators::SqlType& leftType = planned_.root->types[left];
    const operators::SqlType& rightType = rightRoot_->types[right];
    if (!(leftType == rightType)) {
      throw StatementError(fmt::format("Invalid join condition: types don't match. Got {}({}) = "
                                       "{}({}).",
                                       equality.texts[0], leftType.toString(), equality.texts[1],
                                       rightType.toString()),
                           equality.whole->span);
    }
  }

  /// The conditions of an inner join that are no matter of where rows lie.
  void addOtherConditions() {
    const ExpressionBinder binder(planned_.scope, context_.catalog, context_.functions, "JOIN ON");
    for (const parser::Expression* const condition : condition_.others) {
      const ExpressionPtr bound = binder.bind(*condition);
      if (!bound->type().is(operators::TypeKind::Boolean)) {
        throw StatementError(fmt::format("Type error in JOIN ON expression: Should evaluate to "
                                         "boolean but is {} ({}) instead.",
                                         bound->toString(), bound->type().toString()),
                             condition->span);
      }
      planned_.root = addFilter(planned_.root, bound);
    }
  }

  /// The position in `root` of the side's key; an expression becomes a column behind the others.
  size_t addKey(PlanNodePtr& root, Scope& scope, size_t first, const parser::Expression& expression,
                bool& isColumn) const {
    const ExpressionPtr bound =
        ExpressionBinder(scope, context_.catalog, context_.functions, "JOIN ON").bind(expression);
    if (const auto* const column = columnOf(bound)) {
      isColumn = true;
      return column->index - first;
    }
    isColumn = false;
    std::vector<size_t> places(scope.width());
    for (size_t i = first; i < places.size(); ++i) {
      places[i] = i - first;
    }
    const ExpressionPtr local = operators::remapColumns(bound, places);
    PlanNode node{ExtendPlan{{local}}, {root}, root->types, root->isTable};
    node.types.push_back(local->type());
    root = std::make_shared<const PlanNode>(std::move(node));
    scope.setWidth(first + root->types.size());
    return root->types.size() - 1;
  }

  bool isLeftKeyed() const {
    const std::vector<size_t>& columns = planned_.keying.columns;
    const bool isOneKey = planned_.isJoin || columns.size() == 1;
    return isOneKey && std::find(columns.begin(), columns.end(), leftKey_) != columns.end();
  }

  bool isRightKeyed() const { return right_->schema.numKeys() == 1 && rightKey_ == 0; }

  void checkKeys() const {
    if (shape_ == Shape::StreamStream) {
      return;
    }
    const std::string got = condition_.key.toString();
    if (!isRightKeyed()) {
      throw StatementError(
          shape_ == Shape::StreamTable
              ? fmt::format("Invalid join condition: stream-table joins require to join on the "
                            "table's primary key. Got {}.",
                            got)
              : fmt::format("Invalid join condition: table-table joins require to join on the "
                            "primary key of the right input table. Got {}.",
                            got),
          join_.condition->span);
    }
  }

  void checkForeignKey() const {
    if (kind_ == operators::JoinKind::Right || kind_ == operators::JoinKind::Full) {
      throw StatementError(
          fmt::format("Invalid join type: {} join not supported for foreign-key table-table join. "
                      "Got {} {} {}.",
                      kind_ == operators::JoinKind::Full ? "full-outer" : "right-outer", leftText_,
                      written(), right_->name),
          join_.span);
    }
    if (planned_.isJoin) {
      throw StatementError(
          fmt::format("Invalid join condition: foreign-key table-table joins are not supported as "
                      "part of n-way joins. Got {}.",
                      condition_.key.toString()),
          join_.condition->span);
    }
    if (planned_.window || right_->window) {
      throw StatementError("Foreign-key table-table joins are not supported on windowed tables.",
                           join_.span);
    }
  }

  /// The left rows ask under their foreign keys, and the answers come back to where they lie.
  void addForeignKeyStep() {
    const DataSource& left = *planned_.sources[0];
    ForeignKeyJoinPlan step{kind_, {leftKey_, rightKey_}, planned_.keyPositions, {}, {}};
    step.there.keyPositions = {leftKey_};
    step.there.keyColumns = {right_->schema[rightKey_]};
    step.there.keyFormat = right_->keyFormat;
    step.there.keyOptions = right_->keyOptions;
    step.there.operation = prefix_ + "FK-JOIN-SUBSCRIPTION-REGISTRATION-topic";
    step.there.partitionsOf = right_->topic;
    step.there.spreadNullsBy = planned_.keyPositions;
    step.back.keyPositions = planned_.keyPositions;
    for (const size_t key : planned_.keyPositions) {
      step.back.keyColumns.push_back(left.schema[key]);
    }
    step.back.keyFormat = left.keyFormat;
    step.back.keyOptions = left.keyOptions;
    step.back.operation = prefix_ + "FK-JOIN-SUBSCRIPTION-RESPONSE-topic";
    step.back.partitionsOf = left.topic;
    addNode(std::move(step));
    if (planned_.keyPositions.size() > 1) {
      // No column by itself is the key of the result.
      planned_.keying.columns.clear();
    }
  }

  /// Sends rows where their partners are, through topics with a common format of keys.
  void bringTogether() {
    Keying& left = planned_.keying;
    const bool fits =
        isSameKeyFormat(left.format, left.options, right_->keyFormat, right_->keyOptions);
    const bool leftKeyed = wasKeyed_;
    const bool rightKeyed = isRightKeyed();
    if (leftKeyed && rightKeyed && fits) {
      checkPartitions();
      return;
    }
    if (planned_.window) {
      throw StatementError(kMovedWindows, join_.condition->span);
    }
    if (!leftKeyed) {
      Keying keying{{}, right_->keyFormat, right_->keyOptions, right_->topic};
      if (!rightKeyed) {
        // Where rows meet needs no outside format: JSON takes every type of key.
        keying.format = operators::findFormat("JSON");
        keying.options = {};
        keying.options.isKey = true;
        keying.partitionsOf = left.partitionsOf;
      }
      left = keying;
      planned_.root = repartition(planned_.root, leftKey_, false);
    }
    // Where only the formats of their keys differ the left rows stay.
    if (!rightKeyed || (leftKeyed && !fits)) {
      rightRoot_ = repartition(rightRoot_, rightKey_, true);
    }
  }

  /// Rows of equal keys meet only when both sides spread them over equally many partitions.
  void checkPartitions() const {
    const auto countOf = [&](const std::string& topic) {
      return context_.numPartitions ? context_.numPartitions(topic) : std::nullopt;
    };
    const std::optional<int32_t> left = countOf(planned_.keying.partitionsOf);
    const std::optional<int32_t> right = countOf(right_->topic);
    if (left && right && *left != *right) {
      const std::string& name = planned_.sources[0]->name;
      throw StatementError(
          fmt::format(
              "Can't join `{}` with `{}` since the number of partitions don't match. `{}` "
              "partitions = {}; `{}` partitions = {}. Please repartition either one so that "
              "the number of partitions match.",
              name, right_->name, name, *left, right_->name, *right),
          join_.span);
    }
  }

  PlanNodePtr repartition(const PlanNodePtr& input, size_t key, bool isRight) const {
    RepartitionPlan step;
    step.keyPositions = {key};
    std::string name = condition_.key.texts[isRight ? 1 : 0];
    std::replace(name.begin(), name.end(), '.', '_');
    step.keyColumns = {{name, input->types[key], true}};
    step.keyFormat = planned_.keying.format;
    step.keyOptions = planned_.keying.options;
    // A table that moves is materialized there, which its topic's name tells.
    step.operation =
        input->isTable ? fmt::format("{}{}SourceKeyed-SelectKey-repartition", prefix_,
                                     isRight ? "Right" : "Left")
                       : fmt::format("{}Join-{}-repartition", prefix_, isRight ? "right" : "left");
    step.partitionsOf = planned_.keying.partitionsOf;
    checkKeyType(step.keyColumns[0], join_.condition->span);
    try {
      step.keyFormat->check(step.keyColumns, step.keyOptions);
    } catch (const operators::FormatError& error) {
      throw StatementError(error.what(), join_.condition->span);
    }
    return std::make_shared<const PlanNode>(
        PlanNode{std::move(step), {input}, input->types, input->isTable});
  }

  void addStep() {
    switch (shape_) {
      case Shape::StreamTable:
        addNode(StreamTableJoinPlan{kind_, leftKey_, rightKey_});
        break;
      case Shape::TableTable:
        addNode(TableJoinPlan{kind_, {leftKey_, rightKey_}});
        break;
      case Shape::StreamStream: {
        StreamJoinPlan step{kind_, {}, {leftKey_, rightKey_}};
        step.window.before = millisOf(join_.within->before);
        step.window.after = millisOf(join_.within->after);
        if (join_.within->grace) {
          step.window.grace = millisOf(*join_.within->grace);
        }
        step.equal = equalColumns_;
        if (planned_.window) {
          // Windows of a size are told apart by their starts alone, as in the bytes of their keys.
          const size_t numBounds = planned_.window->isSession() ? 2 : 1;
          const std::array<size_t, 2> right = boundsOf(*right_, 0);
          const auto add = [numBounds](const std::array<size_t, 2>& from, std::vector<size_t>& to) {
            to.insert(to.end(), from.begin(), from.begin() + static_cast<ptrdiff_t>(numBounds));
          };
          add(planned_.bounds, step.equal[0]);
          add(right, step.equal[1]);
        }
        addNode(std::move(step));
        break;
      }
    }
  }

  template <typename Step>
  void addNode(Step step) {
    PlanNode node{
        std::move(step), {planned_.root, rightRoot_}, planned_.root->types, planned_.root->isTable};
    node.types.insert(node.types.end(), rightRoot_->types.begin(), rightRoot_->types.end());
    planned_.root = std::make_shared<const PlanNode>(std::move(node));
  }

  /// Which columns may stand for the key of the result, and where its value is.
  void setKey() {
    const size_t right = firstRight_ + rightKey_;
    if (kind_ == operators::JoinKind::Full) {
      makeUpKey(coalesce(leftKey_, right));
    } else if (!isColumn_[0] && !isColumn_[1]) {
      const size_t key = kind_ == operators::JoinKind::Right ? right : leftKey_;
      planned_.scope.addJoinKey(planned_.root->types[key], key);
      planned_.keyPositions = {key};
      planned_.keying.columns = {key};
      planned_.joinKey = key;
    } else {
      // Joined again by the same key, all columns that stood for it still do.
      if (!wasKeyed_ || !planned_.isJoin) {
        planned_.keyPositions.clear();
        planned_.keying.columns.clear();
      }
      if (isColumn_[0] && std::find(planned_.keyPositions.begin(), planned_.keyPositions.end(),
                                    leftKey_) == planned_.keyPositions.end()) {
        planned_.keyPositions.push_back(leftKey_);
      }
      if (isColumn_[1]) {
        planned_.keyPositions.push_back(right);
      }
      setExactKeys(right);
    }
  }

  /// Only columns of sides that are always there have the key in every row.
  void setExactKeys(size_t right) {
    std::vector<size_t>& exact = planned_.keying.columns;
    if (kind_ == operators::JoinKind::Right) {
      exact.clear();
    } else if (std::find(exact.begin(), exact.end(), leftKey_) == exact.end()) {
      exact.push_back(leftKey_);
    }
    if (kind_ != operators::JoinKind::Left) {
      exact.push_back(right);
    }
    planned_.joinKey = exact.front();
  }

  /// Adds a column behind the others; returns its position.
  size_t extend(const ExpressionPtr& value) {
    PlanNode node{
        ExtendPlan{{value}}, {planned_.root}, planned_.root->types, planned_.root->isTable};
    node.types.push_back(value->type());
    planned_.root = std::make_shared<const PlanNode>(std::move(node));
    planned_.scope.setWidth(planned_.root->types.size());
    return planned_.root->types.size() - 1;
  }

  void makeUpKey(const ExpressionPtr& value) {
    const size_t key = extend(value);
    planned_.scope.addJoinKey(value->type(), key);
    planned_.keyPositions = {key};
    planned_.keying.columns = {key};
    planned_.joinKey = key;
  }

  /// The window of the result, from the side that is there.
  void setBounds() {
    if (!planned_.window) {
      return;
    }
    const std::array<size_t, 2> right = boundsOf(*right_, firstRight_);
    if (kind_ == operators::JoinKind::Right) {
      planned_.bounds = right;
    }
    for (size_t i = 0; kind_ == operators::JoinKind::Full && i < right.size(); ++i) {
      planned_.bounds[i] = extend(coalesce(planned_.bounds[i], right[i]));
    }
  }

  ExpressionPtr coalesce(size_t left, size_t right) const {
    std::vector<ExpressionPtr> sides;
    for (const size_t position : {left, right}) {
      sides.push_back(operators::column(position, planned_.root->types[position],
                                        condition_.key.texts[position == left ? 0 : 1]));
    }
    return operators::call("COALESCE", std::move(sides), context_.functions);
  }

  const parser::Join& join_;
  const FromItem& item_;
  std::shared_ptr<const DataSource> right_;
  const PlanningContext& context_;
  PlannedSources& planned_;
  operators::JoinKind kind_;
  std::string leftText_;
  std::string prefix_;
  Shape shape_ = Shape::StreamStream;
  PlanNodePtr rightRoot_;
  size_t firstRight_ = 0;  // where the right source's columns begin
  size_t leftKey_ = 0;     // positions, each in its own side
  size_t rightKey_ = 0;
  std::array<bool, 2> isColumn_ = {};
  JoinCondition condition_;
  std::array<std::vector<size_t>, 2> equalColumns_;  // of the further equalities, as the keys
  bool wasKeyed_ = false;                            // by what it is joined by
};

void checkSources(const parser::From& from, const std::vector<FromItem>& joined,
                  const PlannedSources& planned) {
  std::vector<std::string> names = {planned.sources[0]->name};
  for (size_t i = 0; i < joined.size(); ++i) {
    const std::string& name = joined[i].source->name;
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      throw StatementError(
          joined.size() == 1
              ? fmt::format("Can not join '{}' to '{}': self joins are not yet supported.", name,
                            name)
              : fmt::format("N-way joins do not support multiple occurrences of the same source. "
                            "Source: '{}'",
                            name),
          from.joins[i].span);
    }
    names.push_back(name);
  }
  std::string kafka;
  for (const auto& source : planned.read) {
    if (source->valueFormat->name() == "KAFKA") {
      kafka += (kafka.empty() ? "" : ", ") + source->name;
    }
  }
  if (!kafka.empty()) {
    throw StatementError(fmt::format("Source(s) {} are using the 'KAFKA' value format. This format "
                                     "does not yet support JOIN.",
                                     kafka),
                         from.span);
  }
}

}  // namespace

void addJoins(const parser::From& from, const std::vector<FromItem>& joined,
              const PlanningContext& context, PlannedSources& planned) {
  if (joined.empty()) {
    return;
  }
  checkSources(from, joined, planned);
  for (size_t i = 0; i < joined.size(); ++i) {
    JoinPlanner(from.joins[i], joined[i], joined.size() - 1 - i, context, planned).plan();
  }
}

}  // namespace auspex::queries
