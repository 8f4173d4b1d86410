// SPDX-License-Identifier: Apache-2.0
// How the RocksDB of a task is set up. Included by the sources of this folder only.
#pragma once

namespace rocksdb {
struct ColumnFamilyOptions;
struct DBOptions;
}  // namespace rocksdb

namespace auspex::stateStore {

class StateMemory;

/// Options of the database as a whole.
void setDatabaseOptions(rocksdb::DBOptions& options, const StateMemory& memory);

/// Options of a store that holds rows.
void setStoreOptions(rocksdb::ColumnFamilyOptions& options, const StateMemory& memory);

/// Options of the meta store: a handful of rows, written at each commit.
void setMetaOptions(rocksdb::ColumnFamilyOptions& options, const StateMemory& memory);

}  // namespace auspex::stateStore
