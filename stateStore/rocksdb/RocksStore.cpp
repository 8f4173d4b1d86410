// SPDX-License-Identifier: Apache-2.0
#include "stateStore/rocksdb/RocksStore.h"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <system_error>
#include <utility>

#include "stateStore/KeyValueStore.h"
#include "stateStore/MetaRows.h"
#include "stateStore/StoreError.h"
#include "stateStore/rocksdb/RocksOptions.h"
#include "stateStore/rocksdb/StateMemory.h"

namespace auspex::stateStore {

namespace {

constexpr std::size_t kReadChunk = 64;  // keys a MultiGet, so that pins fit on the stack
constexpr std::string_view kRunsDirectory = "runs";
// What a scan of a snapshot reads at once: little at first, since often the first row is enough.
constexpr std::size_t kChunkGrowth = 8;
constexpr std::size_t kMaxChunkRows = 512;
constexpr std::size_t kMaxChunkBytes = std::size_t{1} << 20;

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}
std::string_view view(const rocksdb::Slice& bytes) {
  return {bytes.data(), bytes.size()};
}

/// RocksDB counts what each thread does, comparison by comparison in memory of the thread's own,
/// unless it is told not to.
void countNothing() {
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
}

bool isDamage(const rocksdb::Status& status) {
  return status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound();
}

}  // namespace

/// An open RocksDB. Snapshots share it, but it is closed when the store goes, so that the directory
/// can be opened again: what is left of them reads nothing any more.
class RocksStore::Database {
 public:
  Database(std::filesystem::path directory, const std::vector<std::string>& storeNames,
           std::shared_ptr<const StateMemory> memory);
  ~Database();

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& db() { return *db_; }

  /// Any thread: a snapshot, or its end.
  const rocksdb::Snapshot* takeSnapshot();
  void releaseSnapshot(const rocksdb::Snapshot* snapshot);
  /// Calls read() unless the database is closed, which waits for it. Throws StoreError.
  template <class Read>
  void whileOpen(Read&& read) {
    const std::shared_lock lock(mutex_);
    if (db_ == nullptr) {
      throw StoreError(fmt::format(
          "State in {} was closed while it was read: its task has ended or moved. Ask again.",
          directory_.string()));
    }
    read();
  }
  /// Ends the snapshots and closes. No call of the store itself may be running.
  void close() noexcept;

  rocksdb::ColumnFamilyHandle* family(StoreIndex store) const {
    assert(static_cast<std::size_t>(store) < families_.size());
    return families_[static_cast<std::size_t>(store)];
  }

  std::filesystem::path runsPath() const { return directory_ / kRunsDirectory; }

  /// Throws StoreError unless the status is ok, DamagedState where bytes or files are not what they
  /// were.
  void check(const rocksdb::Status& status, std::string_view action) const {
    if (status.ok()) {
      return;
    }
    const std::string message =
        fmt::format("State in {}: {} failed: {}", directory_.string(), action, status.ToString());
    if (isDamage(status)) {
      throw DamagedState(message);
    }
    throw StoreError(message);
  }

  /// These keys of the store are erased, with what was noted before.
  void noteErased(StoreIndex store, const ErasedKeys& keys);

  /// snapshot: null for the newest rows.
  void multiGet(const rocksdb::Snapshot* snapshot, StoreIndex store,
                std::span<const std::string_view> keys, Arena& arena,
                std::span<std::optional<std::string_view>> values) const;
  void scan(const rocksdb::Snapshot* snapshot, StoreIndex store, std::string_view begin,
            std::optional<std::string_view> end, const RowVisitor& visitor) const;

 private:
  std::vector<std::string> existingFamilies() const;
  void open(const std::vector<std::string>& names, const std::vector<std::string>& existing);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors(
      std::span<const std::string> names) const;
  void dropUnnamed(std::size_t numNamed);
  void readErased(const std::vector<std::string>& names);
  std::optional<ErasedKeys> erased(StoreIndex store) const;
  void removeRuns() const;

  std::filesystem::path directory_;
  std::shared_ptr<const StateMemory> memory_;
  std::unique_ptr<rocksdb::DB> db_;
  // meta, the named stores, RocksDB's own default family, then those that no plan names.
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
  // Between snapshots in other threads and the end; the store's own calls need none of it.
  std::shared_mutex mutex_;
  std::set<const rocksdb::Snapshot*> snapshots_;  // guarded by mutex_
  // All ranges that were ever erased, as one per store: whoever reads elsewhere can do without
  // RocksDB's own list, whose use costs the filters of the memtables.
  std::map<StoreIndex, ErasedKeys> erased_;  // guarded by erasedMutex_
  mutable std::mutex erasedMutex_;
};

RocksStore::Database::Database(std::filesystem::path directory,
                               const std::vector<std::string>& storeNames,
                               std::shared_ptr<const StateMemory> memory)
    : directory_(std::move(directory)), memory_(std::move(memory)) {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) {
    throw StoreError(
        fmt::format("Cannot create directory {}: {}", directory_.string(), error.message()));
  }
  removeRuns();
  std::vector<std::string> names{std::string(kMetaStoreName)};
  names.insert(names.end(), storeNames.begin(), storeNames.end());
  names.push_back(rocksdb::kDefaultColumnFamilyName);
  const std::size_t numNamed = names.size();
  const std::vector<std::string> existing = existingFamilies();
  for (const std::string& name : existing) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  try {
    open(names, existing);
    dropUnnamed(numNamed);
    readErased(names);
  } catch (...) {
    close();
    throw;
  }
}

RocksStore::Database::~Database() {
  close();
}

std::vector<std::string> RocksStore::Database::existingFamilies() const {
  std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName};
  if (std::filesystem::exists(directory_ / "CURRENT")) {
    check(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), directory_.string(), &names),
          "reading the list of stores");
  }
  return names;
}

std::vector<rocksdb::ColumnFamilyDescriptor> RocksStore::Database::descriptors(
    std::span<const std::string> names) const {
  std::vector<rocksdb::ColumnFamilyDescriptor> described;
  for (const std::string& name : names) {
    rocksdb::ColumnFamilyOptions options;
    if (name == kMetaStoreName || name == rocksdb::kDefaultColumnFamilyName) {
      setMetaOptions(options, *memory_);
    } else {
      setStoreOptions(options, *memory_);
    }
    described.emplace_back(name, options);
  }
  return described;
}

// Families are created after opening, all at once: as part of it, RocksDB writes its options and
// reads them back once per family, which takes longer than all else it does for an empty database.
void RocksStore::Database::open(const std::vector<std::string>& names,
                                const std::vector<std::string>& existing) {
  rocksdb::DBOptions options;
  setDatabaseOptions(options, *memory_);
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  check(rocksdb::DB::Open(options, directory_.string(), descriptors(existing), &handles, &opened),
        "opening");
  db_.reset(opened);
  families_.resize(names.size());
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto found = std::find(existing.begin(), existing.end(), names[i]);
    if (found == existing.end()) {
      missing.push_back(names[i]);
    } else {
      families_[i] = handles[static_cast<std::size_t>(found - existing.begin())];
    }
  }
  if (missing.empty()) {
    return;
  }
  handles.clear();
  const rocksdb::Status created = db_->CreateColumnFamilies(descriptors(missing), &handles);
  for (std::size_t i = 0; i < handles.size(); ++i) {
    families_[static_cast<std::size_t>(std::find(names.begin(), names.end(), missing[i]) -
                                       names.begin())] = handles[i];
  }
  check(created, "creating stores");
}

// A store that a refused plan left behind is empty and goes; one with rows belongs to another plan.
void RocksStore::Database::dropUnnamed(std::size_t numNamed) {
  while (families_.size() > numNamed) {
    rocksdb::ColumnFamilyHandle* const family = families_.back();
    bool hasRows = false;
    const auto index = static_cast<StoreIndex>(families_.size() - 1);
    scan(nullptr, index, "", std::nullopt, [&hasRows](std::string_view, std::string_view) {
      hasRows = true;
      return false;
    });
    if (hasRows) {
      throw StoreError(fmt::format(
          "State in {} has a store '{}', which the query no longer has. Start with --fresh, or "
          "keep the query as it was.",
          directory_.string(), family->GetName()));
    }
    check(db_->DropColumnFamily(family), "dropping an empty store");
    check(db_->DestroyColumnFamilyHandle(family), "dropping an empty store");
    families_.pop_back();
  }
}

void RocksStore::Database::readErased(const std::vector<std::string>& names) {
  const std::optional<std::string> end = prefixEnd(kErasedPrefix);
  scan(nullptr, kMetaStore, kErasedPrefix, *end, [&](std::string_view key, std::string_view row) {
    const auto name = std::find(names.begin(), names.end(), key.substr(kErasedPrefix.size()));
    if (name != names.end()) {
      noteErased(static_cast<StoreIndex>(name - names.begin()), decodeRange(row));
    }
    return true;
  });
}

void RocksStore::Database::noteErased(StoreIndex store, const ErasedKeys& keys) {
  const std::lock_guard lock(erasedMutex_);
  const auto [known, isNew] = erased_.try_emplace(store, keys);
  known->second.begin = std::min(known->second.begin, keys.begin);
  known->second.end = std::max(known->second.end, keys.end);
}

std::optional<ErasedKeys> RocksStore::Database::erased(StoreIndex store) const {
  const std::lock_guard lock(erasedMutex_);
  const auto range = erased_.find(store);
  return range == erased_.end() ? std::nullopt : std::optional(range->second);
}

void RocksStore::Database::removeRuns() const {
  std::error_code error;
  std::filesystem::remove_all(runsPath(), error);
  if (error) {
    throw StoreError(fmt::format("Cannot remove {}: {}", runsPath().string(), error.message()));
  }
}

const rocksdb::Snapshot* RocksStore::Database::takeSnapshot() {
  const std::unique_lock lock(mutex_);
  return *snapshots_.insert(db_->GetSnapshot()).first;
}

void RocksStore::Database::releaseSnapshot(const rocksdb::Snapshot* snapshot) {
  const std::unique_lock lock(mutex_);
  if (snapshots_.erase(snapshot) != 0) {
    db_->ReleaseSnapshot(snapshot);
  }
}

void RocksStore::Database::close() noexcept {
  const std::unique_lock lock(mutex_);
  if (db_ != nullptr) {
    for (const rocksdb::Snapshot* const snapshot : snapshots_) {
      db_->ReleaseSnapshot(snapshot);
    }
    snapshots_.clear();
    // Nothing can be done about an error here, and nothing is lost: the log has every commit.
    for (rocksdb::ColumnFamilyHandle* family : families_) {
      if (family != nullptr) {  // one that could not be created
        static_cast<void>(db_->DestroyColumnFamilyHandle(family));
      }
    }
    families_.clear();
    static_cast<void>(db_->Close());
    db_.reset();
  }
}

void RocksStore::Database::multiGet(const rocksdb::Snapshot* snapshot, StoreIndex store,
                                    std::span<const std::string_view> keys, Arena& arena,
                                    std::span<std::optional<std::string_view>> values) const {
  assert(keys.size() == values.size());
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  const auto range = snapshot == nullptr ? erased(store) : std::nullopt;
  options.ignore_range_deletions = range.has_value();
  for (std::size_t next = 0; next < keys.size();) {
    std::size_t count = 0;
    std::array<std::size_t, kReadChunk> places;
    std::array<rocksdb::Slice, kReadChunk> slices;
    std::array<rocksdb::PinnableSlice, kReadChunk> pinned;
    std::array<rocksdb::Status, kReadChunk> statuses;
    for (; next < keys.size() && count < kReadChunk; ++next) {
      assert(next == 0 || keys[next - 1] < keys[next]);
      if (range && range->contains(keys[next])) {
        values[next] = std::nullopt;
      } else {
        places[count] = next;
        slices[count++] = slice(keys[next]);
      }
    }
    db_->MultiGet(options, family(store), count, slices.data(), pinned.data(), statuses.data(),
                  /*sorted_input=*/true);
    for (std::size_t i = 0; i < count; ++i) {
      if (statuses[i].IsNotFound()) {
        values[places[i]] = std::nullopt;
      } else {
        check(statuses[i], "reading");
        values[places[i]] = arena.copy(view(pinned[i]));
      }
    }
  }
}

void RocksStore::Database::scan(const rocksdb::Snapshot* snapshot, StoreIndex store,
                                std::string_view begin, std::optional<std::string_view> end,
                                const RowVisitor& visitor) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  rocksdb::Slice bound;
  if (end) {
    bound = slice(*end);
    options.iterate_upper_bound = &bound;
  }
  const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator(options, family(store)));
  for (row->Seek(slice(begin)); row->Valid(); row->Next()) {
    if (!visitor(view(row->key()), view(row->value()))) {
      return;
    }
  }
  check(row->status(), "scanning");
}

/// Sorted files in the runs directory, one per store, removed with the object.
class RocksStore::Run final : public SortedRun {
 public:
  struct File {
    StoreIndex store;
    std::string path;
  };

  ~Run() override {
    for (const File& file : files) {
      std::error_code ignored;  // what stays is removed when the directory is opened
      std::filesystem::remove(file.path, ignored);
    }
  }

  std::vector<File> files;
};

class RocksStore::Snapshot final : public ByteReader {
 public:
  explicit Snapshot(std::shared_ptr<Database> database)
      : database_(std::move(database)), snapshot_(database_->takeSnapshot()) {}
  ~Snapshot() override { database_->releaseSnapshot(snapshot_); }

  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  void multiGet(StoreIndex store, std::span<const std::string_view> keys, Arena& arena,
                std::span<std::optional<std::string_view>> values) const override {
    database_->whileOpen([&] { database_->multiGet(snapshot_, store, keys, arena, values); });
  }

  /// By chunks, so that a visitor that takes its time does not keep the database from closing.
  void scan(StoreIndex store, std::string_view begin, std::optional<std::string_view> end,
            const RowVisitor& visitor) const override {
    std::string next(begin);
    std::vector<std::pair<std::string, std::string>> rows;
    for (std::size_t chunk = 1;; chunk = std::min(chunk * kChunkGrowth, kMaxChunkRows)) {
      rows.clear();
      std::size_t numBytes = 0;
      database_->whileOpen([&] {
        database_->scan(snapshot_, store, next, end, [&](auto key, auto value) {
          rows.emplace_back(key, value);
          numBytes += key.size() + value.size();
          return rows.size() < chunk && numBytes < kMaxChunkBytes;
        });
      });
      for (const auto& [key, value] : rows) {
        if (!visitor(key, value)) {
          return;
        }
      }
      if (rows.size() < chunk && numBytes < kMaxChunkBytes) {
        return;
      }
      next = rows.back().first + '\0';
    }
  }

 private:
  std::shared_ptr<Database> database_;
  const rocksdb::Snapshot* snapshot_;
};

RocksStore::RocksStore(std::filesystem::path directory, const std::vector<std::string>& storeNames,
                       std::shared_ptr<const StateMemory> memory)
    : database_(std::make_shared<Database>(std::move(directory), storeNames, std::move(memory))) {
}

RocksStore::~RocksStore() {
  database_->close();
}

void RocksStore::multiGet(StoreIndex store, std::span<const std::string_view> keys, Arena& arena,
                          std::span<std::optional<std::string_view>> values) const {
  database_->multiGet(nullptr, store, keys, arena, values);
}

void RocksStore::scan(StoreIndex store, std::string_view begin, std::optional<std::string_view> end,
                      const RowVisitor& visitor) const {
  database_->scan(nullptr, store, begin, end, visitor);
}

void RocksStore::apply(WriteBatchView changes) {
  countNothing();
  rocksdb::WriteBatch batch;
  for (const RowChange& change : changes) {
    rocksdb::ColumnFamilyHandle* const family = database_->family(change.store);
    rocksdb::Status status;
    if (change.rangeEnd) {
      database_->noteErased(change.store, {std::string(change.key), std::string(*change.rangeEnd)});
      status = batch.DeleteRange(family, slice(change.key), slice(*change.rangeEnd));
    } else if (change.value) {
      status = batch.Put(family, slice(change.key), slice(*change.value));
    } else {
      status = batch.Delete(family, slice(change.key));
    }
    database_->check(status, "collecting a commit");
  }
  // The log is written but not synced: a killed process loses nothing, and what a power failure
  // takes is replayed from the changelog.
  rocksdb::WriteOptions options;
  options.memtable_insert_hint_per_batch = true;  // pays when the changes come sorted
  database_->check(database_->db().Write(options, &batch), "writing a commit");
}

void RocksStore::sync() {
  database_->check(database_->db().FlushWAL(true), "syncing the log");
}

std::unique_ptr<const ByteReader> RocksStore::snapshot() const {
  return std::make_unique<Snapshot>(database_);
}

std::unique_ptr<SortedRun> RocksStore::writeRun(WriteBatchView sorted) {
  std::error_code error;
  std::filesystem::create_directories(database_->runsPath(), error);
  if (error) {
    throw StoreError(fmt::format("Cannot create directory {}: {}", database_->runsPath().string(),
                                 error.message()));
  }
  auto run = std::make_unique<Run>();
  const std::uint64_t id = nextRun_++;
  for (std::size_t begin = 0; begin < sorted.size();) {
    const StoreIndex store = sorted[begin].store;
    rocksdb::ColumnFamilyHandle* const family = database_->family(store);
    const std::string path =
        (database_->runsPath() / fmt::format("{}-{}.sst", id, static_cast<unsigned>(store)))
            .string();
    run->files.push_back({store, path});
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), database_->db().GetOptions(family),
                                  family);
    database_->check(writer.Open(path), "writing a sorted file");
    for (; begin < sorted.size() && sorted[begin].store == store; ++begin) {
      const RowChange& row = sorted[begin];
      database_->check(
          row.value ? writer.Put(slice(row.key), slice(*row.value)) : writer.Delete(slice(row.key)),
          "writing a sorted file");
    }
    database_->check(writer.Finish(), "writing a sorted file");
  }
  return run;
}

void RocksStore::ingest(std::vector<std::unique_ptr<SortedRun>> runs) {
  std::vector<rocksdb::IngestExternalFileArg> arguments;
  for (const std::unique_ptr<SortedRun>& run : runs) {
    for (const Run::File& file : dynamic_cast<const Run&>(*run).files) {
      rocksdb::ColumnFamilyHandle* const family = database_->family(file.store);
      auto argument = std::find_if(arguments.begin(), arguments.end(), [family](const auto& other) {
        return other.column_family == family;
      });
      if (argument == arguments.end()) {
        argument = arguments.emplace(arguments.end());
        argument->column_family = family;
        argument->options.move_files = true;
      }
      argument->external_files.push_back(file.path);
    }
  }
  if (!arguments.empty()) {
    database_->check(database_->db().IngestExternalFiles(arguments), "taking in sorted files");
  }
}

}  // namespace auspex::stateStore
