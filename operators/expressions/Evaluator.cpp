// SPDX-License-Identifier: Apache-2.0
#include "operators/expressions/Evaluator.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>

#include "operators/expressions/ArithmeticKernels.h"
#include "operators/expressions/BlendKernel.h"
#include "operators/expressions/CastKernels.h"
#include "operators/expressions/ComparisonKernels.h"
#include "operators/expressions/FlagSelection.h"
#include "operators/expressions/LikeKernel.h"
#include "operators/expressions/NestedKernels.h"
#include "operators/expressions/PhysicalTypes.h"

namespace auspex::operators {

/// A walk over the trees; what is shared between them is remembered for the call.
class Evaluator::Program final : public LambdaBodyEvaluator {
 public:
  explicit Program(std::vector<ExpressionPtr> expressions) : expressions_(std::move(expressions)) {
    std::vector<const BoundExpression*> seen;
    for (const ExpressionPtr& expression : expressions_) {
      prepare(*expression, &seen);
    }
    shared_.resize(numShared_);
  }

  const std::vector<ExpressionPtr>& expressions() const { return expressions_; }

  void begin(const EvaluationInput& input, Selection rows, RowErrors& errors) {
    input_ = &input;
    root_.emplace(rows);
    failures_.emplace(&errors, input.drawIndex);
    numSelectionsUsed_ = 0;
    for (Shared& shared : shared_) {
      shared.operand.column = nullptr;
    }
  }

  Operand evaluate(const BoundExpression& expression, Selection rows);
  std::span<const uint32_t> filter(const BoundExpression& expression, Selection rows);

  ColumnPtr evaluateBody(const LambdaNode& lambda, const LambdaBindings& bindings,
                         std::span<const uint32_t> rowOf, RowFailures& failures) override;

  RowFailures& failures() { return *failures_; }

 private:
  struct Shared {
    Operand operand;
    std::optional<Selection> rows;
  };
  struct Prepared {
    std::optional<size_t> sharedIndex;
    Operand constant;  // literals
  };
  enum class Truth : uint8_t { False, True, Null };

  void prepare(const BoundExpression& expression, std::vector<const BoundExpression*>* seen);
  void shareWithEarlier(const BoundExpression& expression,
                        std::vector<const BoundExpression*>& seen);
  std::vector<Operand> evaluateAll(const std::vector<ExpressionPtr>& expressions, Selection rows);
  Operand compute(const BoundExpression& expression, Selection rows);
  Operand computeNested(const BoundExpression& expression, Selection rows);
  ColumnPtr computeLogical(const LogicalNode& node, Selection rows);
  ColumnPtr computeNot(const NotNode& node, Selection rows);
  ColumnPtr computeIsNull(const IsNullNode& node, Selection rows);
  ColumnPtr computeCase(const CaseNode& node, const SqlType& type, Selection rows);
  ColumnPtr blendCase(const CaseNode& node, const SqlType& type, Selection rows);
  ColumnPtr computeCall(const BoundExpression& expression, const CallNode& node, Selection rows);
  Operand columnOperand(const ColumnNode& node) const;
  void failNulls(const Column& column, Selection rows);

  size_t numRows() const { return input_->numRows; }
  /// A list of rows that lives until the call ends; what it holds is of an earlier one.
  std::vector<uint32_t>& newSelection() {
    if (numSelectionsUsed_ == selections_.size()) {
      selections_.emplace_back();
    }
    return selections_[numSelectionsUsed_++];
  }
  /// The selected rows where `flags` is true (or, if wanted is not True, false or null).
  Selection select(const Column& flags, bool constant, Selection rows, Truth wanted);

  std::vector<ExpressionPtr> expressions_;
  std::unordered_map<const BoundExpression*, Prepared> prepared_;
  std::vector<Shared> shared_;
  size_t numShared_ = 0;

  const EvaluationInput* input_ = nullptr;
  std::optional<Selection> root_;
  std::optional<RowFailures> failures_;
  std::deque<std::vector<uint32_t>> selections_;  // addresses stay
  size_t numSelectionsUsed_ = 0;
  const LambdaBindings* bindings_ = nullptr;
};

namespace {

bool isLeaf(const BoundExpression& expression) {
  return expression.as<ColumnNode>() != nullptr || expression.isLiteral() ||
         expression.as<TimeUnitNode>() != nullptr ||
         expression.as<LambdaParameterNode>() != nullptr;
}

/// Whether computing it for rows that do not need it is harmless and cheap: no error can come out.
bool isHarmless(const BoundExpression& expression) {
  if (isLeaf(expression)) {
    return true;
  }
  if (const auto* const node = expression.as<ArithmeticNode>()) {
    if (canFail(node->operation, expression.type()) || expression.type().is(TypeKind::String)) {
      return false;
    }
  } else if (const auto* const comparison = expression.as<ComparisonNode>()) {
    if (comparison->left->type().isNested() || comparison->left->type().isDecimal()) {
      return false;
    }
  } else if (const auto* const cast = expression.as<CastNode>()) {
    const SqlType& from = cast->operand->type();
    if (!from.isNumeric() || !expression.type().isNumeric() || from.isDecimal() ||
        expression.type().isDecimal()) {
      return false;
    }
  } else if (expression.as<NegateNode>() == nullptr && expression.as<NotNode>() == nullptr &&
             expression.as<IsNullNode>() == nullptr && expression.as<LogicalNode>() == nullptr) {
    return false;
  }
  for (const ExpressionPtr& child : childrenOf(expression)) {
    if (!isHarmless(*child)) {
      return false;
    }
  }
  return true;
}

bool isHarmless(const CaseNode& node) {
  const auto harmless = [](const ExpressionPtr& part) { return isHarmless(*part); };
  return std::all_of(node.conditions.begin(), node.conditions.end(), harmless) &&
         std::all_of(node.results.begin(), node.results.end(), harmless) &&
         (node.otherwise == nullptr || isHarmless(*node.otherwise));
}

}  // namespace

// seen: nodes before this one that it may share with. Bodies of lambdas have rows of their own, so
// nothing in them is shared, and seen is null there.
void Evaluator::Program::prepare(const BoundExpression& expression,
                                 std::vector<const BoundExpression*>* seen) {
  Prepared& own = prepared_[&expression];
  if (const auto* const node = expression.as<LiteralNode>()) {
    own.constant = {makeColumn(expression.type(), {&node->value, 1}), true};
    return;
  }
  if (const auto* const node = expression.as<TimeUnitNode>()) {
    const Value name{node->unit};
    own.constant = {makeColumn(SqlType::string(), {&name, 1}), true};
    return;
  }
  if (const auto* const node = expression.as<LambdaNode>()) {
    prepare(*node->body, nullptr);
    return;
  }
  if (isLeaf(expression)) {
    return;
  }
  if (seen != nullptr) {
    shareWithEarlier(expression, *seen);
  }
  for (const ExpressionPtr& child : childrenOf(expression)) {
    prepare(*child, seen);
  }
}

void Evaluator::Program::shareWithEarlier(const BoundExpression& expression,
                                          std::vector<const BoundExpression*>& seen) {
  for (const BoundExpression* const earlier : seen) {
    if (earlier == &expression || isSame(*earlier, expression)) {
      std::optional<size_t>& index = prepared_[earlier].sharedIndex;
      if (!index.has_value()) {
        index = numShared_++;
      }
      prepared_[&expression].sharedIndex = index;
      return;
    }
  }
  seen.push_back(&expression);
}

std::vector<Operand> Evaluator::Program::evaluateAll(const std::vector<ExpressionPtr>& expressions,
                                                     Selection rows) {
  std::vector<Operand> operands;
  operands.reserve(expressions.size());
  for (const ExpressionPtr& expression : expressions) {
    operands.push_back(evaluate(*expression, rows));
  }
  return operands;
}

Operand Evaluator::Program::columnOperand(const ColumnNode& node) const {
  AUSPEX_ASSERT(node.index < input_->columns.size());
  const ColumnPtr& column = input_->columns[node.index];
  AUSPEX_ASSERT(column != nullptr);
  AUSPEX_ASSERT(column->size() == numRows());
  return {column, false};
}

Operand Evaluator::Program::evaluate(const BoundExpression& expression, Selection rows) {
  if (const auto* const node = expression.as<ColumnNode>()) {
    return columnOperand(*node);
  }
  if (const auto* const node = expression.as<LambdaParameterNode>()) {
    AUSPEX_ASSERT(bindings_ != nullptr);
    return {bindings_->columnOf(node->id), false};
  }
  const Prepared& prepared = prepared_.at(&expression);
  if (prepared.constant.column != nullptr) {
    return prepared.constant;
  }
  if (!prepared.sharedIndex.has_value()) {
    return compute(expression, rows);
  }
  Shared& shared = shared_[*prepared.sharedIndex];
  if (shared.operand.column != nullptr &&
      (shared.rows->isSameAs(*root_) || shared.rows->isSameAs(rows))) {
    return shared.operand;
  }
  const Operand operand = compute(expression, rows);
  shared_[*prepared.sharedIndex] = {operand, rows};
  return operand;
}

Operand Evaluator::Program::compute(const BoundExpression& expression, Selection rows) {
  const SqlType& type = expression.type();
  const auto unary = [&](const ExpressionPtr& child) { return evaluate(*child, rows); };
  const auto atPlace = [&]() -> RowFailures& {
    failures_->setPlace(&expression);
    return *failures_;
  };
  if (const auto* node = expression.as<ArithmeticNode>()) {
    const Operand left = unary(node->left);
    const Operand right = unary(node->right);
    ColumnPtr result =
        computeArithmetic(node->operation, type, left, right, rows, numRows(), atPlace());
    if (bindings_ != nullptr && result->hasNulls()) {
      failNulls(*result, rows);
    }
    return {std::move(result)};
  }
  if (const auto* node = expression.as<ComparisonNode>()) {
    const Operand left = unary(node->left);
    const Operand right = unary(node->right);
    return {computeComparison(node->operation, left, right, rows, numRows())};
  }
  if (const auto* node = expression.as<LogicalNode>()) {
    return {computeLogical(*node, rows)};
  }
  if (const auto* node = expression.as<CallNode>()) {
    return {computeCall(expression, *node, rows)};
  }
  if (const auto* node = expression.as<CastNode>()) {
    const Operand operand = unary(node->operand);
    return {computeCast(operand, type, rows, numRows(), atPlace())};
  }
  if (const auto* node = expression.as<CaseNode>()) {
    return {computeCase(*node, type, rows)};
  }
  if (const auto* node = expression.as<NotNode>()) {
    return {computeNot(*node, rows)};
  }
  if (const auto* node = expression.as<IsNullNode>()) {
    return {computeIsNull(*node, rows)};
  }
  if (const auto* node = expression.as<NegateNode>()) {
    return {computeNegation(unary(node->operand), rows, numRows())};
  }
  if (const auto* node = expression.as<InNode>()) {
    const Operand value = unary(node->value);
    return {computeIn(value, evaluateAll(node->candidates, rows), rows, numRows())};
  }
  if (const auto* node = expression.as<LikeNode>()) {
    const Operand value = unary(node->value);
    const Operand pattern = unary(node->pattern);
    return {computeLike(value, pattern, node->escape.value_or(""), rows, numRows(), atPlace())};
  }
  return computeNested(expression, rows);
}

/// Constructors of nested values and access to their parts.
Operand Evaluator::Program::computeNested(const BoundExpression& expression, Selection rows) {
  const SqlType& type = expression.type();
  if (const auto* node = expression.as<ArrayNode>()) {
    return {computeArray(type, evaluateAll(node->elements, rows), numRows())};
  }
  if (const auto* node = expression.as<MapNode>()) {
    const std::vector<Operand> keys = evaluateAll(node->keys, rows);
    const std::vector<Operand> values = evaluateAll(node->values, rows);
    failures_->setPlace(&expression);
    return {computeMap(type, keys, values, rows, numRows())};
  }
  if (const auto* node = expression.as<StructNode>()) {
    return {computeStruct(type, evaluateAll(node->fields, rows), numRows())};
  }
  if (const auto* node = expression.as<SubscriptNode>()) {
    const Operand base = evaluate(*node->base, rows);
    return {computeSubscript(base, evaluate(*node->index, rows), rows, numRows())};
  }
  const auto* const node = expression.as<DereferenceNode>();
  AUSPEX_ASSERT(node != nullptr);  // Lambdas are taken by the call that has them.
  return {computeDereference(evaluate(*node->base, rows), node->fieldIndex, numRows())};
}

void Evaluator::Program::failNulls(const Column& column, Selection rows) {
  rows.forEach([&](size_t row) {
    if (column.isNull(row)) {
      failures_->add(row, "NULL in the arithmetic of a lambda");
    }
  });
}

Selection Evaluator::Program::select(const Column& flags, bool constant, Selection rows,
                                     Truth wanted) {
  const std::span<const uint8_t> values = flags.values<uint8_t>();
  const std::span<const uint8_t> validity = flags.validity();
  std::vector<uint32_t>& picked = newSelection();
  size_t numPicked = 0;
  if (validity.empty() && !constant && wanted != Truth::Null && rows.isAll()) {
    numPicked = listFlaggedRows(values.data(), rows.size(), wanted == Truth::True, picked);
    return numPicked == rows.size() ? rows : Selection::of({picked.data(), numPicked});
  }
  if (picked.size() < rows.size()) {
    picked.resize(rows.size());
  }
  uint32_t* const out = picked.data();
  const uint8_t wantedValue = wanted == Truth::True ? 1 : 0;
  rows.forEach([&](size_t row) {
    const size_t source = constant ? 0 : row;
    const bool isNull = !validity.empty() && validity[source] == 0;
    const bool take = wanted == Truth::Null ? isNull : !isNull && values[source] == wantedValue;
    out[numPicked] = static_cast<uint32_t>(row);
    numPicked += take ? 1 : 0;
  });
  return numPicked == rows.size() ? rows : Selection::of({picked.data(), numPicked});
}

// The right side is computed only where the left one leaves the answer open; where the left one is
// NULL the answer is NULL, as evaluation stops there.
ColumnPtr Evaluator::Program::computeLogical(const LogicalNode& node, Selection rows) {
  const bool isAnd = node.operation == LogicalOperator::And;
  const Operand left = evaluate(*node.left, rows);
  const Truth open = isAnd ? Truth::True : Truth::False;
  const bool dense = isHarmless(*node.right);
  const Selection needed = dense ? rows : select(*left.column, left.constant, rows, open);
  std::vector<uint8_t> values(numRows());
  std::vector<uint8_t> validity = commonValidity({&left, 1}, numRows());
  const OperandView<uint8_t> leftValues(left);
  const Operand right =
      needed.empty() ? Operand{left.column, left.constant} : evaluate(*node.right, needed);
  const OperandView<uint8_t> rightValues(right);
  if (isAnd) {
    rows.forEach([&](size_t row) {
      values[row] = static_cast<uint8_t>(leftValues[row] & (needed.empty() ? 0 : rightValues[row]));
    });
  } else {
    rows.forEach([&](size_t row) {
      values[row] = static_cast<uint8_t>(leftValues[row] | (needed.empty() ? 0 : rightValues[row]));
    });
  }
  if (right.column->hasNulls() && !needed.empty()) {
    const uint8_t openValue = isAnd ? 1 : 0;
    needed.forEach([&](size_t row) {
      const bool leftNull = !validity.empty() && validity[row] == 0;
      if (!leftNull && leftValues[row] == openValue && right.isNull(row)) {
        setNull(validity, row, numRows());
      }
    });
  }
  // What short-circuiting left out must not show: AND of false, OR of true.
  if (!dense && !needed.empty() && !needed.isSameAs(rows)) {
    rows.forEach([&](size_t row) {
      if (leftValues[row] != (isAnd ? 1 : 0)) {
        values[row] = isAnd ? 0 : 1;
      }
    });
  }
  return Column::make(SqlType::boolean(), std::move(values), std::move(validity));
}

ColumnPtr Evaluator::Program::computeNot(const NotNode& node, Selection rows) {
  const Operand operand = evaluate(*node.operand, rows);
  const OperandView<uint8_t> source(operand);
  std::vector<uint8_t> values(numRows());
  for (size_t row = 0; row < values.size(); ++row) {
    values[row] = static_cast<uint8_t>(source[row] ^ 1);
  }
  return Column::make(SqlType::boolean(), std::move(values),
                      commonValidity({&operand, 1}, numRows()));
}

ColumnPtr Evaluator::Program::computeIsNull(const IsNullNode& node, Selection rows) {
  const Operand operand = evaluate(*node.operand, rows);
  std::vector<uint8_t> values(numRows(), node.negated ? 1 : 0);
  if (operand.column->hasNulls()) {
    for (size_t row = 0; row < values.size(); ++row) {
      values[row] = operand.isNull(row) != node.negated ? 1 : 0;
    }
  }
  return Column::make(SqlType::boolean(), std::move(values));
}

/// A CASE of which nothing can fail: everything is computed, and loops stay without branches.
ColumnPtr Evaluator::Program::blendCase(const CaseNode& node, const SqlType& type, Selection rows) {
  const std::vector<Operand> conditions = evaluateAll(node.conditions, rows);
  const std::vector<Operand> results = evaluateAll(node.results, rows);
  std::optional<Operand> otherwise;
  if (node.otherwise != nullptr) {
    otherwise = evaluate(*node.otherwise, rows);
  }
  return blend(type, conditions, results, otherwise ? &*otherwise : nullptr, numRows());
}

ColumnPtr Evaluator::Program::computeCase(const CaseNode& node, const SqlType& type,
                                          Selection rows) {
  if (!type.isNested() && isHarmless(node)) {
    return blendCase(node, type, rows);
  }
  std::vector<uint16_t> choice(numRows(), kNoChoice);
  std::vector<Operand> parts;
  Selection open = rows;
  const auto take = [&](const BoundExpression& result, Selection taken) {
    AUSPEX_ASSERT(parts.size() < kNoChoice);
    const auto part = static_cast<uint16_t>(parts.size());
    parts.push_back(evaluate(result, taken));
    taken.forEach([&](size_t row) { choice[row] = part; });
  };
  for (size_t i = 0; i < node.conditions.size() && !open.empty(); ++i) {
    const Operand condition = evaluate(*node.conditions[i], open);
    const Selection taken = select(*condition.column, condition.constant, open, Truth::True);
    if (taken.empty()) {
      continue;
    }
    take(*node.results[i], taken);
    // Still open: rows not taken, in order.
    std::vector<uint32_t>& rest = newSelection();
    rest.clear();
    open.forEach([&](size_t row) {
      if (choice[row] == kNoChoice) {
        rest.push_back(static_cast<uint32_t>(row));
      }
    });
    open = Selection::of(rest);
  }
  if (node.otherwise != nullptr && !open.empty()) {
    take(*node.otherwise, open);
  }
  return choose(type, parts, choice, numRows());
}

ColumnPtr Evaluator::Program::computeCall(const BoundExpression& expression, const CallNode& node,
                                          Selection rows) {
  const ScalarOverload& overload = node.function->overloads[node.signatureIndex];
  std::vector<Operand> operands;
  operands.reserve(node.arguments.size());
  std::vector<const LambdaNode*> lambdas;
  for (const ExpressionPtr& argument : node.arguments) {
    if (const auto* const lambda = argument->as<LambdaNode>()) {
      lambdas.push_back(lambda);
    } else {
      operands.push_back(evaluate(*argument, rows));
    }
  }
  failures_->setPlace(&expression);
  KernelInput input{expression.type(), operands, rows, numRows(), *failures_};
  input.lambdas = lambdas;
  input.bodies = this;
  ColumnPtr column = overload.kernel(input);
  AUSPEX_ASSERT(column->size() == numRows());
  return column;
}

// A body sees the columns of the batch repeated for each of its own rows.
ColumnPtr Evaluator::Program::evaluateBody(const LambdaNode& lambda, const LambdaBindings& bindings,
                                           std::span<const uint32_t> rowOf, RowFailures& failures) {
  std::vector<size_t> used;
  collectColumns(*lambda.body, used);
  std::vector<ColumnPtr> columns(used.empty() ? 0 : used.back() + 1);
  for (const size_t index : used) {
    columns[index] = gather(columnOperand({index, ""}).column, rowOf);
  }
  LambdaBindings all = bindings;
  if (bindings_ != nullptr) {
    all.inheritRows(*bindings_, rowOf);
  }
  const EvaluationInput bodyInput{rowOf.size(), columns, {}};
  const EvaluationInput* const outerInput = input_;
  const LambdaBindings* const outerBindings = bindings_;
  const std::optional<Selection> outerRoot = root_;
  std::optional<RowFailures> outerFailures = failures_;
  input_ = &bodyInput;
  bindings_ = &all;
  root_.emplace(Selection::all(rowOf.size()));
  failures_.emplace(failures);
  const Operand operand = evaluate(*lambda.body, *root_);
  ColumnPtr result = materialize(operand, rowOf.size());
  failures = *failures_;
  failures_ = outerFailures;
  root_ = outerRoot;
  bindings_ = outerBindings;
  input_ = outerInput;
  return result;
}

std::span<const uint32_t> Evaluator::Program::filter(const BoundExpression& expression,
                                                     Selection rows) {
  // A conjunction narrows step by step: each part sees only the rows that are left.
  const auto* const node = expression.as<LogicalNode>();
  if (node != nullptr && node->operation == LogicalOperator::And && !isHarmless(expression)) {
    const std::span<const uint32_t> left = filter(*node->left, rows);
    return left.empty() ? left : filter(*node->right, Selection::of(left));
  }
  const Operand flags = evaluate(expression, rows);
  const Selection picked = select(*flags.column, flags.constant, rows, Truth::True);
  if (!picked.isAll()) {
    return picked.rows();
  }
  std::vector<uint32_t>& every = newSelection();
  every.resize(picked.size());
  for (size_t row = 0; row < every.size(); ++row) {
    every[row] = static_cast<uint32_t>(row);
  }
  return every;
}

Evaluator::Evaluator(std::vector<ExpressionPtr> expressions)
    : program_(std::make_unique<Program>(std::move(expressions))) {
}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

const std::vector<ExpressionPtr>& Evaluator::expressions() const {
  return program_->expressions();
}

std::vector<ColumnPtr> Evaluator::evaluate(const EvaluationInput& input, Selection rows,
                                           RowErrors& errors) {
  program_->begin(input, rows, errors);
  std::vector<ColumnPtr> results;
  results.reserve(expressions().size());
  for (const ExpressionPtr& expression : expressions()) {
    results.push_back(materialize(program_->evaluate(*expression, rows), input.numRows));
  }
  return results;
}

Evaluator::Sides Evaluator::evaluateSides(const Batch& batch, RowErrors& errors) {
  Sides sides;
  if (batch.carriesOld) {
    RowErrors reportedBefore;
    sides.old = evaluate(EvaluationInput::oldSide(batch), reportedBefore);
  }
  sides.now = evaluate(EvaluationInput::newSide(batch), errors);
  return sides;
}

std::span<const uint32_t> Evaluator::evaluateFilter(const EvaluationInput& input, Selection rows,
                                                    RowErrors& errors) {
  AUSPEX_ASSERT(expressions().size() == 1);
  const BoundExpression& condition = *expressions()[0];
  AUSPEX_ASSERT(condition.type().is(TypeKind::Boolean));
  program_->begin(input, rows, errors);
  return program_->filter(condition, rows);
}

}  // namespace auspex::operators
