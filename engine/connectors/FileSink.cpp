// SPDX-License-Identifier: Apache-2.0
#include "engine/connectors/FileSink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "engine/runtime/KillPoints.h"

namespace auspex::engine {
FileSink::FileSink(Broker& broker, EndTracker& ends, const std::string& serviceId,
                   FileSinkSettings settings, std::shared_ptr<Wakeup> wakeup)
    : broker_(broker),
      ends_(ends),
      settings_(std::move(settings)),
      committedPositions_(broker, serviceId),
      wakeup_(std::move(wakeup)),
      group_(fmt::format("{}-connector-{}", serviceId, settings_.name)),
      deadLetterChannel_(broker, settings_.name + "-dead-letters") {
}

FileSink::~FileSink() {
  if (file_ >= 0) {
    close(file_);
  }
}

void FileSink::open(TransactionWriter& writer) {
  writer_ = &writer;
  const operators::Schema& schema = settings_.source->schema;
  const std::span<const operators::SchemaColumn> all(schema.columns());
  const size_t numKeys = schema.numKeys();
  keyDecoder_ = settings_.source->keyFormat->makeDecoder(
      all.first(numKeys), std::vector<bool>(numKeys, true), settings_.source->keyOptions);
  valueDecoder_ = settings_.source->valueFormat->makeDecoder(
      all.subspan(numKeys), std::vector<bool>(schema.numValues(), true),
      settings_.source->valueOptions);
  operators::FormatOptions options;
  if (!settings_.csv) {
    options.wrapSingleValue = true;
  }
  encoder_ = operators::findFormat(settings_.csv ? "DELIMITED" : "JSON")->makeEncoder(all, options);
  openFile();
  openInputs();
}

void FileSink::openFile() {
  const ConnectorPosition known = committedPositions_.read(settings_.name);
  const std::string path = settings_.path.string();
  if (file_ >= 0) {
    close(file_);
  }
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  struct stat status {};
  if (file_ < 0 || fstat(file_, &status) != 0) {
    throw std::runtime_error(
        fmt::format("file '{}' cannot be written: {}", path, std::strerror(errno)));
  }
  const auto size = static_cast<uint64_t>(status.st_size);
  length_ = known.empty() ? 0 : std::stoull(known.at("length"));
  if (known.empty() && size > 0) {
    // A run that was killed before its first commit leaves no bytes: they come after the claim.
    throw std::runtime_error(
        fmt::format("file '{}' exists and was not written by this data directory. Move it away or "
                    "choose another path.",
                    path));
  }
  if (size < length_) {
    throw std::runtime_error(
        fmt::format("file '{}' has {} bytes, but {} were committed: somebody cut it. Start anew "
                    "(--fresh) to write it again.",
                    path, size, length_));
  }
  if (ftruncate(file_, static_cast<off_t>(length_)) != 0 ||
      lseek(file_, static_cast<off_t>(length_), SEEK_SET) < 0) {
    throw std::runtime_error(fmt::format("file '{}' cannot be cut to {} bytes: {}", path, length_,
                                         std::strerror(errno)));
  }
  isClaimed_ = !known.empty();
  hasUncommitted_ = !isClaimed_;  // the claim, length 0, goes with the next commit
}

void FileSink::openInputs() {
  const std::string& topic = settings_.source->topic;
  const std::optional<TopicDescription> description = broker_.topic(topic);
  if (!description) {
    throw std::runtime_error(fmt::format("topic '{}' does not exist", topic));
  }
  std::vector<TopicPartition> partitions;
  inputs_.clear();
  for (int32_t i = 0; i < description->numPartitions; ++i) {
    partitions.push_back({topic, i});
    inputs_.emplace_back(0U, partitions.back());
  }
  const Offsets committed = broker_.committedOffsets(group_, partitions);
  for (TaskInput& input : inputs_) {
    const auto known = committed.find(input.partition());
    input.openAt(broker_,
                 known != committed.end() ? known->second : broker_.beginOffset(input.partition()),
                 wakeup_);
  }
}

bool FileSink::work() {
  // The claim of a new file is committed before its first byte is written.
  if (!isClaimed_) {
    return false;
  }
  bool worked = false;
  for (TaskInput& input : inputs_) {
    input.fetch(kRowsPerStep);
    operators::Draw draw;
    if (input.drawInto(draw, kRowsPerStep, std::numeric_limits<int64_t>::max()) == 0) {
      continue;
    }
    operators::FetchedRecords fetched;
    fetched.topic = input.partition().topic;
    fetched.partition = input.partition().partition;
    for (const operators::DrawnRecord& drawn : draw.records) {
      fetched.records.push_back(*drawn.record);
    }
    writeRecords(fetched);
    worked = true;
    hasUncommitted_ = true;
  }
  return worked;
}

void FileSink::writeRecords(const operators::FetchedRecords& fetched) {
  std::vector<std::optional<std::string_view>> keys;
  std::vector<std::optional<std::string_view>> values;
  for (const operators::Record& record : fetched.records) {
    keys.push_back(record.key);
    values.push_back(record.value);
  }
  std::vector<operators::ColumnPtr> columns;
  std::vector<operators::ColumnPtr> valueColumns;
  std::vector<operators::FormatRowError> errors;
  keyDecoder_->decode(keys, nullptr, columns, errors);
  valueDecoder_->decode(values, nullptr, valueColumns, errors);
  columns.insert(columns.end(), valueColumns.begin(), valueColumns.end());
  std::vector<uint8_t> bad(fetched.records.size(), 0);
  for (const operators::FormatRowError& error : errors) {
    if (bad[error.row] == 0) {
      bad[error.row] = 1;
      sendDeadLetter(fetched, error.row, error.message);
    }
  }
  writeRows(columns, bad, fetched.records.size());
}

void FileSink::writeRows(const std::vector<operators::ColumnPtr>& columns,
                         const std::vector<uint8_t>& bad, size_t numRows) {
  operators::Arena arena(numRows * 64);
  std::vector<std::optional<std::string_view>> lines;
  std::vector<operators::FormatRowError> errors;
  encoder_->encode(columns, numRows, arena, lines, errors);
  std::string text;
  if (settings_.csv && length_ == 0) {
    for (const operators::SchemaColumn& column : settings_.source->schema.columns()) {
      text += (text.empty() ? "" : ",") + column.name;
    }
    text += "\n";
  }
  for (size_t row = 0; row < numRows; ++row) {
    if (bad[row] == 0 && lines[row]) {
      text += *lines[row];
      text += '\n';
    }
  }
  writeAll(text);
}

void FileSink::writeAll(std::string_view bytes) {
  length_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw BrokerError(BrokerErrorKind::Unavailable,
                        fmt::format("file '{}' cannot be written: {}", settings_.path.string(),
                                    std::strerror(errno)));
    }
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  passKillPoint("sinkFile.written");
}

void FileSink::sendDeadLetter(const operators::FetchedRecords& fetched, size_t row,
                              const std::string& message) {
  const operators::Record& from = fetched.records[row];
  const std::string partition = std::to_string(fetched.partition);
  const std::string offset = std::to_string(from.offset);
  deadLetterChannel_.send(*writer_, from,
                          {{"auspex.place", settings_.name},
                           {"auspex.reason", message},
                           {"auspex.topic", fetched.topic},
                           {"auspex.partition", partition},
                           {"auspex.offset", offset}});
}

Offsets FileSink::positions() const {
  Offsets offsets;
  for (const TaskInput& input : inputs_) {
    offsets[input.partition()] = input.position();
  }
  return offsets;
}

ConnectorPosition FileSink::position() const {
  return {{"length", std::to_string(length_)}};
}

void FileSink::prepare(std::vector<GroupOffsets>& offsets) {
  // What a commit says is in the file must be there after a power failure too.
  if (fdatasync(file_) != 0) {
    throw BrokerError(BrokerErrorKind::Unavailable,
                      fmt::format("file '{}' cannot be synced: {}", settings_.path.string(),
                                  std::strerror(errno)));
  }
  passKillPoint("sinkFile.synced");
  committedPositions_.write(*writer_, settings_.name, position());
  offsets.push_back({nullptr, group_, positions()});
}

void FileSink::committed() {
  hasUncommitted_ = false;
  isClaimed_ = true;
  for (TaskInput& input : inputs_) {
    input.markCommitted();
  }
}

void FileSink::aborted() {
  hasUncommitted_ = false;
  deadLetterChannel_.forget();
  openFile();
  openInputs();
}

std::optional<bool> FileSink::wasCommitted() {
  if (!hasUncommitted_) {
    return std::nullopt;
  }
  // The length alone cannot tell: a commit whose records were all dead letters wrote no byte.
  std::vector<TopicPartition> partitions;
  for (const TaskInput& input : inputs_) {
    partitions.push_back(input.partition());
  }
  return committedPositions_.read(settings_.name) == position() &&
         broker_.committedOffsets(group_, partitions) == positions();
}

bool FileSink::finished() const {
  if (hasUncommitted_ || inputs_.empty()) {
    return false;
  }
  for (const TaskInput& input : inputs_) {
    const std::optional<int64_t> end = ends_.end(input.partition());
    if (!end || input.position() < *end) {
      return false;
    }
  }
  return true;
}

}  // namespace auspex::engine
