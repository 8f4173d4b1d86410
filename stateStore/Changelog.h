// SPDX-License-Identifier: Apache-2.0
// Where a task's changes are logged, as an interface that the engine implements over a broker's
// topic, and the keys of its records: all stores of a task share one changelog partition.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace auspex::stateStore {

/// Takes the records of one task's changelog partition, in order, inside the running transaction.
class Changelog {
 public:
  virtual ~Changelog() = default;

  /// Appends a record; no value is a tombstone. Views live for the call. Errors are the broker's
  /// own.
  virtual void append(std::string_view key, std::optional<std::string_view> value) = 0;
};

/// A changelog record's key taken apart. Views into the record.
struct ChangelogKey {
  std::string_view store;  // empty: the meta store
  std::string_view key;
  bool operator==(const ChangelogKey&) const = default;
};

/// Record keys of the multiplexed changelog: docs/stateLayout.md, "Changelog".
class ChangelogCodec {
 public:
  /// The longest name of a store, in bytes.
  static constexpr std::size_t kMaxStoreName = 255;

  /// Replaces `out` with the record key of a row. An empty store name means the meta store.
  static void encodeKey(std::string_view store, std::string_view key, std::string& out);

  /// Takes a record key apart. Throws StoreError if it is not one.
  static ChangelogKey decodeKey(std::string_view recordKey);

  /// The record key of the commit marker; its value is Marker::encode().
  static std::string markerKey();

  /// Whether a record ends a transaction. Never throws.
  static bool isMarkerKey(std::string_view recordKey);
};

}  // namespace auspex::stateStore
