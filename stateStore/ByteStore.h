// SPDX-License-Identifier: Apache-2.0
// The narrow port to what keeps bytes: several ordered stores of one task, read in batches, and
// changed together atomically. MemoryStore and RocksStore implement it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "stateStore/Arena.h"

namespace auspex::stateStore {

/// Position of a store in its task: 0 is the meta store, then the stores in the order they were
/// named.
enum class StoreIndex : std::uint32_t {};

inline constexpr StoreIndex kMetaStore{0};
inline constexpr std::string_view kMetaStoreName = "meta";

/// Receives a row of a scan; returns false to end the scan. Views live for the call.
using RowVisitor = std::function<bool(std::string_view key, std::string_view value)>;

/// A value, or the removal of the key, or of all keys from it to before `rangeEnd`. Views are
/// borrowed for the call.
struct RowChange {
  StoreIndex store;
  std::string_view key;
  std::optional<std::string_view> value;
  std::optional<std::string_view> rangeEnd = {};
};

/// Changes of a whole task; of two changes of one key the later wins. Ranges stand before
/// all other changes.
using WriteBatchView = std::span<const RowChange>;

/// Reads committed rows. Keys are ordered as unsigned bytes. Any thread.
class ByteReader {
 public:
  virtual ~ByteReader() = default;

  /// Reads keys that are strictly ascending: values[i] belongs to keys[i], absent if there is no
  /// such row. Bytes are copied to the arena. Throws StoreError.
  virtual void multiGet(StoreIndex store, std::span<const std::string_view> keys, Arena& arena,
                        std::span<std::optional<std::string_view>> values) const = 0;

  /// Visits the rows with begin <= key < end in order; no end means to the last row. Throws
  /// StoreError.
  virtual void scan(StoreIndex store, std::string_view begin, std::optional<std::string_view> end,
                    const RowVisitor& visitor) const = 0;
};

/// Rows written beside a store, sorted, and not yet visible. Destroyed without ingest they are
/// gone.
class SortedRun {
 public:
  virtual ~SortedRun() = default;
};

/// The stores of one task. Reads from any thread; changes from the task's thread only.
class ByteStore : public ByteReader {
 public:
  /// Applies all changes or, after a crash, none. Survives the end of the process, not yet a power
  /// failure: see sync(). Throws StoreError.
  virtual void apply(WriteBatchView changes) = 0;

  /// Makes everything applied so far survive a power failure. Throws StoreError.
  virtual void sync() = 0;

  /// A consistent view over all stores as of now. It may outlive this object, but what lies on
  /// disk can then be opened anew, and reading throws StoreError.
  virtual std::unique_ptr<const ByteReader> snapshot() const = 0;

  /// Writes changes, sorted strictly ascending by (store, key) and without ranges, as a run for
  /// ingest(). Throws StoreError.
  virtual std::unique_ptr<SortedRun> writeRun(WriteBatchView sorted) = 0;

  /// Makes runs of this store visible over what was there, later runs over earlier ones: all of
  /// them or, after a crash, none. Much faster than apply() for many rows. Throws StoreError.
  virtual void ingest(std::vector<std::unique_ptr<SortedRun>> runs) = 0;
};

}  // namespace auspex::stateStore
