// SPDX-License-Identifier: Apache-2.0
#include "queries/planning/TopologyBuilder.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "operators/AggregateOperator.h"
#include "operators/DistinctOperator.h"
#include "operators/ExpireOperator.h"
#include "operators/ExtendOperator.h"
#include "operators/FilterOperator.h"
#include "operators/FlatMapOperator.h"
#include "operators/ForeignKeyJoin.h"
#include "operators/KeepOperator.h"
#include "operators/PredictOperator.h"
#include "operators/ProjectOperator.h"
#include "operators/RelayOperators.h"
#include "operators/RepartitionOperators.h"
#include "operators/SinkOperator.h"
#include "operators/SourceOperator.h"
#include "operators/TableOperators.h"
#include "operators/UnionOperator.h"
#include "operators/data/Assert.h"
#include "operators/models/Predictors.h"
#include "queries/planning/RequiredColumns.h"
#include "queries/planning/TopologyParts.h"

namespace auspex::queries {
namespace {

using operators::SubTopology;

class Builder {
 public:
  Builder(const TopologyOptions& options, operators::Topology& topology)
      : options_(options), topology_(topology) {}

  /// Builds the sub-topology that ends in `terminal`, if it is given one; those it reads from come
  /// before it. numReadKeys: set where pull queries read the result, a table with so many keys,
  /// from its state.
  void buildPart(const PlanNode& root, const Required& required, std::optional<size_t> numReadKeys,
                 std::shared_ptr<const operators::OperatorDescription> terminal,
                 std::optional<operators::SinkTopic> sink) {
    SubTopology part;
    isRead_ = numReadKeys.has_value();
    size_t input = build(root, required, false, part);
    if (std::exchange(keepsResult_, false)) {
      input = addKeep(input, *numReadKeys, root, part);
    }
    if (terminal) {
      part.nodes.push_back({{input}, std::move(terminal)});
    }
    if (sink) {
      part.sinks.push_back(std::move(*sink));
    }
    topology_.parts.push_back(std::move(part));
  }

 private:
  static size_t add(SubTopology& part, std::vector<size_t> inputs,
                    std::shared_ptr<const operators::OperatorDescription> description) {
    part.nodes.push_back({std::move(inputs), std::move(description)});
    return part.nodes.size() - 1;
  }

  /// Adds the node and what it reads; returns its index. needsOld: somebody above needs the old
  /// side of changes.
  size_t build(const PlanNode& node, const Required& required, bool needsOld, SubTopology& part) {
    return std::visit(
        [&](const auto& step) { return addStep(step, node, required, needsOld, part); }, node.step);
  }

  /// All columns of a query in FROM are made, since they stand in one projection.
  size_t addStep(const SubqueryPlan&, const PlanNode& node, const Required&, bool needsOld,
                 SubTopology& part) {
    std::vector<size_t> inputs;
    for (const PlanNodePtr& input : node.inputs) {
      inputs.push_back(build(*input, Required(input->types.size(), true), needsOld, part));
    }
    return inputs.size() == 1 ? inputs[0]
                              : add(part, inputs, std::make_shared<operators::UnionDescription>());
  }

  static size_t addStep(const RequestsPlan& step, const PlanNode&, const Required&, bool,
                        SubTopology& part) {
    auto description = std::make_shared<operators::RequestSourceDescription>();
    description->source = static_cast<uint32_t>(part.sources.size());
    description->topic = step.topic;
    description->serving = step.serving;
    description->features = step.features;
    part.sources.push_back({step.topic, false});
    return add(part, {}, description);
  }

  size_t addStep(const SourcePlan& step, const PlanNode& node, const Required& required,
                 bool needsOld, SubTopology& part) {
    const DataSource& source = *step.source;
    if (const std::optional<size_t> known = findStream(source, required, part)) {
      return *known;
    }
    const auto description = describeSource(source, required, part.sources.size());
    part.sources.push_back({source.topic, false});
    const bool isRead = std::exchange(isRead_, false);
    if (!(needsOld || isRead || source.ttl > 0) || !node.isTable) {
      return add(part, {}, description);
    }
    auto materialize = std::make_shared<operators::MaterializeDescription>();
    Required kept = description->used;
    const std::vector<size_t> keys = keysOf(source);
    for (const size_t key : keys) {
      kept[key] = true;
    }
    if (isRead) {
      // All columns, so that CREATE OR REPLACE can select others and go on with this state.
      materialize->timeColumn = source.schema.size();
      std::fill_n(kept.begin(), source.schema.size() + 1, true);
    }
    description->used = kept;
    const size_t input = add(part, {}, description);
    if (source.ttl > 0) {
      return addExpire(input, keys, source.ttl, node, kept, part);
    }
    materialize->emitOld = needsOld;
    materialize->keyColumns = keys;
    materialize->keptColumns = positionsOf(kept);
    materialize->types = node.types;
    materialize->store = addStore(part, "Materialize", keys, materialize->keptColumns, node.types);
    return add(part, {input}, materialize);
  }

  size_t addStep(const FilterPlan& step, const PlanNode& node, const Required& required,
                 bool needsOld, SubTopology& part) {
    Required below = required;
    require(step.condition, below);
    const size_t input = build(*node.inputs[0], below, needsOld || node.isTable, part);
    auto description = std::make_shared<operators::FilterDescription>();
    description->condition = step.condition;
    description->isTable = node.isTable;
    return add(part, {input}, description);
  }

  size_t addStep(const FlatMapPlan& step, const PlanNode& node, const Required& required, bool,
                 SubTopology& part) {
    const size_t numColumns = node.inputs[0]->types.size();
    Required below(required.begin(), required.begin() + static_cast<ptrdiff_t>(numColumns));
    for (const operators::BoundTableFunction& function : step.functions) {
      for (const operators::ExpressionPtr& argument : function.arguments) {
        require(argument, below);
      }
    }
    const size_t input = build(*node.inputs[0], below, false, part);
    auto description = std::make_shared<operators::FlatMapDescription>();
    description->functions = step.functions;
    description->numColumns = numColumns;
    return add(part, {input}, description);
  }

  size_t addStep(const PredictPlan& step, const PlanNode& node, const Required& required,
                 bool needsOld, SubTopology& part) {
    const size_t first = node.types.size() - operators::kNumPredictSlots;
    Required below(required.begin(), required.begin() + static_cast<ptrdiff_t>(first));
    for (const operators::ExpressionPtr& argument : step.arguments) {
      require(argument, below);
    }
    if (step.splitKey) {
      require(step.splitKey, below);
    }
    const auto description = describePredict(step, node.isTable);
    for (size_t slot = 0; slot < operators::kNumPredictSlots; ++slot) {
      description->wanted[slot] = required[first + slot];
    }
    // A version that stays the same gives what it gave before; another one would not, nor would a
    // server.
    const bool isLate = operators::isAnsweredLater(step.deployment);
    const bool keepsScores =
        node.isTable && needsOld &&
        (isLate || !operators::parseModelReference(step.model.reference).isPinned());
    if (keepsScores) {
      collectKeys(*node.inputs[0], 0, description->keyColumns);
      for (const size_t key : description->keyColumns) {
        below[key] = true;
      }
    }
    if (isLate && std::exchange(isRead_, false)) {
      keepsResult_ = true;  // else a server would be asked for what was given out already
    }
    size_t input = build(*node.inputs[0], below, needsOld, part);
    if (isLate) {
      input = relay(below, node.inputs[0]->types, input, part);
    }
    description->shadowTopic =
        isBareName(step.model.reference) ? options_.shadowTopic : std::string();
    if (keepsScores) {
      description->keyTypes = operators::keptTypes(description->keyColumns, node.types);
      std::vector<operators::SqlType> types = description->keyTypes;
      const std::vector<operators::SqlType> kept = description->keptTypes();
      types.insert(types.end(), kept.begin(), kept.end());
      description->store = addStore(part, "Predict", types);
    }
    const bool isNew = addModel(step.model, part);
    if (!step.policies.fallback.empty()) {
      addModel(step.fallback, part);
    }
    if (isNew && !description->shadowTopic.empty()) {
      part.sinks.push_back({options_.shadowTopic, false, 0});
    }
    return add(part, {input}, description);
  }

  /// Ends the part behind a node and goes on in a new one, when the part acts on draws: what
  /// answers later can only follow on rows of the log then. Returns the node there.
  size_t relay(const Required& kept, const std::vector<operators::SqlType>& types, size_t node,
               SubTopology& part) {
    if (options_.singleTask || !actsOnDraws(part)) {
      return node;
    }
    auto sink = std::make_shared<operators::RelaySinkDescription>();
    sink->topic = fmt::format("_confluent-ksql-{}query_{}-Relay-{}", options_.serviceId,
                              options_.queryId, topology_.parts.size());
    sink->kept = positionsOf(kept);
    sink->keptTypes = operators::keptTypes(sink->kept, types);
    auto source = std::make_shared<operators::RelaySourceDescription>();
    source->topic = sink->topic;
    source->numColumns = types.size();
    source->kept = sink->kept;
    source->keptTypes = sink->keptTypes;
    part.sinks.push_back({sink->topic, true, numPartitionsOf(part)});
    add(part, {node}, sink);
    topology_.parts.push_back(std::exchange(part, {}));
    part.sources.push_back({source->topic, true});
    return add(part, {}, source);
  }

  int32_t numPartitionsOf(const SubTopology& part) const {
    const operators::SourceTopic& source = part.sources.front();
    for (const SubTopology& writer : topology_.parts) {
      for (const operators::SinkTopic& sink : writer.sinks) {
        if (source.internal && sink.topic == source.topic) {
          return sink.numPartitions;
        }
      }
    }
    return options_.numPartitions(source.topic);
  }

  size_t addStep(const ProjectPlan& step, const PlanNode& node, const Required&, bool needsOld,
                 SubTopology& part) {
    Required below(node.inputs[0]->types.size(), false);
    for (const operators::ExpressionPtr& expression : step.expressions) {
      require(expression, below);
    }
    const size_t input = build(*node.inputs[0], below, needsOld, part);
    auto description = std::make_shared<operators::ProjectDescription>();
    description->expressions = step.expressions;
    description->names = step.names;
    description->nullWithoutValue = step.nullWithoutValue;
    return add(part, {input}, description);
  }

  size_t addStep(const RepartitionPlan& step, const PlanNode& node, const Required& required,
                 bool needsOld, SubTopology& part) {
    if (options_.singleTask) {
      return build(*node.inputs[0], required, needsOld, part);
    }
    isRead_ = false;
    Required kept = required;
    for (const size_t key : step.keyPositions) {
      kept[key] = true;
    }
    SubTopology below;
    const size_t input = build(*node.inputs[0], kept, node.isTable, below);
    return cross(step, kept, node.types, node.isTable, std::move(below), input, part);
  }

  /// Ends the part `from` with a topic that takes the kept columns of its node's rows, and goes on
  /// in the part `to`; returns the node there.
  size_t cross(const RepartitionPlan& step, const Required& kept,
               const std::vector<operators::SqlType>& types, bool isTable, SubTopology from,
               size_t node, SubTopology& to) {
    auto sink = std::make_shared<operators::RepartitionSinkDescription>();
    sink->topic =
        uniqueTopic(topology_, fmt::format("_confluent-ksql-{}query_{}-{}", options_.serviceId,
                                           options_.queryId, step.operation));
    sink->keyPositions = step.keyPositions;
    sink->keyColumns = step.keyColumns;
    sink->keyFormat = step.keyFormat;
    sink->keyOptions = step.keyOptions;
    sink->kept = positionsOf(kept);
    sink->keptTypes = operators::keptTypes(sink->kept, types);
    sink->isTable = isTable;
    sink->spreadNullsBy = step.spreadNullsBy;
    auto source = std::make_shared<operators::RepartitionSourceDescription>();
    source->source = static_cast<uint32_t>(to.sources.size());
    source->topic = sink->topic;
    source->numColumns = types.size();
    source->kept = sink->kept;
    source->keptTypes = sink->keptTypes;
    source->isTable = isTable;
    to.sources.push_back({sink->topic, true});
    from.sinks.push_back({sink->topic, true, options_.numPartitions(step.partitionsOf)});
    add(from, {node}, sink);
    topology_.parts.push_back(std::move(from));
    return add(to, {}, source);
  }

  size_t addStep(const AggregatePlan& step, const PlanNode& node, const Required&, bool needsOld,
                 SubTopology& part) {
    isRead_ = false;
    // The input is made for the aggregate: groups and arguments, all used.
    const Required below(node.inputs[0]->types.size(), true);
    // Rows of a table leave their groups again.
    const size_t input = build(*node.inputs[0], below, node.inputs[0]->isTable, part);
    const std::vector<operators::SqlType> keyTypes = operators::typesOf(step.groupColumns);
    std::vector<operators::SqlType> types = keyTypes;
    const std::vector<operators::SqlType> stored = operators::storedTypesOf(step.calls);
    types.insert(types.end(), stored.begin(), stored.end());
    std::string store = addStore(part, "Aggregate", types);
    if (step.window) {
      auto windowed = std::make_shared<operators::WindowAggregateDescription>();
      windowed->groupColumns = step.groupColumns;
      windowed->calls = step.calls;
      windowed->window = *step.window;
      windowed->emitOld = needsOld;
      windowed->store = std::move(store);
      return add(part, {input}, windowed);
    }
    auto description = std::make_shared<operators::AggregateDescription>();
    description->groupColumns = step.groupColumns;
    description->calls = step.calls;
    description->emitOld = needsOld;
    description->store = std::move(store);
    if (step.ttl > 0) {
      description->ttl = step.ttl;
      description->timeStore = addStore(part, "AggregateTimes", keyTypes);
    }
    return add(part, {input}, description);
  }

  size_t addStep(const DistinctPlan& step, const PlanNode& node, const Required&, bool,
                 SubTopology& part) {
    using operators::DistinctKind;
    const bool isRead = isRead_ && step.kind == DistinctKind::Changes;
    isRead_ = isRead;
    const Required all(node.types.size(), true);
    const size_t input = build(*node.inputs[0], all, node.isTable, part);
    auto description = std::make_shared<operators::DistinctDescription>();
    description->kind = step.kind;
    description->window = step.window;
    description->types = node.types;
    if (step.kind != DistinctKind::Changes) {
      std::vector<operators::SqlType> types = node.types;
      if (step.kind == DistinctKind::Values) {
        const auto stored = operators::DistinctDescription::storedTypes();
        types.insert(types.end(), stored.begin(), stored.end());
      }
      description->store = addStore(part, "Distinct", types);
    }
    return add(part, {input}, description);
  }

  size_t addStep(const ExpirePlan& step, const PlanNode& node, const Required&, bool,
                 SubTopology& part) {
    isRead_ = false;
    const Required all(node.types.size(), true);
    const size_t input = build(*node.inputs[0], all, false, part);
    return addExpire(input, step.keyPositions, step.ttl, node, all, part);
  }

  /// Keeps these columns of a table's rows, the keys among them, until they are over.
  static size_t addExpire(size_t input, const std::vector<size_t>& keys, int64_t ttl,
                          const PlanNode& node, const Required& kept, SubTopology& part) {
    auto description = std::make_shared<operators::ExpireDescription>();
    description->ttl = ttl;
    description->table = describeTable(keys, kept, node.types);
    description->table.store = addStore(part, "Expire", description->table);
    description->timeStore = addStore(part, "ExpireTimes", operators::keptTypes(keys, node.types));
    return add(part, {input}, description);
  }

  /// Keeps the rows of the whole query, a table with its keys first.
  static size_t addKeep(size_t input, size_t numKeys, const PlanNode& root, SubTopology& part) {
    std::vector<size_t> keys(numKeys);
    std::iota(keys.begin(), keys.end(), size_t{0});
    auto description = std::make_shared<operators::KeepDescription>();
    description->table = describeTable(keys, Required(root.types.size(), true), root.types);
    description->table.store = addStore(part, "Keep", description->table);
    return add(part, {input}, description);
  }

  size_t addStep(const StreamTableJoinPlan& step, const PlanNode& node, const Required& required,
                 bool, SubTopology& part) {
    isRead_ = false;
    const size_t firstTable = node.inputs[0]->types.size();
    const auto middle = required.begin() + static_cast<ptrdiff_t>(firstTable);
    Required left(required.begin(), middle);
    Required right(middle, required.end());
    left[step.streamKey] = true;
    right[step.tableKey] = true;
    const size_t stream = build(*node.inputs[0], left, false, part);
    const size_t table = build(*node.inputs[1], right, false, part);
    auto description = std::make_shared<operators::StreamTableJoinDescription>();
    description->kind = step.kind;
    description->streamKey = step.streamKey;
    description->tableKey = step.tableKey;
    description->streamTypes = node.inputs[0]->types;
    description->tableTypes = node.inputs[1]->types;
    description->keptColumns = positionsOf(right);
    description->store =
        addStore(part, "Join", {step.tableKey}, description->keptColumns, description->tableTypes);
    return add(part, {stream, table}, description);
  }

  size_t addStep(const ExtendPlan& step, const PlanNode& node, const Required& required,
                 bool needsOld, SubTopology& part) {
    const size_t numColumns = node.inputs[0]->types.size();
    Required below(required.begin(), required.begin() + static_cast<ptrdiff_t>(numColumns));
    for (const operators::ExpressionPtr& expression : step.expressions) {
      require(expression, below);
    }
    const size_t input = build(*node.inputs[0], below, needsOld, part);
    auto description = std::make_shared<operators::ExtendDescription>();
    description->expressions = step.expressions;
    description->numColumns = numColumns;
    return add(part, {input}, description);
  }

  size_t addStep(const TableJoinPlan& step, const PlanNode& node, const Required& required, bool,
                 SubTopology& part) {
    isRead_ = false;
    auto description = std::make_shared<operators::TableJoinDescription>();
    description->kind = step.kind;
    const std::vector<size_t> inputs =
        addSides(node, step.keys, required, part, "Join", description->sides);
    return add(part, inputs, description);
  }

  size_t addStep(const StreamJoinPlan& step, const PlanNode& node, const Required& required, bool,
                 SubTopology& part) {
    isRead_ = false;
    auto description = std::make_shared<operators::StreamJoinDescription>();
    description->kind = step.kind;
    description->window = step.window;
    const std::vector<size_t> inputs =
        addSides(node, step.keys, required, part, "StreamJoin", description->sides, step.equal);
    if (operators::StreamJoinDescription::hasPending(step.kind, step.window)) {
      std::vector<operators::SqlType> types;
      for (const operators::JoinSide& side : description->sides) {
        const auto kept = operators::keptTypes(side.keptColumns, side.types);
        types.insert(types.end(), kept.begin(), kept.end());
      }
      description->pending = addStore(part, "StreamJoinPending", types);
    }
    return add(part, inputs, description);
  }

  size_t addStep(const ForeignKeyJoinPlan& step, const PlanNode& node, const Required& required,
                 bool needsOld, SubTopology& part) {
    const bool inOne = options_.singleTask;
    const bool isRead = std::exchange(isRead_, false);
    SubTopology asking;
    SubTopology answering;
    SubTopology& leftPart = inOne ? part : asking;
    SubTopology& rightPart = inOne ? part : answering;
    Required used = required;
    for (const size_t key : step.leftKeys) {
      used[key] = true;
    }
    operators::ForeignKeyJoin join{
        step.kind,
        {describeSide(node, 0, step.keys[0], used), describeSide(node, 1, step.keys[1], used)},
        step.leftKeys};
    auto subscribe = std::make_shared<operators::ForeignKeySubscribeDescription>();
    subscribe->join = join;
    const size_t left = build(*node.inputs[0], requiredOf(join.sides[0]), false, leftPart);
    subscribe->store = addStore(leftPart, "ForeignKeySubscribe", step.leftKeys, {step.keys[0]},
                                join.sides[0].types);
    size_t messages = add(leftPart, {left}, subscribe);
    if (!inOne) {
      messages = crossWithMessages(step.there, {&join.sides[0], 1}, std::move(asking), messages,
                                   answering);
    }
    const size_t right = build(*node.inputs[1], requiredOf(join.sides[1]), false, rightPart);
    auto lookup = std::make_shared<operators::ForeignKeyLookupDescription>();
    lookup->join = join;
    for (operators::JoinSide& side : lookup->join.sides) {
      side.store = addStore(rightPart, "ForeignKeyLookup", side);
    }
    size_t answers = add(rightPart, {messages, right}, lookup);
    if (!inOne) {
      answers = crossWithMessages(step.back, join.sides, std::move(answering), answers, part);
    }
    auto result = std::make_shared<operators::ForeignKeyResultDescription>();
    result->join = std::move(join);
    result->emitOld = needsOld;
    result->keepsRows = isRead;
    result->store = addStore(part, "ForeignKeyResult", result->storedTypes());
    return add(part, {answers}, result);
  }

  /// Messages of a foreign key join have the kept columns of these sides, and columns of their own.
  size_t crossWithMessages(const RepartitionPlan& step, std::span<const operators::JoinSide> sides,
                           SubTopology from, size_t node, SubTopology& to) {
    Required kept;
    std::vector<operators::SqlType> types;
    for (const operators::JoinSide& side : sides) {
      const size_t first = types.size();
      types.insert(types.end(), side.types.begin(), side.types.end());
      kept.resize(types.size());
      for (const size_t column : side.keptColumns) {
        kept[first + column] = true;
      }
    }
    for (const operators::SqlType& type : operators::foreignKeyNewsTypes()) {
      types.push_back(type);
      kept.push_back(true);
    }
    return cross(step, kept, types, false, std::move(from), node, to);
  }

  /// Builds both inputs of a join, and a store for each.
  std::vector<size_t> addSides(const PlanNode& node, const std::array<size_t, 2>& keys,
                               const Required& required, SubTopology& part,
                               const std::string& operation,
                               std::array<operators::JoinSide, 2>& sides,
                               const std::array<std::vector<size_t>, 2>& equal = {}) {
    std::vector<size_t> inputs;
    for (size_t i = 0; i < sides.size(); ++i) {
      sides[i] = describeSide(node, i, keys[i], required, equal[i]);
      inputs.push_back(build(*node.inputs[i], requiredOf(sides[i]), false, part));
      sides[i].store = addStore(part, operation, sides[i]);
    }
    return inputs;
  }

  const TopologyOptions& options_;
  operators::Topology& topology_;
  /// The node that is built next gives out the table that pull queries read, so it, or what it
  /// makes that table of row by row, has to keep it.
  bool isRead_ = false;
  /// It cannot be made again of what is kept: the result is kept itself.
  bool keepsResult_ = false;
};

}  // namespace

operators::Topology buildTopology(const QueryPlan& plan, const SinkTarget& sink,
                                  const TopologyOptions& options) {
  operators::Topology topology;
  topology.queryId = options.queryId;
  topology.deadLetterTopic = options.deadLetterTopic;
  Builder builder(options, topology);
  const Required all(plan.root->types.size(), true);
  if (sink.result) {
    const operators::SinkTopic topic{sink.topic, false, 0};
    builder.buildPart(*plan.root, all, std::nullopt, sink.result,
                      sink.topic.empty() ? std::nullopt : std::optional(topic));
    return topology;
  }
  auto description = std::make_shared<operators::SinkDescription>();
  description->topic = sink.topic;
  description->schema = sink.schema;
  description->keyFormat = sink.keyFormat;
  description->valueFormat = sink.valueFormat;
  description->keyOptions = sink.keyOptions;
  description->valueOptions = sink.valueOptions;
  description->timestamp = sink.timestamp;
  description->window = sink.window;
  builder.buildPart(*plan.root, all,
                    plan.isTable ? std::optional(plan.schema.numKeys()) : std::nullopt, description,
                    operators::SinkTopic{sink.topic, false, 0, plan.isTable});
  return topology;
}

operators::Topology buildSourceTable(const std::shared_ptr<const DataSource>& table,
                                     const TopologyOptions& options) {
  operators::Topology topology;
  topology.queryId = options.queryId;
  topology.deadLetterTopic = options.deadLetterTopic;
  PlanNode node{SourcePlan{table}, {}, typesOf(table->schema.columns()), true};
  Required required(node.types.size(), true);
  const operators::SqlType bigint = operators::SqlType::bigint();
  node.types.insert(node.types.end(), {bigint, operators::SqlType::integer(), bigint});
  required.resize(node.types.size(), false);
  Builder(options, topology)
      .buildPart(node, required, table->schema.numKeys(), nullptr, std::nullopt);
  return topology;
}

}  // namespace auspex::queries
