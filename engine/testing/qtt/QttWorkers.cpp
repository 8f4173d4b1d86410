// SPDX-License-Identifier: Apache-2.0
#include "engine/testing/qtt/QttWorkers.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace auspex::engine {
namespace {

using Clock = std::chrono::steady_clock;

/// A case that is still at work after so long never ends.
constexpr std::chrono::seconds kCaseLimit{60};
constexpr std::chrono::milliseconds kPollInterval{500};
constexpr size_t kNoCase = static_cast<size_t>(-1);

/// What the processes share: who takes which case.
struct Board {
  std::atomic<size_t> next{0};
};

/// Head of an outcome on a worker's pipe; the text follows. `done` false: the case begins.
struct Frame {
  size_t index = 0;
  size_t textSize = 0;
  bool done = false;
  QttVerdict verdict = QttVerdict::Passed;
};

struct UnmapBoard {
  void operator()(Board* board) const { munmap(board, sizeof(Board)); }
};
using BoardPtr = std::unique_ptr<Board, UnmapBoard>;

BoardPtr makeBoard() {
  void* const memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw std::runtime_error("cannot share memory with workers");
  }
  return BoardPtr(::new (memory) Board);
}

void writeAll(int pipe, const void* data, size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(pipe, next, size);
    if (written < 0 && errno != EINTR) {
      _exit(1);  // the parent is gone
    }
    next += written > 0 ? written : 0;
    size -= static_cast<size_t>(written > 0 ? written : 0);
  }
}

[[noreturn]] void work(Board& board, int pipe, size_t numCases,
                       const std::function<QttOutcome(size_t)>& run) {
  for (size_t index = board.next++; index < numCases; index = board.next++) {
    Frame frame{index, 0, false, QttVerdict::Passed};
    writeAll(pipe, &frame, sizeof(frame));
    const QttOutcome outcome = run(index);
    frame = {index, outcome.text.size(), true, outcome.verdict};
    writeAll(pipe, &frame, sizeof(frame));
    writeAll(pipe, outcome.text.data(), outcome.text.size());
  }
  _exit(0);
}

/// One child process as its parent sees it.
class Worker {
 public:
  Worker(Board& board, size_t numCases, const std::function<QttOutcome(size_t)>& run) {
    int ends[2];
    if (::pipe(ends) != 0) {
      throw std::runtime_error(fmt::format("cannot make a pipe: {}", strerror(errno)));
    }
    process_ = fork();
    if (process_ < 0) {
      close(ends[0]);
      close(ends[1]);
      throw std::runtime_error(fmt::format("cannot start a process: {}", strerror(errno)));
    }
    if (process_ == 0) {
      close(ends[0]);
      work(board, ends[1], numCases, run);
    }
    close(ends[1]);
    pipe_ = ends[0];
  }
  ~Worker() {
    close(pipe_);
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int pipe() const { return pipe_; }
  size_t current() const { return current_; }

  /// Takes over what the pipe holds; false at its end.
  bool read(std::vector<QttOutcome>& outcomes) {
    char bytes[65536];
    const ssize_t size = ::read(pipe_, bytes, sizeof(bytes));
    if (size <= 0) {
      return size < 0 && errno == EINTR;
    }
    buffer_.append(bytes, static_cast<size_t>(size));
    Frame frame;
    while (buffer_.size() >= sizeof(frame)) {
      memcpy(&frame, buffer_.data(), sizeof(frame));
      if (buffer_.size() < sizeof(frame) + frame.textSize) {
        break;
      }
      if (frame.done) {
        outcomes[frame.index] = {frame.verdict, buffer_.substr(sizeof(frame), frame.textSize)};
      }
      current_ = frame.done ? kNoCase : frame.index;
      since_ = Clock::now();
      buffer_.erase(0, sizeof(frame) + frame.textSize);
    }
    return true;
  }

  /// Ends a worker whose case never ends.
  void checkTime() {
    if (current_ != kNoCase && Clock::now() - since_ > kCaseLimit && !tooLong_) {
      tooLong_ = true;
      kill(process_, SIGKILL);
    }
  }

  /// After the pipe's end: how the process died; nothing when it had done its work.
  std::optional<std::string> cause() {
    int status = 0;
    waitpid(std::exchange(process_, -1), &status, 0);
    if (tooLong_) {
      return fmt::format("it was still at work after {} seconds", kCaseLimit.count());
    }
    if (WIFSIGNALED(status)) {
      return fmt::format("the engine ended: {}", strsignal(WTERMSIG(status)));
    }
    return WEXITSTATUS(status) == 0
               ? std::nullopt
               : std::optional(fmt::format("the engine ended with {}", WEXITSTATUS(status)));
  }

 private:
  pid_t process_ = -1;
  int pipe_ = -1;
  std::string buffer_;
  size_t current_ = kNoCase;
  Clock::time_point since_ = Clock::now();
  bool tooLong_ = false;
};

using Workers = std::vector<std::unique_ptr<Worker>>;

/// Waits until a worker has told something or an interval has passed.
std::vector<pollfd> waitFor(const Workers& workers) {
  std::vector<pollfd> waits;
  for (const auto& worker : workers) {
    waits.push_back({worker->pipe(), POLLIN, 0});
  }
  poll(waits.data(), waits.size(), static_cast<int>(kPollInterval.count()));
  return waits;
}

}  // namespace

std::vector<QttOutcome> runInWorkers(size_t numCases, size_t numWorkers,
                                     const std::function<QttOutcome(size_t)>& run) {
  std::vector<QttOutcome> outcomes(numCases, {QttVerdict::Failed, "    it did not run\n"});
  const BoardPtr board = makeBoard();
  Workers workers;
  for (size_t i = 0; i < numWorkers; ++i) {
    workers.push_back(std::make_unique<Worker>(*board, numCases, run));
  }
  while (!workers.empty()) {
    const std::vector<pollfd> waits = waitFor(workers);
    for (size_t i = waits.size(); i-- > 0;) {
      Worker& worker = *workers[i];
      worker.checkTime();
      if (waits[i].revents == 0 || worker.read(outcomes)) {
        continue;
      }
      const size_t current = worker.current();
      const std::optional<std::string> cause = worker.cause();
      if (cause && current != kNoCase) {
        outcomes[current] = {QttVerdict::Failed, fmt::format("    {}\n", *cause)};
      }
      workers.erase(workers.begin() + static_cast<ptrdiff_t>(i));
      if (cause && board->next.load() < numCases) {
        workers.push_back(std::make_unique<Worker>(*board, numCases, run));
      }
    }
  }
  return outcomes;
}

}  // namespace auspex::engine
