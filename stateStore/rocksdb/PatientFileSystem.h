// SPDX-License-Identifier: Apache-2.0
// Files of RocksDB on a disk that may fill up: who writes waits until there is space again.
#pragma once

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace auspex::stateStore {

/// The machine's files, with writes that wait while the disk is full. RocksDB itself gives such a
/// database up, and Debian's build ends the process with an assertion when its log is written to
/// again. Waiting is told in the log at its beginning and its end. Lives as long as the process;
/// any thread.
rocksdb::Env* patientEnv();

}  // namespace auspex::stateStore
