// SPDX-License-Identifier: Apache-2.0
// What ksqlDB refuses of SELECTs without EMIT CHANGES, in its words.
#pragma once

#include "operators/Topology.h"
#include "parser/ast/Select.h"
#include "queries/catalog/Catalog.h"

namespace auspex::queries {

/// Refuses GROUP BY, joins and the like: clauses that a SELECT without EMIT CHANGES has only here.
void refusePullClauses(const parser::Select& select);

/// Whether a SELECT, planned as a topology of one part over `source`, reads columns that state does
/// not have: ROWPARTITION and ROWOFFSET.
bool readsPlaces(const DataSource& source, const operators::Topology& topology);

/// Refuses those columns.
void refusePullColumns(const parser::Select& select, const DataSource& source,
                       const operators::Topology& topology);

/// Refuses keys in IN lists that are NULL or of another type than the key.
void checkListedKeys(const parser::Select& select, const DataSource& table);

/// What may be read of a table without looking at all of it, as the session has it.
struct PullLimits {
  bool tableScans = true;
  bool rangeScans = true;
};

/// With table scans forbidden: refuses a condition that does not name the keys, as ksqlDB judges
/// that.
void refuseTableScan(const parser::Select& select, const DataSource& table,
                     const operators::Topology& topology, const PullLimits& limits);

/// "The `X` table isn't queryable. ..."
[[noreturn]] void failNotQueryable(const parser::Select& select, const DataSource& table);

}  // namespace auspex::queries
