// SPDX-License-Identifier: Apache-2.0
// What a topology under construction has already.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operators/JoinSide.h"
#include "operators/PredictOperator.h"
#include "operators/SourceOperator.h"
#include "operators/Topology.h"
#include "queries/catalog/Catalog.h"
#include "queries/planning/Plan.h"
#include "queries/planning/RequiredColumns.h"

namespace auspex::queries {

/// A stream that the part reads already is read once, with the columns of all its users: the node
/// that reads it, from now on with the required columns too.
std::optional<size_t> findStream(const DataSource& source, const Required& required,
                                 operators::SubTopology& part);

/// What reads the source, which is the part's of that index.
std::shared_ptr<operators::SourceDescription> describeSource(const DataSource& source,
                                                             const Required& required,
                                                             size_t index);

/// What scores with the model of the step, but for what the topology around it decides: slots,
/// stores, shadows.
std::shared_ptr<operators::PredictDescription> describePredict(const PredictPlan& step,
                                                               bool isTable);
/// Whether a node of the part keeps state, or writes before its draw is done.
bool actsOnDraws(const operators::SubTopology& part);

/// Has the part know of a model; returns whether it did not.
bool addModel(const operators::ModelUse& model, operators::SubTopology& part);
/// A model by its name alone: what a split and a shadow are for.
bool isBareName(const std::string& reference);

/// Adds a store to the part, named after what it is for: of rows with these types, key and value.
std::string addStore(operators::SubTopology& part, const std::string& operation,
                     const std::vector<operators::SqlType>& types);
/// The same of rows by the columns `keys`, with the columns `kept`.
std::string addStore(operators::SubTopology& part, const std::string& operation,
                     const std::vector<size_t>& keys, const std::vector<size_t>& kept,
                     const std::vector<operators::SqlType>& types);
std::string addStore(operators::SubTopology& part, const std::string& operation,
                     const operators::JoinSide& side);

/// The name, or with a number behind it when a part of the topology writes such a topic: queries in
/// FROM may do what the query around them does too.
std::string uniqueTopic(const operators::Topology& topology, const std::string& name);

}  // namespace auspex::queries
