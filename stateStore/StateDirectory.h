// SPDX-License-Identifier: Apache-2.0
// The data directory of a process: its lock, its format version, and the one place that knows the
// names of the directories in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace auspex::stateStore {

/// A data directory held by this process until the object ends: docs/stateLayout.md, "Data
/// directory".
class StateDirectory {
 public:
  /// Creates the directory if needed, locks it and checks its format. Throws StoreError: held by
  /// another process (the message gives its pid and start), written by another format, or not
  /// usable.
  explicit StateDirectory(std::filesystem::path root);
  ~StateDirectory();

  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  const std::filesystem::path& root() const { return root_; }

  /// Directory of all states of one query. Characters other than letters, digits, '-' and '_' are
  /// escaped. Throws StoreError if the name would be too long for a file system.
  std::filesystem::path queryPath(std::string_view queryId) const;

  /// Directory of the state of one task; TaskState::open creates it.
  std::filesystem::path taskPath(std::string_view queryId, std::uint32_t subTopology,
                                 std::int32_t partition) const;

  /// The ids of queries with state, sorted.
  std::vector<std::string> queries() const;

  /// Removes the state of one task, of one query, or of all. None of them may be open. Throws
  /// StoreError.
  void removeTask(std::string_view queryId, std::uint32_t subTopology, std::int32_t partition);
  void removeQuery(std::string_view queryId);
  void removeAll();

 private:
  void lock();
  void unlock() noexcept;
  void checkFormat() const;
  std::filesystem::path statePath() const;

  std::filesystem::path root_;
  int lockFile_ = -1;
};

}  // namespace auspex::stateStore
