// SPDX-License-Identifier: Apache-2.0
// Which columns take the value of a JSON field, by its name; and the walk over the fields of an
// object that finds their values.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "operators/data/SqlType.h"
#include "operators/formats/json/JsonTokens.h"

namespace auspex::operators {

/// Deepest nesting of objects and arrays that is read.
inline constexpr int kMaxJsonDepth = 1000;

/// Token after the value that begins at token `i`, or 0 when the value is not built by JSON's
/// grammar or nested too deeply. Checks structure; words and numbers by their first byte only.
uint32_t skipJsonValue(const JsonTokens& tokens, uint32_t i, int depth = 1);

/// The columns of one object. ksqlDB looks for a field of exactly the column's name and, when there
/// is none, for one whose upper-cased name is the column's; of several the last one counts.
class JsonFields {
 public:
  /// names[i] is the field of slot i; slots of unused columns may be left out by an empty `used`
  /// flag (absent means all are used).
  JsonFields(std::span<const std::string> names, const std::vector<bool>& used);

  size_t numSlots() const { return numSlots_; }

  /// Walks the object that begins at token `i`. Sets slots[slot * stride] to the token of each
  /// column's value plus one, with kExact for exact names; slots must be 0 before and stay so for
  /// absent fields. Returns the token after the object, 0 when the text is not an object by JSON's
  /// grammar (then slots are undefined). Remembers the order of fields from object to object.
  uint32_t walk(const JsonTokens& tokens, uint32_t i, const JsonIndexer& indexer, uint32_t* slots,
                size_t stride);

  /// The token in a slot that is not 0.
  static uint32_t tokenOf(uint32_t slot) { return (slot & ~kExact) - 1; }

 private:
  static constexpr uint32_t kExact = 0x80000000U;
  static constexpr size_t kGuessedBytes = 56;
  static constexpr size_t kMaxGuesses = 512;
  static constexpr int16_t kNone = -1;

  struct Match {
    int16_t exact = kNone;
    int16_t upper = kNone;
  };

  /// The field that the previous object had at this place, as written there.
  struct Guess {
    uint32_t size = UINT32_MAX;
    Match match;
    uint64_t maskLow = 0;   // of the first eight bytes of the name
    uint64_t maskHigh = 0;  // of the next eight
    std::array<char, kGuessedBytes + 8> name{};

    bool fits(std::string_view key) const;
  };

  Match find(std::string_view rawName, const JsonIndexer& indexer) const;
  Match findAndGuess(size_t place, std::string_view rawName, const JsonIndexer& indexer);

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, int16_t, Hash, std::equal_to<>> slotOfName_;
  size_t numSlots_;
  std::vector<Guess> guesses_;
};

}  // namespace auspex::operators
