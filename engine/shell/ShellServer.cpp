// SPDX-License-Identifier: Apache-2.0
#include "engine/shell/ShellServer.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>
#include <ostream>
#include <thread>

#include "engine/ExitCode.h"
#include "engine/TopicAccess.h"
#include "engine/shell/FrameSocket.h"
#include "engine/shell/Shell.h"

namespace auspex::engine {
namespace {

/// Splits off the text up to the next line end.
std::string takeLine(std::string& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string line = text.substr(0, end);
  text.erase(0, end + 1);
  return line;
}

OutputFormat formatOf(char letter) {
  return letter == 'j'   ? OutputFormat::Json
         : letter == 'c' ? OutputFormat::Csv
                         : OutputFormat::Table;
}

}  // namespace

/// One connection: its requests are done one after the other.
class ShellServer::Session {
 public:
  Session(Engine& engine, int descriptor)
      : engine_(engine),
        socket_(descriptor),
        outputBuffer_(socket_, FrameKind::Output),
        messageBuffer_(socket_, FrameKind::Message),
        output_(&outputBuffer_),
        messages_(&messageBuffer_),
        shell_(engine, OutputFormat::Table, output_, messages_) {}

  ~Session() {
    stopReading();
    shell_.cancel();
    messages_ << "auspex: the run has ended." << std::endl;
  }

  /// Returns false when the session is over.
  bool serve() {
    while (std::optional<Frame> frame = socket_.receive(0)) {
      if (frame->kind == FrameKind::Cancel) {
        stop_ = true;
        shell_.cancel();
      } else {
        requests_.push_back(std::move(*frame));
      }
    }
    if (socket_.isBroken()) {
      return false;
    }
    if (executes_) {
      stepShell();
    } else if (topicReader_.joinable()) {
      if (topicReaderDone_.load()) {
        topicReader_.join();
        finish(topicCode_);
      }
    } else if (!requests_.empty()) {
      Frame request = std::move(requests_.front());
      requests_.pop_front();
      begin(std::move(request));
    }
    return true;
  }

 private:
  void begin(Frame request) {
    stop_ = false;
    std::string& payload = request.payload;
    if (request.kind == FrameKind::Execute && payload.size() >= 2) {
      shell_.setFormat(formatOf(payload[0]));
      const bool stopAtError = payload[1] == '1';
      shell_.begin(payload.substr(2), stopAtError);
      executes_ = true;
    } else if (request.kind == FrameKind::ListTopics) {
      readTopics([this] { return writeTopicList(engine_.broker(), output_); });
    } else if (request.kind == FrameKind::PrintTopic) {
      TopicReading reading;
      if (const std::string limit = takeLine(payload); !limit.empty()) {
        reading.limit = std::atoll(limit.c_str());
      }
      reading.fromEnd = takeLine(payload) == "1";
      reading.topic = payload;
      readTopics([this, reading] {
        return writeTopicRecords(engine_.broker(), reading, output_, messages_,
                                 [this] { return stop_.load() || socket_.isBroken(); });
      });
    } else if (request.kind == FrameKind::ProduceLines) {
      produce(std::move(payload));
    } else {
      messages_ << "auspex: the run does not know this request; are both of one version?\n";
      finish(ExitCode::WrongUsage);
    }
  }

  void stepShell() {
    while (shell_.step()) {
      if (shell_.isWaiting()) {
        return;
      }
    }
    executes_ = false;
    finish(shell_.succeeded() ? ExitCode::Success : ExitCode::StatementFailed);
  }

  /// Reading may be long, and the broker's readers serve any thread.
  template <typename Action>
  void readTopics(Action action) {
    topicReaderDone_ = false;
    topicReader_ = std::thread([this, action] {
      try {
        topicCode_ = action();
      } catch (const std::exception& error) {
        messages_ << "auspex: " << error.what() << "\n";
        topicCode_ = ExitCode::Unavailable;
      }
      topicReaderDone_ = true;
    });
  }

  void stopReading() {
    stop_ = true;
    if (topicReader_.joinable()) {
      topicReader_.join();
    }
  }

  void produce(std::string payload) {
    const std::string topic = takeLine(payload);
    const std::string separator = takeLine(payload);
    try {
      if (!producer_ || producer_->topic() != topic || producer_->keySeparator() != separator) {
        producer_ = std::make_unique<LineProducer>(
            engine_.broker(), engine_.options().serviceId + "-produce", topic, separator);
      }
      std::vector<std::string> lines;
      while (!payload.empty()) {
        lines.push_back(takeLine(payload));
      }
      producer_->write(lines);
      finish(ExitCode::Success);
    } catch (const std::invalid_argument& error) {
      messages_ << "auspex: " << error.what() << "\n";
      finish(ExitCode::WrongUsage);
    } catch (const std::exception& error) {
      messages_ << "auspex: " << error.what() << "\n";
      finish(ExitCode::Unavailable);
    }
  }

  void finish(ExitCode code) {
    output_.flush();
    messages_.flush();
    socket_.send(FrameKind::Done, std::to_string(static_cast<int>(code)));
  }

  Engine& engine_;
  FrameSocket socket_;
  FrameBuffer outputBuffer_;
  FrameBuffer messageBuffer_;
  std::ostream output_;
  std::ostream messages_;
  Shell shell_;
  std::deque<Frame> requests_;
  bool executes_ = false;
  std::unique_ptr<LineProducer> producer_;
  std::thread topicReader_;
  std::atomic<bool> topicReaderDone_{false};
  std::atomic<bool> stop_{false};
  ExitCode topicCode_ = ExitCode::Success;
};

ShellServer::ShellServer(Engine& engine)
    : engine_(engine), listener_(listenIn(engine.options().dataDirectory)) {
}

ShellServer::~ShellServer() {
  removeSocket(engine_.options().dataDirectory);
  close(listener_);
}

void ShellServer::accept() {
  while (true) {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) {
      return;
    }
    sessions_.push_back(std::make_unique<Session>(engine_, descriptor));
  }
}

void ShellServer::serve() {
  accept();
  std::erase_if(sessions_, [](const auto& session) { return !session->serve(); });
}

}  // namespace auspex::engine
