// SPDX-License-Identifier: Apache-2.0
// What a topology under construction has already.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "operators/Topology.h"
#include "queries/catalog/Catalog.h"
#include "queries/planning/RequiredColumns.h"

namespace auspex::queries {

/// A stream that the part reads already is read once, with the columns of all its users: the node
/// that reads it, from now on with the required columns too.
std::optional<size_t> findStream(const DataSource& source, const Required& required,
                                 operators::SubTopology& part);

/// The name, or with a number behind it when a part of the topology writes such a topic: queries in
/// FROM may do what the query around them does too.
std::string uniqueTopic(const operators::Topology& topology, const std::string& name);

}  // namespace auspex::queries
