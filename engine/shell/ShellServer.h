// SPDX-License-Identifier: Apache-2.0
// Lets shells look into a running `run`: serves requests of the socket in its data directory.
#pragma once

#include <memory>
#include <vector>

#include "engine/Engine.h"

namespace auspex::engine {

/// Everything a session asks for is executed on the thread that calls serve(), which is the one
/// that owns the engine; only reading topics has a thread of its own. A session that goes away, or
/// reads too slowly, ends alone. One thread.
class ShellServer {
 public:
  /// Listens in the engine's data directory. Throws std::runtime_error.
  explicit ShellServer(Engine& engine);
  /// Tells all sessions that the run ends.
  ~ShellServer();
  ShellServer(const ShellServer&) = delete;
  ShellServer& operator=(const ShellServer&) = delete;

  /// Takes what has come and does a step for each session; never waits.
  void serve();

 private:
  class Session;

  void accept();

  Engine& engine_;
  int listener_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace auspex::engine
