// SPDX-License-Identifier: Apache-2.0
#include "stateStore/rocksdb/PatientFileSystem.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace auspex::stateStore {
namespace {

using rocksdb::DataVerificationInfo;
using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::chrono::milliseconds kPause{100};

/// Does it until the disk is not what keeps it from being done.
template <class Action>
IOStatus insist(const std::string& path, Action&& action) {
  IOStatus status = action();
  if (!status.IsNoSpace()) {
    return status;
  }
  spdlog::warn("state={} waits: the disk is full. Nothing is lost; it goes on when there is space.",
               path);
  while (status.IsNoSpace()) {
    std::this_thread::sleep_for(kPause);
    status = action();
  }
  spdlog::info("state={} goes on: there is space again", path);
  return status;
}

/// Writes at places of its own counting: where an append was cut short, the file's own place is
/// behind the part that fitted.
class PatientFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  PatientFile(std::string path, std::unique_ptr<FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)) {}

  using FSWritableFileWrapper::PositionedAppend;

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = insist(path_, [&] {
      return FSWritableFileWrapper::PositionedAppend(data, sizeBytes_, options, debug);
    });
    if (status.ok()) {
      sizeBytes_ += data.size();
    }
    return status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = FSWritableFileWrapper::Truncate(size, options, debug);
    if (status.ok()) {
      sizeBytes_ = size;
    }
    return status;
  }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return sizeBytes_; }
  // Disks that find a place for the bytes only now.
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return insist(path_, [&] { return FSWritableFileWrapper::Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return insist(path_, [&] { return FSWritableFileWrapper::Fsync(options, debug); });
  }

 private:
  std::string path_;
  uint64_t sizeBytes_ = 0;
};

class PatientFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  PatientFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "PatientFileSystem"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    return open(path, *file,
                [&] { return FileSystemWrapper::NewWritableFile(path, options, file, debug); });
  }
  IOStatus ReuseWritableFile(const std::string& path, const std::string& oldPath,
                             const FileOptions& options, std::unique_ptr<FSWritableFile>* file,
                             IODebugContext* debug) override {
    return open(path, *file, [&] {
      return FileSystemWrapper::ReuseWritableFile(path, oldPath, options, file, debug);
    });
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                      IODebugContext* debug) override {
    return insist(to, [&] { return FileSystemWrapper::RenameFile(from, to, options, debug); });
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& options,
                              IODebugContext* debug) override {
    return insist(path,
                  [&] { return FileSystemWrapper::CreateDirIfMissing(path, options, debug); });
  }

 private:
  template <class Open>
  static IOStatus open(const std::string& path, std::unique_ptr<FSWritableFile>& file,
                       Open&& tryToOpen) {
    IOStatus status = insist(path, tryToOpen);
    if (status.ok()) {
      file = std::make_unique<PatientFile>(path, std::move(file));
    }
    return status;
  }
};

}  // namespace

rocksdb::Env* patientEnv() {
  // Never destroyed: RocksDB's threads may still write while the process ends.
  static rocksdb::Env* const env =
      rocksdb::NewCompositeEnv(std::make_shared<PatientFileSystem>()).release();
  return env;
}

}  // namespace auspex::stateStore
