// SPDX-License-Identifier: Apache-2.0
// Keys that carry a window of time: what they are, and their bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace auspex::operators {

enum class WindowType : uint8_t { Tumbling, Hopping, Session };

/// "TUMBLING", "HOPPING" or "SESSION".
const char* nameOf(WindowType type);

/// How the keys of a topic are windowed.
struct KeyWindow {
  WindowType type = WindowType::Tumbling;
  int64_t sizeMillis = 0;  ///< of tumbling and hopping windows; sessions have no size

  bool isSession() const { return type == WindowType::Session; }
  friend bool operator==(const KeyWindow& left, const KeyWindow& right) = default;
};

/// From `start` on, up to `end`: exclusive, but a session ends with its last row.
struct WindowBounds {
  int64_t start = 0;
  int64_t end = 0;
};

/// Appends the window to the bytes of a key, in Kafka Streams' form: 8 bytes each, highest first,
/// the start of a window of a size, the end and the start of a session.
void appendBounds(std::string& key, const KeyWindow& window, const WindowBounds& bounds);

/// Takes the window off the end of a windowed key; nothing when the key is too short for one.
std::optional<WindowBounds> takeBounds(std::string_view& key, const KeyWindow& window);

}  // namespace auspex::operators
