// SPDX-License-Identifier: Apache-2.0
// Lines of a session: edited, with a history, at a terminal; as they come from a pipe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace auspex::engine {

/// Standard input by lines. While it waits, `idle` is called every few milliseconds, so that what
/// runs behind the session goes on. One thread.
class LineInput {
 public:
  explicit LineInput(std::function<void()> idle) : idle_(std::move(idle)) {}
  virtual ~LineInput() = default;

  /// A line with its end; nothing at the end of input, or after Ctrl-C (isInterrupted() tells).
  virtual std::optional<std::string> read(bool continued) = 0;
  /// Adds an entry to the history.
  virtual void remember(const std::string& text) = 0;

  /// For standard input as it is.
  static std::unique_ptr<LineInput> open(std::function<void()> idle);

 protected:
  /// Waits for a byte of standard input: nothing at its end or after Ctrl-C.
  std::optional<char> readByte();

 private:
  std::function<void()> idle_;
  std::string buffer_;
  size_t begin_ = 0;
};

}  // namespace auspex::engine
