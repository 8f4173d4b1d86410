// SPDX-License-Identifier: Apache-2.0
#include "engine/shell/LineInput.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <clocale>
#include <cstdlib>
#include <cwchar>

#include "engine/Signals.h"

namespace auspex::engine {
namespace {

constexpr int kHistoryLines = 1000;
constexpr int kIdleMillis = 20;

char* firstPrompt(EditLine*) {
  static std::array prompt{'a', 'u', 's', 'p', 'e', 'x', '>', ' ', '\0'};
  return prompt.data();
}

char* nextPrompt(EditLine*) {
  static std::array prompt{' ', ' ', ' ', '.', '.', '.', '>', ' ', '\0'};
  return prompt.data();
}

class PlainInput final : public LineInput {
 public:
  using LineInput::LineInput;

  std::optional<std::string> read(bool) override {
    std::string line;
    while (const std::optional<char> byte = readByte()) {
      line += *byte;
      if (*byte == '\n') {
        return line;
      }
    }
    return line.empty() ? std::nullopt : std::optional(line + "\n");
  }
  void remember(const std::string&) override {}
};

/// Over libedit; the history is kept in the user's home.
class EditedInput final : public LineInput {
 public:
  explicit EditedInput(std::function<void()> idle)
      : LineInput(std::move(idle)),
        editor_(el_init("auspex", stdin, stdout, stderr), el_end),
        history_(history_init(), history_end) {
    HistEvent event;
    history(history_.get(), &event, H_SETSIZE, kHistoryLines);
    history(history_.get(), &event, H_SETUNIQUE, 1);
    if (const char* const home = std::getenv("HOME"); home != nullptr) {
      file_ = std::string(home) + "/.auspex_history";
      history(history_.get(), &event, H_LOAD, file_.c_str());
    }
    el_set(editor_.get(), EL_CLIENTDATA, this);
    el_set(editor_.get(), EL_EDITOR, "emacs");
    el_set(editor_.get(), EL_SIGNAL, 0);
    el_set(editor_.get(), EL_HIST, history, history_.get());
    el_set(editor_.get(), EL_GETCFN, &EditedInput::getCharacter);
  }
  ~EditedInput() override {
    HistEvent event;
    if (!file_.empty()) {
      history(history_.get(), &event, H_SAVE, file_.c_str());
    }
  }

  std::optional<std::string> read(bool continued) override {
    el_set(editor_.get(), EL_PROMPT, continued ? nextPrompt : firstPrompt);
    int count = 0;
    const char* const line = el_gets(editor_.get(), &count);
    if (line == nullptr || count <= 0) {
      return std::nullopt;
    }
    return std::string(line, static_cast<size_t>(count));
  }

  void remember(const std::string& text) override {
    HistEvent event;
    history(history_.get(), &event, H_ENTER, text.c_str());
  }

 private:
  static int getCharacter(EditLine* editor, wchar_t* character) {
    EditedInput* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    std::mbstate_t state{};
    while (true) {
      const std::optional<char> byte = self->readByte();
      if (!byte) {
        return isInterrupted() ? -1 : 0;
      }
      const size_t used = std::mbrtowc(character, &*byte, 1, &state);
      if (used == static_cast<size_t>(-2)) {
        continue;  // a character of several bytes
      }
      if (used == static_cast<size_t>(-1)) {
        *character = L'?';
      }
      return 1;
    }
  }

  std::unique_ptr<EditLine, void (*)(EditLine*)> editor_;
  std::unique_ptr<History, void (*)(History*)> history_;
  std::string file_;
};

}  // namespace

std::optional<char> LineInput::readByte() {
  while (begin_ == buffer_.size()) {
    if (isInterrupted()) {
      return std::nullopt;
    }
    pollfd waited{STDIN_FILENO, POLLIN, 0};
    if (::poll(&waited, 1, kIdleMillis) <= 0) {
      idle_();
      continue;
    }
    std::array<char, 4096> chunk{};
    const ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return std::nullopt;
    }
    buffer_.assign(chunk.data(), static_cast<size_t>(count));
    begin_ = 0;
  }
  return buffer_[begin_++];
}

std::unique_ptr<LineInput> LineInput::open(std::function<void()> idle) {
  if (isatty(STDIN_FILENO) == 0) {
    return std::make_unique<PlainInput>(std::move(idle));
  }
  // What is typed is UTF-8, whatever the environment says.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  return std::make_unique<EditedInput>(std::move(idle));
}

}  // namespace auspex::engine
