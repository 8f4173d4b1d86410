// SPDX-License-Identifier: Apache-2.0
#include "stateStore/rocksdb/RocksOptions.h"

#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstddef>

#include "stateStore/rocksdb/PatientFileSystem.h"
#include "stateStore/rocksdb/StateMemory.h"

namespace auspex::stateStore {

namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;
constexpr std::size_t kLargestMemtable = 16 * kMebibyte;
constexpr std::size_t kMemtablePart = 8;  // of the memory for state, at most
constexpr std::size_t kMetaMemtable = kMebibyte;
constexpr std::size_t kLogBytes = 64 * kMebibyte;  // replayed in one to two seconds after a crash
constexpr int kOpenFiles = 128;  // per task: hundreds of tasks share the process's limit
constexpr double kBloomBits = 10;
constexpr std::size_t kBlock = std::size_t{8} << 10;
constexpr double kMemtableBloom = 0.05;

void setTable(rocksdb::ColumnFamilyOptions& options, const StateMemory& memory) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = memory.cache();
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBits));
  table.format_version = 5;  // fixed: a build one release older can still read
  table.block_size = kBlock;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
}

}  // namespace

void setDatabaseOptions(rocksdb::DBOptions& options, const StateMemory& memory) {
  options.env = patientEnv();
  options.create_if_missing = true;
  options.write_buffer_manager = memory.writeBuffers();
  options.max_total_wal_size = kLogBytes;
  // Any prefix of the log is a committed state, and the marker says which.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // Nothing is synced here, so reserving ahead saves nothing; in memory it takes pages at once.
  options.allow_fallocate = false;
  options.paranoid_checks = true;
  options.allow_concurrent_memtable_write =
      false;  // one thread writes a task; plain inserts cost less
  options.max_open_files = kOpenFiles;
  // Sixteen threads per task at every start, by default, for as many files as one opens at once.
  options.max_file_opening_threads = 1;
  options.max_manifest_file_size = 16 * kMebibyte;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_log_file_size = kMebibyte;
  options.keep_log_file_num = 2;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
}

void setStoreOptions(rocksdb::ColumnFamilyOptions& options, const StateMemory& memory) {
  options.write_buffer_size = std::min(kLargestMemtable, memory.totalBytes() / kMemtablePart);
  options.max_write_buffer_number = 3;
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = kMemtableBloom;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::CompressionType::kLZ4Compression;
  setTable(options, memory);
}

void setMetaOptions(rocksdb::ColumnFamilyOptions& options, const StateMemory& memory) {
  options.write_buffer_size = kMetaMemtable;
  options.compression = rocksdb::CompressionType::kNoCompression;
  setTable(options, memory);
}

}  // namespace auspex::stateStore
