// SPDX-License-Identifier: Apache-2.0
// Exit codes of the command line. Stable: scripts rely on them.
#pragma once

namespace auspex::engine {

enum class ExitCode : int {
  Success = 0,
  StatementFailed = 1,  ///< a statement, or a test, is wrong; nothing was changed by it
  WrongUsage = 2,       ///< options or files that do not fit
  Unavailable = 4,      ///< data directory in use, broker or disk not usable
  QueryFailed = 5,      ///< something failed while running; what was committed stays
  Interrupted = 130     ///< Ctrl-C: committed and closed
};

}  // namespace auspex::engine
