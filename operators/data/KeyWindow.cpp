// SPDX-License-Identifier: Apache-2.0
#include "operators/data/KeyWindow.h"

#include "operators/data/ClampedAdd.h"
#include "stateStore/ByteParser.h"

namespace auspex::operators {
namespace {

constexpr size_t kBoundBytes = 8;

int64_t readBound(std::string_view bytes) {
  return static_cast<int64_t>(stateStore::ByteParser(bytes, "windowed key").readFixed64());
}

}  // namespace

const char* nameOf(WindowType type) {
  constexpr const char* kNames[] = {"TUMBLING", "HOPPING", "SESSION"};
  return kNames[static_cast<size_t>(type)];
}

void appendBounds(std::string& key, const KeyWindow& window, const WindowBounds& bounds) {
  if (window.isSession()) {
    stateStore::appendFixed64(key, static_cast<uint64_t>(bounds.end));
  }
  stateStore::appendFixed64(key, static_cast<uint64_t>(bounds.start));
}

std::optional<WindowBounds> takeBounds(std::string_view& key, const KeyWindow& window) {
  const size_t numBytes = window.isSession() ? 2 * kBoundBytes : kBoundBytes;
  if (key.size() < numBytes) {
    return std::nullopt;
  }
  const std::string_view bytes = key.substr(key.size() - numBytes);
  key.remove_suffix(numBytes);
  WindowBounds bounds;
  if (window.isSession()) {
    bounds.end = readBound(bytes);
    bounds.start = readBound(bytes.substr(kBoundBytes));
  } else {
    bounds.start = readBound(bytes);
    bounds.end = addClamped(bounds.start, window.sizeMillis);
  }
  return bounds;
}

}  // namespace auspex::operators
