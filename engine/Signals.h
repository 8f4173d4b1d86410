// SPDX-License-Identifier: Apache-2.0
// Ctrl-C: the first asks to commit and close, the second ends at once.
#pragma once

namespace auspex::engine {

/// Installs the handlers of SIGINT and SIGTERM and ignores SIGPIPE. Once, from main.
void installSignalHandlers();

/// An end was asked for since the last clearInterrupt(). Any thread.
bool isInterrupted();

/// SIGTERM came: clearInterrupt() does not take it back. Any thread.
bool isTerminated();

/// The shell goes on after a Ctrl-C.
void clearInterrupt();

}  // namespace auspex::engine
