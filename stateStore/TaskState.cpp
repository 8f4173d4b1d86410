// SPDX-License-Identifier: Apache-2.0
#include "stateStore/TaskState.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <map>
#include <utility>

#include "stateStore/MetaRows.h"
#include "stateStore/Restore.h"
#include "stateStore/StoreError.h"
#include "stateStore/WriteBehindStore.h"
#include "stateStore/memory/MemoryStore.h"
#include "stateStore/rocksdb/RocksStore.h"

namespace auspex::stateStore {

namespace {

std::vector<std::string> namesOf(const std::vector<StoreSpec>& stores) {
  std::vector<std::string> names;
  for (const StoreSpec& store : stores) {
    names.push_back(store.name);
  }
  return names;
}

void checkNames(const std::vector<StoreSpec>& stores) {
  std::vector<std::string> names = namesOf(stores);
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end()) {
    throw StoreError(fmt::format("Two stores have the name '{}'", *twice));
  }
  for (const std::string& name : names) {
    if (name.empty() || name.size() > ChangelogCodec::kMaxStoreName || name == kMetaStoreName ||
        name == "default") {
      throw StoreError(
          fmt::format("'{}' cannot be the name of a store: 1 to {} bytes, not 'meta' or 'default'",
                      name, ChangelogCodec::kMaxStoreName));
    }
  }
}

StoreIndex indexAt(std::size_t position) {
  return static_cast<StoreIndex>(position + 1);
}

}  // namespace

StateSnapshot::StateSnapshot(std::vector<std::string> storeNames,
                             std::unique_ptr<const ByteReader> rows)
    : storeNames_(std::move(storeNames)), rows_(std::move(rows)) {
}

std::optional<Marker> StateSnapshot::marker() const {
  return readMarker(*rows_);
}

std::optional<std::string> StateSnapshot::get(std::string_view store, std::string_view key) const {
  Arena arena;
  std::optional<std::string_view> value;
  rows_->multiGet(indexOf(store), {&key, 1}, arena, {&value, 1});
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

void StateSnapshot::scan(std::string_view store, std::string_view begin,
                         std::optional<std::string_view> end, const RowVisitor& visitor) const {
  rows_->scan(indexOf(store), begin, end, visitor);
}

StoreIndex StateSnapshot::indexOf(std::string_view store) const {
  const auto name = std::find(storeNames_.begin(), storeNames_.end(), store);
  if (name == storeNames_.end()) {
    throw StoreError(fmt::format("Unknown store: '{}'", store));
  }
  return indexAt(static_cast<std::size_t>(name - storeNames_.begin()));
}

std::unique_ptr<TaskState> TaskState::open(const std::filesystem::path& directory,
                                           std::vector<StoreSpec> stores,
                                           std::shared_ptr<const StateMemory> memory,
                                           TaskStateOptions options) {
  checkNames(stores);
  const WriteBehindStore::Limits limits{options.commitsPerWrite, options.writeBehindBytes};
  auto bytes = std::make_unique<WriteBehindStore>(
      std::make_unique<RocksStore>(directory, namesOf(stores), std::move(memory)), stores.size(),
      limits);
  return std::make_unique<TaskState>(std::move(bytes), std::move(stores), options);
}

std::unique_ptr<TaskState> TaskState::inMemory(std::vector<StoreSpec> stores,
                                               TaskStateOptions options) {
  auto bytes = std::make_unique<MemoryStore>(stores.size());
  return std::make_unique<TaskState>(std::move(bytes), std::move(stores), options);
}

TaskState::TaskState(std::unique_ptr<ByteStore> bytes, std::vector<StoreSpec> stores,
                     TaskStateOptions options)
    : specs_(std::move(stores)), options_(options), bytes_(std::move(bytes)) {
  checkNames(specs_);
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    layoutKeys_.push_back(fmt::format("{}{}", kLayoutPrefix, specs_[i].name));
    stores_.push_back(std::make_unique<KeyValueStore>(specs_[i].name, indexAt(i), *bytes_,
                                                      options_.cacheBytes, specs_.size() == 1));
  }
  readMeta();
}

TaskState::~TaskState() = default;

void TaskState::readMeta() {
  marker_ = readMarker(*bytes_);
  changelogOffset_ = readOffset(*bytes_);
  if (marker_.has_value() != changelogOffset_.has_value()) {
    throw DamagedState("Damaged state: of commit marker and changelog offset only one is there");
  }
  if (marker_) {
    checkLayouts();
  }
}

void TaskState::checkLayouts() {
  std::map<std::string, std::string> kept;
  const std::optional<std::string> end = prefixEnd(kLayoutPrefix);
  bytes_->scan(kMetaStore, kLayoutPrefix, *end,
               [&kept](std::string_view key, std::string_view layout) {
                 kept.emplace(key.substr(kLayoutPrefix.size()), layout);
                 return true;
               });
  for (const StoreSpec& spec : specs_) {
    const auto layout = kept.find(spec.name);
    if (layout == kept.end()) {
      throw StoreError(
          fmt::format("The kept state has no store '{}', which the query now needs. Start with "
                      "--fresh, or keep "
                      "the query as it was.",
                      spec.name));
    }
    checkLayout(spec, layout->second);
    kept.erase(layout);
  }
  if (!kept.empty()) {
    throw StoreError(fmt::format(
        "The kept state has a store '{}', which the query no longer has. Start with --fresh, or "
        "keep the query as it was.",
        kept.begin()->first));
  }
  layoutsKept_ = true;
}

void TaskState::checkLayout(const StoreSpec& spec, std::string_view kept) const {
  if (kept != spec.rowLayout) {
    throw StoreError(fmt::format(
        "The rows of the store '{}' were written as '{}', the query now reads them as '{}'. Start "
        "with --fresh, or keep the query as it was.",
        spec.name, kept, spec.rowLayout));
  }
}

KeyValueStore& TaskState::store(std::string_view name) {
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    if (store->name() == name) {
      return *store;
    }
  }
  throw StoreError(fmt::format("Unknown store: '{}'", name));
}

std::size_t TaskState::sizeBytes() const {
  std::size_t size = 0;
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    size += store->sizeBytes();
  }
  return size;
}

std::uint64_t TaskState::numWrites() const {
  std::uint64_t count = 0;
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    count += store->numWrites();
  }
  return count;
}

/// Of a commit, beside its marker: layouts come with the first one, and again with what is erased
/// at once, since the records that held them may then leave the changelog.
std::vector<std::pair<std::string, std::string>> TaskState::metaRows() const {
  std::vector<std::pair<std::string, std::string>> rows;
  bool anyErased = false;
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    if (const std::optional<ErasedRange>& erased = store->erasedRange()) {
      rows.emplace_back(fmt::format("{}{}", kErasedPrefix, store->name()),
                        encodeRange(erased->keys));
      anyErased = true;
    }
  }
  if (!layoutsKept_ || anyErased) {
    for (std::size_t i = 0; i < specs_.size(); ++i) {
      rows.emplace_back(layoutKeys_[i], specs_[i].rowLayout);
    }
  }
  return rows;
}

std::size_t TaskState::prepareCommit(Changelog& changelog, const Marker& marker) {
  assert(restore_ == nullptr);
  std::size_t numRecords = 0;
  std::string recordKey;
  const auto append = [&](std::string_view store, std::string_view key,
                          std::optional<std::string_view> value) {
    ChangelogCodec::encodeKey(store, key, recordKey);
    changelog.append(recordKey, value);
    ++numRecords;
  };
  for (const auto& [key, value] : metaRows()) {
    append("", key, value);
  }
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    store->visitChanged([&](std::string_view key, std::optional<std::string_view> value) {
      append(store->name(), key, value);
    });
  }
  append("", kMarkerRow, marker.encode());
  preparedWrites_ = numWrites();
  return numRecords;
}

void TaskState::applyCommit(const Marker& marker, std::int64_t changelogOffset) {
  assert(restore_ == nullptr);
  assert(preparedWrites_ == numWrites());
  assert(!changelogOffset_ || changelogOffset > *changelogOffset_);
  const std::vector<std::pair<std::string, std::string>> rows = metaRows();
  std::vector<RowChange> changes;
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    if (const std::optional<ErasedRange>& erased = store->erasedRange()) {
      changes.push_back({store->index(), erased->keys.begin, std::nullopt, erased->keys.end});
    }
  }
  for (const auto& [key, value] : rows) {
    changes.push_back({kMetaStore, key, value});
  }
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    store->visitChanged([&](std::string_view key, std::optional<std::string_view> value) {
      changes.push_back({store->index(), key, value});
    });
  }
  const std::string markerBytes = marker.encode();
  const std::string offsetBytes = encodeOffset(changelogOffset);
  changes.push_back({kMetaStore, kMarkerRow, markerBytes});
  changes.push_back({kMetaStore, kOffsetRow, offsetBytes});
  bytes_->apply(changes);
  changelogOffset_ = changelogOffset;
  noteErased();
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    store->markCommitted();
  }
  marker_ = marker;
  layoutsKept_ = true;
  preparedWrites_.reset();
}

/// A range that reaches behind all rows of an earlier commit makes what was logged until then
/// needless: its rows are erased, and rows outside the range and in the meta store have been logged
/// again since, with the range.
void TaskState::noteErased() {
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    const std::optional<ErasedRange>& erased = store->erasedRange();
    if (!erased) {
      continue;
    }
    if (rowsUntil_ && erased->keys.end < rowsUntil_->second) {
      continue;
    }
    if (rowsUntil_) {
      neededFrom_ = rowsUntil_->first;
    }
    rowsUntil_ = std::pair(*changelogOffset_, erased->above);
  }
}

void TaskState::abort() {
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    store->abort();
  }
  preparedWrites_.reset();
}

void TaskState::sync() {
  bytes_->sync();
}

void TaskState::beginRestore() {
  assert(restore_ == nullptr);
  std::map<std::string, StoreIndex, std::less<>> indexes{{"", kMetaStore}};
  for (const std::unique_ptr<KeyValueStore>& store : stores_) {
    assert(store->numChanged() == 0);
    indexes.emplace(store->name(), store->index());
  }
  preparedWrites_.reset();
  restore_ = std::make_unique<Restore>(*bytes_, std::move(indexes), options_.restoreBufferBytes,
                                       options_.ingestBytes);
}

void TaskState::restoreRecord(std::string_view key, std::optional<std::string_view> value,
                              std::int64_t offset) {
  assert(restore_ != nullptr);
  if (changelogOffset_ && offset <= *changelogOffset_) {
    return;
  }
  const ChangelogKey row = ChangelogCodec::decodeKey(key);
  if (row.store.empty() && row.key.starts_with(kLayoutPrefix) && value) {
    const std::string_view name = row.key.substr(kLayoutPrefix.size());
    for (const StoreSpec& spec : specs_) {
      if (spec.name == name) {
        checkLayout(spec, *value);
      }
    }
  }
  restore_->add(key, value, offset);
}

void TaskState::applyRestored() {
  assert(restore_ != nullptr);
  if (std::optional<RestoredCommit> commit = restore_->applySealed()) {
    for (const std::unique_ptr<KeyValueStore>& store : stores_) {
      assert(store->numChanged() == 0);
      store->abort();  // rows in its cache are out of date
    }
    marker_ = std::move(commit->marker);
    changelogOffset_ = commit->changelogOffset;
  }
}

std::optional<Marker> TaskState::finishRestore() {
  applyRestored();
  restore_.reset();
  readMeta();
  return marker_;
}

std::shared_ptr<const StateSnapshot> TaskState::snapshot() const {
  return std::make_shared<StateSnapshot>(namesOf(specs_), bytes_->snapshot());
}

}  // namespace auspex::stateStore
