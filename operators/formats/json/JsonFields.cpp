// SPDX-License-Identifier: Apache-2.0
#include "operators/formats/json/JsonFields.h"

#include <cstring>

#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"

namespace auspex::operators {

namespace {

uint32_t skipArray(const JsonTokens& tokens, uint32_t i, int depth) {
  ++i;
  if (tokens.kind(i) == ']') {
    return i + 1;
  }
  while (true) {
    i = skipJsonValue(tokens, i, depth + 1);
    if (i == 0) {
      return 0;
    }
    if (tokens.kind(i) == ',') {
      ++i;
      continue;
    }
    return tokens.kind(i) == ']' ? i + 1 : 0;
  }
}

uint32_t skipObject(const JsonTokens& tokens, uint32_t i, int depth) {
  ++i;
  if (tokens.kind(i) == '}') {
    return i + 1;
  }
  while (true) {
    if (tokens.kind(i) != '"' || tokens.kind(i + 1) != ':') {
      return 0;
    }
    i = skipJsonValue(tokens, i + 2, depth + 1);
    if (i == 0) {
      return 0;
    }
    if (tokens.kind(i) == ',') {
      ++i;
      continue;
    }
    return tokens.kind(i) == '}' ? i + 1 : 0;
  }
}

uint64_t load(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

uint64_t lowBytes(size_t count) {
  return count >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * count)) - 1;
}

}  // namespace

uint32_t skipJsonValue(const JsonTokens& tokens, uint32_t i, int depth) {
  switch (tokens.kind(i)) {
    case '"':
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
    case 't':
    case 'f':
    case 'n':
      return i + 1;
    case '{':
      return depth > kMaxJsonDepth ? 0 : skipObject(tokens, i, depth);
    case '[':
      return depth > kMaxJsonDepth ? 0 : skipArray(tokens, i, depth);
    default:
      return 0;
  }
}

JsonFields::JsonFields(std::span<const std::string> names, const std::vector<bool>& used)
    : numSlots_(names.size()) {
  AUSPEX_ASSERT(names.size() < INT16_MAX);
  AUSPEX_ASSERT(used.empty() || used.size() == names.size());
  for (size_t slot = 0; slot < names.size(); ++slot) {
    if (used.empty() || used[slot]) {
      slotOfName_.emplace(names[slot], static_cast<int16_t>(slot));
    }
  }
}

JsonFields::Match JsonFields::find(std::string_view rawName, const JsonIndexer& indexer) const {
  std::string name;
  if (rawName.find('\\') == std::string_view::npos) {
    name = rawName;
  } else {
    name.resize(rawName.size() + kJsonPadding);
    const char* const end = indexer.unescape(rawName.data(), name.data());
    if (end == nullptr) {
      return {};  // names nothing; the text of unused fields is not checked
    }
    name.resize(static_cast<size_t>(end - name.data()));
  }
  Match match;
  const auto exact = slotOfName_.find(name);
  match.exact = exact == slotOfName_.end() ? kNone : exact->second;
  name = asciiUpper(name);
  const auto upper = slotOfName_.find(name);
  match.upper = upper == slotOfName_.end() ? kNone : upper->second;
  if (match.upper == match.exact) {
    match.upper = kNone;
  }
  return match;
}

JsonFields::Match JsonFields::findAndGuess(size_t place, std::string_view rawName,
                                           const JsonIndexer& indexer) {
  const Match match = find(rawName, indexer);
  if (place >= kMaxGuesses || rawName.size() > kGuessedBytes) {
    return match;
  }
  if (place >= guesses_.size()) {
    guesses_.resize(place + 1);
  }
  Guess& guess = guesses_[place];
  guess.size = static_cast<uint32_t>(rawName.size());
  guess.match = match;
  guess.maskLow = lowBytes(rawName.size());
  guess.maskHigh = rawName.size() > 8 ? lowBytes(rawName.size() - 8) : 0;
  guess.name.fill(0);
  std::memcpy(guess.name.data(), rawName.data(), rawName.size());
  return match;
}

inline bool JsonFields::Guess::fits(std::string_view key) const {
  if (key.size() != size) {
    return false;
  }
  // Both names can be read beyond their end: text is padded, and so is `name`.
  if (size <= 16) {
    const uint64_t low = (load(key.data()) ^ load(name.data())) & maskLow;
    const uint64_t high = (load(key.data() + 8) ^ load(name.data() + 8)) & maskHigh;
    return (low | high) == 0;
  }
  return std::memcmp(key.data(), name.data(), size) == 0;
}

/// Scalars and strings are one token; everything else goes the general way.
inline uint32_t skipFieldValue(const JsonTokens& tokens, uint32_t i) {
  const char kind = tokens.kind(i);
  if (kind == '"' || static_cast<unsigned>(kind - '0') < 10) [[likely]] {
    return i + 1;
  }
  return skipJsonValue(tokens, i, 2);
}

uint32_t JsonFields::walk(const JsonTokens& tokens, uint32_t i, const JsonIndexer& indexer,
                          uint32_t* slots, size_t stride) {
  if (tokens.kind(i) != '{') {
    return 0;
  }
  ++i;
  if (tokens.kind(i) == '}') {
    return i + 1;
  }
  for (size_t place = 0;; ++place) {
    if (tokens.kind(i) != '"' || tokens.kind(i + 1) != ':') {
      return 0;
    }
    const std::string_view name = tokens.rawString(i);
    const Match match = place < guesses_.size() && guesses_[place].fits(name)
                            ? guesses_[place].match
                            : findAndGuess(place, name, indexer);
    const uint32_t value = i + 2;
    i = skipFieldValue(tokens, value);
    if (i == 0) {
      return 0;
    }
    if (match.exact != kNone) {
      slots[static_cast<size_t>(match.exact) * stride] = (value + 1) | kExact;
    }
    if (match.upper != kNone) {
      uint32_t& slot = slots[static_cast<size_t>(match.upper) * stride];
      slot = (slot & kExact) != 0 ? slot : value + 1;
    }
    if (tokens.kind(i) == ',') {
      ++i;
      continue;
    }
    return tokens.kind(i) == '}' ? i + 1 : 0;
  }
}

}  // namespace auspex::operators
