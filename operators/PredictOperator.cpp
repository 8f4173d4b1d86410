// SPDX-License-Identifier: Apache-2.0
#include "operators/PredictOperator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "operators/data/Assert.h"
#include "operators/expressions/Evaluator.h"
#include "operators/models/ModelError.h"
#include "operators/models/Predictors.h"

namespace auspex::operators {
namespace {

template <typename Number>
void encodeFeature(const FeatureSource& source, const Column& column, size_t feature,
                   size_t numFeatures, Number* matrix) {
  const std::span<const uint8_t> validity = column.validity();
  const bool isCategory = source.conversion == FeatureConversion::Category;
  switch (argumentKindOf(column.type())) {
    case ArgumentKind::Double:
      encodeNumeric(column.values<double>(), validity, feature, numFeatures, matrix);
      break;
    case ArgumentKind::Bigint:
      if (isCategory) {
        encodeCategory(column.values<int64_t>(), validity, *source.categories, feature, numFeatures,
                       matrix);
      } else {
        encodeNumeric(column.values<int64_t>(), validity, feature, numFeatures, matrix);
      }
      break;
    case ArgumentKind::Integer:
      if (isCategory) {
        encodeCategory(column.values<int32_t>(), validity, *source.categories, feature, numFeatures,
                       matrix);
      } else {
        encodeNumeric(column.values<int32_t>(), validity, feature, numFeatures, matrix);
      }
      break;
    case ArgumentKind::Boolean:
      encodeBoolean(column.values<uint8_t>(), validity, feature, numFeatures, matrix);
      break;
    case ArgumentKind::String:
      encodeCategory(column.values<std::string_view>(), validity, *source.categories, feature,
                     numFeatures, matrix);
      break;
  }
}

/// Makes maps from feature to contribution: the largest first, the bias last.
class ContributionColumns {
 public:
  /// top: see PredictDescription::topFeatures.
  ContributionColumns(const ModelInfo& info, size_t top)
      : names_(std::make_shared<std::vector<std::string>>(featureNames(info))),
        numFeatures_(names_->size()),
        numShown_(top == 0 ? numFeatures_ : std::min(top, numFeatures_)),
        showsBias_(top == 0),
        numOutputs_(info.numOutputs),
        order_(numFeatures_) {
    names_->push_back(biasName(info));
  }

  /// contributions: per map one number per feature and the bias. type: MAP, or ARRAY of it.
  ColumnPtr toColumn(const SqlType& type, const std::vector<double>& contributions) {
    const size_t perMap = numFeatures_ + 1;
    const size_t numMaps = contributions.size() / perMap;
    std::vector<std::string_view> keys;
    std::vector<double> values;
    std::vector<uint32_t> offsets{0};
    for (size_t map = 0; map < numMaps; ++map) {
      const double* const shares = contributions.data() + map * perMap;
      std::iota(order_.begin(), order_.end(), size_t{0});
      std::stable_sort(order_.begin(), order_.end(), [&](size_t left, size_t right) {
        return std::abs(shares[left]) > std::abs(shares[right]);
      });
      for (size_t i = 0; i < numShown_; ++i) {
        keys.push_back((*names_)[order_[i]]);
        values.push_back(shares[order_[i]]);
      }
      if (showsBias_) {
        keys.push_back(names_->back());
        values.push_back(shares[numFeatures_]);
      }
      offsets.push_back(static_cast<uint32_t>(keys.size()));
    }
    const bool isArray = type.is(TypeKind::Array);
    const SqlType& mapType = isArray ? type.element() : type;
    ColumnPtr maps =
        Column::makeNested(mapType, std::move(offsets),
                           {Column::make(SqlType::string(), std::move(keys), {}, {names_}),
                            Column::make(SqlType::doubleType(), std::move(values))});
    return isArray ? byOutput(type, std::move(maps), numMaps) : maps;
  }

 private:
  ColumnPtr byOutput(const SqlType& type, ColumnPtr maps, size_t numMaps) const {
    std::vector<uint32_t> offsets;
    for (size_t map = 0; map <= numMaps; map += numOutputs_) {
      offsets.push_back(static_cast<uint32_t>(map));
    }
    return Column::makeNested(type, std::move(offsets), {std::move(maps)});
  }

  std::shared_ptr<std::vector<std::string>> names_;
  size_t numFeatures_;
  size_t numShown_;
  bool showsBias_;
  size_t numOutputs_;
  std::vector<size_t> order_;
};

class PredictOperator final : public Operator {
 public:
  explicit PredictOperator(const PredictDescription& description)
      : description_(description),
        predictor_(makePredictor(description.deployment, {})),
        arguments_(description.arguments),
        contributions_(description.version->info(), description.topFeatures) {}

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    Batch batch = std::move(inputs[0]);
    if (batch.numRows == 0) {
      return {};
    }
    if (batch.carriesOld) {
      RowErrors reportedBefore;
      score(EvaluationInput::oldSide(batch), batch.oldColumns, reportedBefore);
    }
    score(EvaluationInput::newSide(batch), batch.columns, context.errors);
    return batch;
  }

 private:
  /// Appends the output columns for one side of the batch to `columns`.
  void score(const EvaluationInput& side, std::vector<ColumnPtr>& columns, RowErrors& errors) {
    const size_t numRows = side.numRows;
    const std::vector<ColumnPtr> arguments = arguments_.evaluate(side, errors);
    request_.version = description_.version;
    request_.rowIds.resize(numRows);
    if (description_.version->info().isWide) {
      fillMatrix(arguments, numRows, request_.wideMatrix);
    } else {
      fillMatrix(arguments, numRows, request_.matrix);
    }
    std::vector<ColumnPtr> results;
    for (size_t slot = 0; slot < kNumPredictSlots; ++slot) {
      if (!description_.wanted[slot]) {
        results.push_back(nullptr);
        continue;
      }
      request_.form = formOf(static_cast<PredictSlot>(slot));
      // The embedded predictor answers within the call; others come with poll().
      const bool taken = predictor_->submit(request_);
      AUSPEX_ASSERT(taken);
      done_.clear();
      predictor_->poll(done_);
      AUSPEX_ASSERT(done_.size() == 1 && done_[0].failures.empty());
      const SqlType type = typeOf(static_cast<PredictSlot>(slot), *description_.version);
      results.push_back(static_cast<PredictSlot>(slot) == PredictSlot::Explanation
                            ? contributions_.toColumn(type, done_[0].scores)
                            : toColumn(type, done_[0], numRows));
      request_ = std::move(done_[0].request);
    }
    columns.insert(columns.end(), results.begin(), results.end());
  }

  /// Fills the matrix in the precision that the model computes in.
  template <typename Number>
  void fillMatrix(const std::vector<ColumnPtr>& arguments, size_t numRows,
                  std::vector<Number>& matrix) {
    const FeatureBinding& binding = description_.binding;
    const size_t numFeatures = binding.sources.size();
    matrix.resize(numRows * numFeatures);
    for (size_t feature = 0; feature < numFeatures; ++feature) {
      const FeatureSource& source = binding.sources[feature];
      encodeFeature(source, *arguments[source.argument], feature, numFeatures, matrix.data());
    }
    if (!std::isnan(binding.missing)) {
      markMissing(static_cast<Number>(binding.missing), matrix);
    }
    for (size_t feature = 0; feature < numFeatures; ++feature) {
      if (const auto& value = binding.sources[feature].defaultValue) {
        replaceMissing(static_cast<Number>(*value), numRows, feature, numFeatures, matrix.data());
      }
    }
  }

  static ColumnPtr toColumn(const SqlType& type, ScoredBatch& scored, size_t numRows) {
    if (!type.is(TypeKind::Array)) {
      AUSPEX_ASSERT(scored.outputsPerRow == 1);
      return Column::make(SqlType::doubleType(), std::move(scored.scores));
    }
    std::vector<uint32_t> offsets(numRows + 1);
    for (size_t row = 0; row <= numRows; ++row) {
      offsets[row] = static_cast<uint32_t>(row * scored.outputsPerRow);
    }
    if (type.element().is(TypeKind::Integer)) {
      std::vector<int32_t> leaves(scored.scores.size());
      std::transform(scored.scores.begin(), scored.scores.end(), leaves.begin(),
                     [](double leaf) { return static_cast<int32_t>(leaf); });
      return Column::makeNested(type, std::move(offsets),
                                {Column::make(SqlType::integer(), std::move(leaves))});
    }
    return Column::makeNested(type, std::move(offsets),
                              {Column::make(SqlType::doubleType(), std::move(scored.scores))});
  }

  const PredictDescription& description_;
  std::unique_ptr<Predictor> predictor_;
  Evaluator arguments_;
  ContributionColumns contributions_;
  FeatureBatch request_;
  std::vector<ScoredBatch> done_;
};

}  // namespace

OutputForm formOf(PredictSlot slot) {
  switch (slot) {
    case PredictSlot::Prediction:
      return OutputForm::Prediction;
    case PredictSlot::Probability:
      return OutputForm::Probability;
    case PredictSlot::Leaf:
      return OutputForm::Leaf;
    case PredictSlot::Explanation:
      return OutputForm::Contribution;
    case PredictSlot::Margin:
      break;
  }
  return OutputForm::Margin;
}

std::string biasName(const ModelInfo& info) {
  const bool isTaken =
      std::any_of(info.features.begin(), info.features.end(),
                  [](const FeatureInfo& feature) { return feature.name == "bias"; });
  return isTaken ? "(bias)" : "bias";
}

std::vector<std::string> featureNames(const ModelInfo& info) {
  std::vector<std::string> names;
  for (const FeatureInfo& feature : info.features) {
    names.push_back(feature.name.empty() ? fmt::format("f{}", names.size()) : feature.name);
  }
  return names;
}

SqlType typeOf(PredictSlot slot, const ModelVersion& version) {
  const size_t outputs = version.outputsPerRow(formOf(slot));
  if (outputs == 0) {
    throw ModelError(
        fmt::format("model {} {}", version.info().name, version.refusalOf(formOf(slot))));
  }
  if (slot == PredictSlot::Leaf) {
    return SqlType::array(SqlType::integer());
  }
  if (slot == PredictSlot::Explanation) {
    const SqlType perOutput = SqlType::map(SqlType::string(), SqlType::doubleType());
    return version.info().numOutputs > 1 ? SqlType::array(perOutput) : perOutput;
  }
  if (slot == PredictSlot::Probability || outputs > 1) {
    return SqlType::array(SqlType::doubleType());
  }
  return SqlType::doubleType();
}

ArgumentKind argumentKindOf(const SqlType& type) {
  switch (type.kind()) {
    case TypeKind::Double:
      return ArgumentKind::Double;
    case TypeKind::Bigint:
    case TypeKind::Timestamp:
      return ArgumentKind::Bigint;
    case TypeKind::Integer:
    case TypeKind::Date:
    case TypeKind::Time:
      return ArgumentKind::Integer;
    case TypeKind::Boolean:
      return ArgumentKind::Boolean;
    case TypeKind::String:
      return ArgumentKind::String;
    default:
      throw ModelError(fmt::format("a column of type {} cannot be a feature", type.toString()));
  }
}

std::unique_ptr<Operator> PredictDescription::create(TaskServices&) const {
  return std::make_unique<PredictOperator>(*this);
}

std::string PredictDescription::toString() const {
  std::string features;
  for (size_t i = 0; i < binding.sources.size(); ++i) {
    features += (i == 0 ? "" : ", ") + arguments[binding.sources[i].argument]->toString();
  }
  return fmt::format("Predict(model={}, version={}, deployment={}, features=[{}])", model,
                     version->info().version, deployment, features);
}

}  // namespace auspex::operators
