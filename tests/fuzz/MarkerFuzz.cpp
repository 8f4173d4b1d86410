// SPDX-License-Identifier: Apache-2.0
// Fuzzes the bytes that come back from changelogs: markers and record keys. Reading them must end
// in a value that encodes to the same bytes, or in a StoreError.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "stateStore/ByteParser.h"
#include "stateStore/Changelog.h"
#include "stateStore/Marker.h"
#include "stateStore/StoreError.h"

namespace {

using namespace auspex::stateStore;

void decodeMarker(std::string_view bytes) {
  try {
    const Marker marker = Marker::decode(bytes);
    assert(marker.encode() == bytes);
  } catch (const StoreError&) {
    return;
  }
}

void decodeKey(std::string_view bytes) {
  try {
    const ChangelogKey key = ChangelogCodec::decodeKey(bytes);
    std::string again;
    ChangelogCodec::encodeKey(key.store, key.key, again);
    assert(again == bytes);
  } catch (const StoreError&) {
    assert(!ChangelogCodec::isMarkerKey(bytes));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  decodeMarker(bytes);
  decodeKey(bytes);
  // The same bytes behind a right version and checksum, which no fuzzer would find by itself.
  std::string sealed(1, '\x01');
  sealed.append(bytes);
  appendFixed32(sealed, checksum(sealed));
  decodeMarker(sealed);
  return 0;
}
