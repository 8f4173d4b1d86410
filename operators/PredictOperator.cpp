// SPDX-License-Identifier: Apache-2.0
#include "operators/PredictOperator.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "operators/KeptScores.h"
#include "operators/LatePredict.h"
#include "operators/ScoreColumns.h"
#include "operators/ShadowScores.h"
#include "operators/ShareRows.h"
#include "operators/VersionScorer.h"
#include "operators/data/Assert.h"
#include "operators/expressions/Evaluator.h"
#include "operators/models/ModelError.h"
#include "operators/models/Predictors.h"
#include "operators/models/rpc/RemoteModel.h"

namespace auspex::operators {
namespace {

constexpr size_t placeOf(PredictSlot slot) {
  return static_cast<size_t>(slot);
}

class PredictOperator final : public Operator {
 public:
  PredictOperator(const PredictDescription& description, TaskServices& services)
      : description_(description),
        services_(services),
        served_(services.servedModel(description.model)),
        arguments_(description.arguments),
        shares_(description.splitKey),
        contributions_(description.version->info(), description.topFeatures) {
    for (const ExpressionPtr& argument : description.arguments) {
      kinds_.push_back(argumentKindOf(argument->type()));
    }
    if (!description.store.empty()) {
      kept_.emplace(services.store(description.store), description.keyColumns, description.keyTypes,
                    description.keptTypes());
    }
  }

  Batch process(std::span<Batch> inputs, DrawContext& context) override {
    Batch batch = std::move(inputs[0]);
    if (batch.numRows == 0) {
      return {};
    }
    serveNewest();
    const bool hasShadow = shadow_ != nullptr && !description_.shadowTopic.empty();
    PredictSlots needed = kept_ ? description_.keptSlots() : description_.wanted;
    needed[placeOf(PredictSlot::Prediction)] |= hasShadow;
    needed[placeOf(PredictSlot::Version)] |= hasShadow;
    const std::vector<ColumnPtr> arguments =
        arguments_.evaluate(EvaluationInput::newSide(batch), context.errors);
    std::vector<ColumnPtr> scores =
        score(EvaluationInput::newSide(batch), arguments, needed, context.errors);
    if (hasShadow) {
      scoreInShadow(batch, arguments, scores, context);
    }
    if (batch.carriesOld) {
      append(kept_ ? kept_->exchangeSlots(batch, scores, description_.keptSlots())
                   : scoreOldSide(batch),
             batch.oldColumns);
    }
    append(std::move(scores), batch.columns);
    return batch;
  }

 private:
  /// Makes ready for what the model stands for now, when that is not what it was.
  void serveNewest() {
    if (served_ == current_) {
      return;
    }
    std::vector<std::unique_ptr<VersionScorer>> scorers;
    for (const std::shared_ptr<const ModelVersion>& version : served_->versions) {
      scorers.push_back(makeScorer(version));
    }
    shadow_ = served_->shadow ? makeScorer(served_->shadow) : nullptr;
    scorers_ = std::move(scorers);
    current_ = served_;
  }

  std::unique_ptr<VersionScorer> makeScorer(const std::shared_ptr<const ModelVersion>& version) {
    return std::make_unique<VersionScorer>(version, description_.version->info(), kinds_,
                                           description_.deployment);
  }

  std::vector<ColumnPtr> scoreOldSide(const Batch& batch) {
    RowErrors reportedBefore;
    const EvaluationInput side = EvaluationInput::oldSide(batch);
    return score(side, arguments_.evaluate(side, reportedBefore), description_.wanted,
                 reportedBefore);
  }

  /// Appends the columns of the slots that are wanted.
  void append(std::vector<ColumnPtr> scores, std::vector<ColumnPtr>& columns) const {
    for (size_t slot = 0; slot < kNumPredictSlots; ++slot) {
      columns.push_back(description_.wanted[slot] ? std::move(scores[slot]) : nullptr);
    }
  }

  /// One column per needed slot, null pointers for the others.
  std::vector<ColumnPtr> score(const EvaluationInput& side, const std::vector<ColumnPtr>& arguments,
                               const PredictSlots& needed, RowErrors& errors) {
    const size_t numRows = side.numRows;
    shares_.assign(side, current_->route, errors);
    takeRows(arguments, numRows);
    std::vector<ColumnPtr> columns(kNumPredictSlots);
    for (size_t i = 0; i < kNumPredictSlots; ++i) {
      if (!needed[i]) {
        continue;
      }
      const auto slot = static_cast<PredictSlot>(i);
      const std::optional<OutputForm> form = formOf(slot);
      if (!form) {
        columns[i] = slot == PredictSlot::Version ? versionColumn(numRows) : variantColumn(numRows);
        continue;
      }
      const SqlType type = typeOf(slot, *description_.version);
      RowScores scores = scoreRows(*form, numRows);
      columns[i] = slot == PredictSlot::Explanation
                       ? contributions_.toColumn(type, scores.values)
                       : scoresToColumn(type, std::move(scores), numRows);
    }
    return columns;
  }

  void takeRows(const std::vector<ColumnPtr>& arguments, size_t numRows) {
    if (!shares_.isSplit()) {
      scorers_[0]->take(arguments, numRows);
      return;
    }
    for (size_t share = 0; share < scorers_.size(); ++share) {
      const std::vector<uint32_t>& rows = shares_.rowsOf(share);
      std::vector<ColumnPtr> picked;
      for (const ColumnPtr& argument : arguments) {
        picked.push_back(gather(argument, rows));
      }
      scorers_[share]->take(picked, rows.size());
    }
  }

  RowScores scoreRows(OutputForm form, size_t numRows) {
    if (!shares_.isSplit()) {
      return scorers_[0]->score(form);
    }
    std::vector<RowScores> parts;
    for (const std::unique_ptr<VersionScorer>& scorer : scorers_) {
      parts.push_back(scorer->score(form));
    }
    return weave(parts, numRows);
  }

  /// Brings the scores of the shares into the order of the rows.
  RowScores weave(const std::vector<RowScores>& parts, size_t numRows) {
    RowScores woven;
    woven.width = parts[0].width;
    std::vector<size_t> next(parts.size(), 0);
    woven.offsets.push_back(0);
    for (size_t row = 0; row < numRows; ++row) {
      const uint32_t share = shares_.shareOf(row);
      const RowScores& part = parts[share];
      const auto first = part.values.begin() + static_cast<ptrdiff_t>(next[share]++ * part.width);
      woven.values.insert(woven.values.end(), first, first + static_cast<ptrdiff_t>(part.width));
      woven.offsets.push_back(static_cast<uint32_t>(woven.values.size()));
    }
    return woven;
  }

  ColumnPtr versionColumn(size_t numRows) const {
    const std::vector<RouteShare>& shares = current_->route.shares;
    std::vector<int32_t> versions(numRows, static_cast<int32_t>(shares[0].version));
    for (size_t row = 0; shares_.isSplit() && row < numRows; ++row) {
      versions[row] = static_cast<int32_t>(shares[shares_.shareOf(row)].version);
    }
    return Column::make(SqlType::integer(), std::move(versions));
  }

  ColumnPtr variantColumn(size_t numRows) const {
    const std::vector<RouteShare>& shares = current_->route.shares;
    std::vector<std::string_view> variants(numRows, shares[0].variant);
    for (size_t row = 0; shares_.isSplit() && row < numRows; ++row) {
      variants[row] = shares[shares_.shareOf(row)].variant;
    }
    return Column::make(SqlType::string(), std::move(variants), {}, {current_});
  }

  void scoreInShadow(const Batch& batch, const std::vector<ColumnPtr>& arguments,
                     const std::vector<ColumnPtr>& scores, DrawContext& context) {
    if (!shadowScores_) {
      shadowScores_.emplace(services_.channel(description_.shadowTopic), description_.shadowTopic,
                            description_.model);
    }
    shadowScores_->process(
        batch, arguments, current_->route.shadow->sampledBuckets, *shadow_,
        typeOf(PredictSlot::Prediction, *description_.version),
        {*scores[placeOf(PredictSlot::Prediction)], *scores[placeOf(PredictSlot::Version)]},
        context);
  }

  const PredictDescription& description_;
  TaskServices& services_;
  const std::shared_ptr<const ServedModel>& served_;  // changes between draws
  std::shared_ptr<const ServedModel> current_;        // what the scorers were made for
  std::vector<ArgumentKind> kinds_;
  Evaluator arguments_;
  ShareRows shares_;
  ContributionColumns contributions_;
  std::vector<std::unique_ptr<VersionScorer>> scorers_;  // one per share
  std::unique_ptr<VersionScorer> shadow_;
  std::optional<KeptScores> kept_;
  std::optional<ShadowScores> shadowScores_;
};

}  // namespace

std::optional<OutputForm> formOf(PredictSlot slot) {
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
      return OutputForm::Margin;
    case PredictSlot::Version:
    case PredictSlot::Variant:
      break;
  }
  return std::nullopt;
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
  const std::optional<OutputForm> form = formOf(slot);
  if (!form) {
    return slot == PredictSlot::Version ? SqlType::integer() : SqlType::string();
  }
  const size_t outputs = version.outputsPerRow(*form);
  if (outputs == 0) {
    throw ModelError(fmt::format("model {} {}", version.info().name, version.refusalOf(*form)));
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

bool PredictDescription::answersLater() const {
  return isAnsweredLater(deployment);
}

std::unique_ptr<Operator> PredictDescription::create(TaskServices& services) const {
  if (answersLater()) {
    return std::make_unique<LatePredict>(*this, services);
  }
  return std::make_unique<PredictOperator>(*this, services);
}

PredictSlots PredictDescription::keptSlots() const {
  PredictSlots slots = wanted;
  slots[placeOf(PredictSlot::Version)] = true;
  return slots;
}

std::vector<SqlType> PredictDescription::keptTypes() const {
  const PredictSlots slots = keptSlots();
  std::vector<SqlType> types;
  for (size_t slot = 0; slot < kNumPredictSlots; ++slot) {
    if (slots[slot]) {
      types.push_back(typeOf(static_cast<PredictSlot>(slot), *version));
    }
  }
  return types;
}

std::string PredictDescription::toString() const {
  std::string features;
  for (size_t i = 0; i < arguments.size(); ++i) {
    features += (i == 0 ? "" : ", ") + arguments[i]->toString();
  }
  std::string server;
  if (const auto* const remote = dynamic_cast<const RemoteModel*>(version.get())) {
    server = fmt::format(", server={} {}", nameOf(remote->options().protocol),
                         remote->options().endpoint);
  }
  return fmt::format("Predict(model={}, version={}, deployment={}{}, features=[{}]{}{})", model,
                     version->info().version, deployment, server, features,
                     splitKey ? ", split=" + splitKey->toString() : "",
                     store.empty() ? "" : ", store=" + store);
}

}  // namespace auspex::operators
