// SPDX-License-Identifier: Apache-2.0
#include "operators/models/serving/RequestScorer.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "operators/PredictOperator.h"
#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/models/ModelError.h"
#include "operators/models/rpc/RemoteAnswer.h"

namespace auspex::operators {

namespace {

/// The kinds of FeatureColumn's values, in their order.
constexpr std::array kColumnKinds = {ArgumentKind::Double, ArgumentKind::Bigint,
                                     ArgumentKind::Boolean, ArgumentKind::String};
static_assert(std::variant_size_v<decltype(FeatureColumn::values)> == kColumnKinds.size());

struct NamedForm {
  std::string_view name;
  OutputForm form;
};

/// The first is given without asking.
constexpr std::array kNamedForms = {NamedForm{kPredictOutput, OutputForm::Prediction},
                                    NamedForm{kProbabilityOutput, OutputForm::Probability},
                                    NamedForm{"predict_margin", OutputForm::Margin}};

template <typename Number, typename Value>
Number toFeature(const Value& value, const FeatureSource& source) {
  if constexpr (std::is_same_v<Value, std::string>) {
    return static_cast<Number>(source.categories->encode(value));
  } else if constexpr (std::is_same_v<Value, uint8_t>) {
    return value != 0 ? Number{1} : Number{0};
  } else if constexpr (std::is_same_v<Value, int64_t>) {
    return source.conversion == FeatureConversion::Category
               ? static_cast<Number>(source.categories->encode(value))
               : static_cast<Number>(value);
  } else {
    return static_cast<Number>(value);
  }
}

/// Writes a feature's column of a matrix from the elements at `first`, first + stride, ...
template <typename Number>
void writeFeature(const FeatureColumn& column, size_t first, size_t stride,
                  const FeatureSource& source, size_t numRows, size_t numFeatures, Number* out) {
  std::visit(
      [&](const auto& values) {
        for (size_t row = 0; row < numRows; ++row) {
          const size_t place = first + row * stride;
          const bool isNull = !column.validity.empty() && column.validity[place] == 0;
          out[row * numFeatures] = isNull ? std::numeric_limits<Number>::quiet_NaN()
                                          : toFeature<Number>(values[place], source);
        }
      },
      column.values);
}

}  // namespace

RequestScorer::RequestScorer(std::shared_ptr<const ModelVersion> version)
    : version_(std::move(version)), names_(featureNames(version_->info())) {
  for (size_t feature = 0; feature < names_.size(); ++feature) {
    Sources& sources = sources_.emplace_back();
    for (size_t kind = 0; kind < kColumnKinds.size(); ++kind) {
      try {
        sources[kind].source =
            bindFeature(version_->info().features[feature], feature, kColumnKinds[kind], {});
      } catch (const ModelError& error) {
        sources[kind].refusal = error.what();
      }
    }
  }
}

std::vector<TensorMetadata> RequestScorer::inputs() const {
  const Datatype number = version_->info().isWide ? Datatype::Fp64 : Datatype::Fp32;
  std::vector<TensorMetadata> inputs;
  const auto add = [&](const std::string& name, Datatype datatype, std::vector<int64_t> shape) {
    inputs.push_back({name, std::string(v2NameOf(datatype)), datatype, std::move(shape),
                      /*isOfAnyShape=*/false});
  };
  if (!version_->info().namedFeatures) {
    add("input", number, {-1, static_cast<int64_t>(names_.size())});
    return inputs;
  }
  for (size_t feature = 0; feature < names_.size(); ++feature) {
    constexpr std::array kDatatypeOfKind = {Datatype::Fp32, Datatype::Int64, Datatype::Bool,
                                            Datatype::Bytes};
    const Sources& sources = sources_[feature];
    const auto taken = std::find_if(sources.begin(), sources.end(),
                                    [](const Source& source) { return source.source.has_value(); });
    const size_t kind = taken == sources.end() ? 0 : static_cast<size_t>(taken - sources.begin());
    add(names_[feature], kind == 0 ? number : kDatatypeOfKind[kind], {-1});
  }
  return inputs;
}

std::vector<TensorMetadata> RequestScorer::outputs() const {
  const Datatype datatype = version_->info().isWide ? Datatype::Fp64 : Datatype::Fp32;
  const auto width = static_cast<int64_t>(version_->outputsPerRow(kNamedForms[0].form));
  return {{std::string(kNamedForms[0].name),
           std::string(v2NameOf(datatype)),
           datatype,
           {-1, width},
           /*isOfAnyShape=*/false}};
}

RequestScorer::Feed RequestScorer::feedOf(const InferRequest& request) const {
  Feed feed;
  if (hasAllFeatures(request, names_.size())) {
    feed.numRows = static_cast<size_t>(request.inputs[0].shape[0]);
  } else {
    feed.tensors = findTensors(request);
    feed.numRows = static_cast<size_t>(request.inputs[feed.tensors[0]].shape[0]);
    for (const size_t tensor : feed.tensors) {
      const InferTensor& input = request.inputs[tensor];
      if (static_cast<size_t>(input.shape[0]) != feed.numRows) {
        throw ModelError(shownInput(input) + " is not as long as " +
                         shownInput(request.inputs[feed.tensors[0]]));
      }
    }
  }
  if (feed.numRows == 0) {
    throw ModelError("the request has no rows");
  }
  return feed;
}

/// Exactly by name, else ignoring case if that is unique.
std::vector<size_t> RequestScorer::findTensors(const InferRequest& request) const {
  const std::vector<InferTensor>& inputs = request.inputs;
  std::unordered_map<std::string_view, size_t> exact;
  std::unordered_map<std::string, std::vector<size_t>> folded;
  std::vector<size_t> tensors;
  const auto find = [&](size_t feature) -> size_t {
    const std::string& name = names_[feature];
    if (feature < inputs.size() && inputs[feature].elements.name == name) {
      return feature;  // in the model's order, as most requests are
    }
    if (exact.empty()) {
      for (size_t i = 0; i < inputs.size(); ++i) {
        exact.emplace(inputs[i].elements.name, i);
        folded[asciiUpper(inputs[i].elements.name)].push_back(i);
      }
    }
    if (const auto place = exact.find(name); place != exact.end()) {
      return place->second;
    }
    const auto place = folded.find(asciiUpper(name));
    if (place != folded.end() && place->second.size() > 1) {
      throw ModelError("several inputs could be the model's feature '" + name + "'");
    }
    if (place == folded.end()) {
      refuseMissingFeature(request, name, names_.size());
    }
    return place->second[0];
  };
  for (size_t feature = 0; feature < names_.size(); ++feature) {
    const size_t tensor = find(feature);
    if (!isOneColumn(inputs[tensor])) {
      throw ModelError(shownInput(inputs[tensor]) + " is of neither shape [rows] nor [rows, 1]");
    }
    tensors.push_back(tensor);
  }
  return tensors;
}

const FeatureSource& RequestScorer::sourceOf(size_t feature, const FeatureColumn& column) const {
  const Source& source = sources_[feature][column.values.index()];
  if (!source.source) {
    throw ModelError(source.refusal);
  }
  return *source.source;
}

/// Fills rows of a matrix in the precision that the model computes in.
template <typename Number>
void RequestScorer::fill(const InferRequest& request, const Feed& feed, Number* matrix) const {
  const size_t numFeatures = names_.size();
  for (size_t feature = 0; feature < numFeatures; ++feature) {
    const bool isTensor = feed.tensors.empty();
    const FeatureColumn& column = request.inputs[isTensor ? 0 : feed.tensors[feature]].elements;
    const FeatureSource& source = sourceOf(feature, column);
    writeFeature(column, isTensor ? feature : 0, isTensor ? numFeatures : 1, source, feed.numRows,
                 numFeatures, matrix + feature);
  }
  const double missing = version_->info().missing;
  if (!std::isnan(missing)) {
    markMissing(static_cast<Number>(missing), {matrix, feed.numRows * numFeatures});
  }
  for (size_t feature = 0; feature < numFeatures; ++feature) {
    if (const auto& value = version_->info().features[feature].defaultValue) {
      replaceMissing(static_cast<Number>(*value), feed.numRows, feature, numFeatures, matrix);
    }
  }
}

std::optional<InferFault> InferBatch::add(const InferRequest& request) {
  const size_t numFeatures = scorer_->names_.size();
  try {
    Entry entry{request.id, numRows_, 0, outputsOf(request)};
    const RequestScorer::Feed feed = scorer_->feedOf(request);
    entry.numRows = feed.numRows;
    requireFewScores(entry);
    const size_t before = numRows_ * numFeatures;
    const size_t after = before + feed.numRows * numFeatures;
    if (scorer_->version().info().isWide) {
      wideMatrix_.resize(after);
      scorer_->fill(request, feed, wideMatrix_.data() + before);
    } else {
      matrix_.resize(after);
      scorer_->fill(request, feed, matrix_.data() + before);
    }
    numRows_ += feed.numRows;
    entries_.push_back(std::move(entry));
    return std::nullopt;
  } catch (const ModelError& error) {
    return InferFault{InferFault::Kind::Malformed, error.what()};
  }
}

std::vector<InferBatch::Output> InferBatch::outputsOf(const InferRequest& request) const {
  std::vector<Output> outputs;
  for (const RequestedOutput& wanted : request.outputs) {
    const auto* const known =
        std::find_if(kNamedForms.begin(), kNamedForms.end(),
                     [&](const NamedForm& form) { return form.name == wanted.name; });
    const ModelVersion& version = scorer_->version();
    if (known == kNamedForms.end()) {
      throw ModelError("the model has no output '" + presentable(wanted.name) +
                       "': predict, predict_proba and predict_margin are");
    }
    if (version.outputsPerRow(known->form) == 0) {
      throw ModelError("output '" + wanted.name + "': the model " + version.refusalOf(known->form));
    }
    if (outputs.size() == kNamedForms.size()) {
      throw ModelError("an output is asked for twice");
    }
    outputs.push_back({wanted.name, known->form, wanted.isBinary.value_or(request.wantsBinary)});
  }
  if (outputs.empty()) {
    outputs.push_back({std::string(kNamedForms[0].name), kNamedForms[0].form, request.wantsBinary});
  }
  return outputs;
}

void InferBatch::requireFewScores(const Entry& entry) const {
  size_t width = 0;
  for (const Output& output : entry.outputs) {
    width += scorer_->version().outputsPerRow(output.form);
  }
  if (entry.numRows > kMaxRequestScores / width) {
    throw ModelError("the answer to " + std::to_string(entry.numRows) +
                     " rows would have more than " + std::to_string(kMaxRequestScores) +
                     " numbers");
  }
}

void InferBatch::score() {
  AUSPEX_ASSERT(scores_.empty());
  for (const NamedForm& known : kNamedForms) {
    const bool isWanted = std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return std::any_of(entry.outputs.begin(), entry.outputs.end(),
                         [&](const Output& output) { return output.form == known.form; });
    });
    if (isWanted) {
      scores_.push_back(scoreForm(known.form));
    }
  }
}

InferBatch::FormScores InferBatch::scoreForm(OutputForm form) const {
  const ModelVersion& version = scorer_->version();
  const size_t numFeatures = scorer_->names_.size();
  FormScores scored{form, version.outputsPerRow(form), {}};
  if (version.info().isWide) {
    scored.scores.resize(numRows_ * scored.width);
    version.scoreWide({wideMatrix_.data(), numRows_, numFeatures}, form, scored.scores);
  } else {
    std::vector<float> narrow(numRows_ * scored.width);
    version.score({matrix_.data(), numRows_, numFeatures}, form, narrow);
    scored.scores.assign(narrow.begin(), narrow.end());
  }
  return scored;
}

const InferBatch::FormScores& InferBatch::scoresOf(OutputForm form) const {
  const auto found = std::find_if(scores_.begin(), scores_.end(),
                                  [&](const FormScores& scored) { return scored.form == form; });
  AUSPEX_ASSERT(found != scores_.end());
  return *found;
}

InferResponse InferBatch::response(size_t index) const {
  const Entry& entry = entries_.at(index);
  const ModelInfo& info = scorer_->version().info();
  InferResponse response{info.name, std::to_string(info.version), entry.id, {}};
  for (const Output& output : entry.outputs) {
    const FormScores& scored = scoresOf(output.form);
    const auto first =
        scored.scores.begin() + static_cast<ptrdiff_t>(entry.firstRow * scored.width);
    response.outputs.push_back(
        {output.name,
         info.isWide ? Datatype::Fp64 : Datatype::Fp32,
         entry.numRows,
         scored.width,
         {first, first + static_cast<ptrdiff_t>(entry.numRows * scored.width)},
         output.isBinary});
  }
  return response;
}

}  // namespace auspex::operators
