// SPDX-License-Identifier: Apache-2.0
// The rows of a task's meta store: docs/stateLayout.md, "Meta store". Shared by the commit, the
// restore and the readers of snapshots.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stateStore/ByteStore.h"
#include "stateStore/ErasedKeys.h"
#include "stateStore/Marker.h"

namespace auspex::stateStore {

inline constexpr std::string_view kMarkerRow = "marker";
inline constexpr std::string_view kOffsetRow = "changelogOffset";
inline constexpr std::string_view kLayoutPrefix = "layout/";
inline constexpr std::string_view kErasedPrefix = "erased/";  ///< before the name of a store

/// Value of the row that says which keys of a store were erased at once.
std::string encodeRange(const ErasedKeys& keys);

/// Throws StoreError on damage.
ErasedKeys decodeRange(std::string_view bytes);

/// Value of the changelog offset's row.
std::string encodeOffset(std::int64_t offset);

/// Reads the marker, absent before the first commit. Throws StoreError on damage.
std::optional<Marker> readMarker(const ByteReader& rows);

/// Reads the offset of the marker's record, absent before the first commit. Throws StoreError on
/// damage.
std::optional<std::int64_t> readOffset(const ByteReader& rows);

}  // namespace auspex::stateStore
