// SPDX-License-Identifier: Apache-2.0
#include "engine/connectors/FileSource.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "engine/WallClock.h"
#include "engine/brokers/local/TopicRules.h"
#include "operators/data/Ascii.h"
#include "operators/data/Assert.h"
#include "operators/data/KeyHash.h"
#include "operators/data/NumberText.h"
#include "operators/expressions/TimeText.h"
#include "operators/formats/delimited/CsvLine.h"
#include "operators/formats/json/JsonText.h"

namespace auspex::engine {
namespace {

/// A JSON number without exponent and without leading zeros: `-12.50`, not `007`, `1e3`, `+1`,
/// `.5`.
bool isPlainNumber(std::string_view text) {
  size_t i = !text.empty() && text[0] == '-' ? 1 : 0;
  const size_t wholeBegin = i;
  while (i < text.size() && operators::isDigit(text[i])) {
    ++i;
  }
  const size_t wholeDigits = i - wholeBegin;
  if (wholeDigits == 0 || (wholeDigits > 1 && text[wholeBegin] == '0')) {
    return false;
  }
  if (i == text.size()) {
    return true;
  }
  if (text[i] != '.' || i + 1 == text.size()) {
    return false;
  }
  return std::all_of(text.begin() + static_cast<ptrdiff_t>(i) + 1, text.end(), operators::isDigit);
}

/// UTC where the text names neither an offset nor a zone.
std::optional<int64_t> millisOf(const operators::ParsedTime& time) {
  if (time.offsetSeconds) {
    return time.localMillis - int64_t{*time.offsetSeconds} * 1000;
  }
  if (time.zone == nullptr || time.localMillis < 0) {
    return time.localMillis;
  }
  return time.zone->utcFromLocal(time.localMillis / 1000) * 1000 + time.localMillis % 1000;
}

}  // namespace

FileSource::FileSource(Broker& broker, const std::string& serviceId, FileSourceSettings settings)
    : broker_(broker),
      settings_(std::move(settings)),
      positions_(broker, serviceId),
      deadLetterChannel_(broker, settings_.name + "-dead-letters") {
}

void FileSource::open(TransactionWriter& writer) {
  writer_ = &writer;
  seek();
}

void FileSource::seek() {
  // Looked up again after a failure: it may have been altered, and be the reason.
  const std::optional<TopicDescription> topic = broker_.topic(settings_.topic);
  if (!topic) {
    throw std::runtime_error(fmt::format("topic '{}' does not exist", settings_.topic));
  }
  topic_ = *topic;
  reader_ = std::make_unique<LineReader>(settings_.path, settings_.csv);
  atEnd_ = false;
  numRows_ = 0;
  const ConnectorPosition known = positions_.read(settings_.name);
  if (settings_.csv) {
    readHeader();
  }
  if (known.empty()) {
    return;
  }
  const uint64_t bytes = std::stoull(known.at("bytes"));
  const bool isLongEnough = reader_->skipTo(bytes);
  if (!isLongEnough || std::to_string(reader_->hash()) != known.at("hash")) {
    throw std::runtime_error(fmt::format(
        "file '{}' has changed other than by growing since it was read up to byte {} (row {}). "
        "Give it back its old content, use another file, or start anew (--fresh).",
        settings_.path.string(), bytes, known.at("rows")));
  }
  numRows_ = std::stoull(known.at("rows"));
}

void FileSource::readHeader() {
  const std::optional<std::string_view> line = reader_->next(settings_.follow);
  if (!line) {
    throw std::runtime_error(fmt::format("file '{}' has no header line", settings_.path.string()));
  }
  operators::Arena arena;
  const std::string error = operators::cutCsvLine(*line, ',', arena, fields_);
  if (!error.empty()) {
    throw std::runtime_error(fmt::format("header of '{}': {}", settings_.path.string(), error));
  }
  fieldPrefixes_.clear();
  keyColumn_.reset();
  timestampColumn_.reset();
  for (size_t i = 0; i < fields_.size(); ++i) {
    std::string prefix;
    operators::appendJsonString(prefix, fields_[i]);
    fieldPrefixes_.push_back(prefix + ":");
    keyColumn_ = settings_.key && fields_[i] == *settings_.key ? i : keyColumn_;
    timestampColumn_ =
        settings_.timestamp && fields_[i] == *settings_.timestamp ? i : timestampColumn_;
  }
  if (settings_.key && !keyColumn_) {
    throw std::runtime_error(fmt::format("file '{}' has no column '{}' for the key",
                                         settings_.path.string(), *settings_.key));
  }
  if (settings_.timestamp && !timestampColumn_) {
    throw std::runtime_error(fmt::format("file '{}' has no column '{}' for the timestamp",
                                         settings_.path.string(), *settings_.timestamp));
  }
}

bool FileSource::work() {
  if (atEnd_ && !settings_.follow) {
    return false;
  }
  if (atEnd_) {
    reader_->clearEnd();
    atEnd_ = false;
  }
  bytes_.clear();
  rows_.clear();
  while (rows_.size() < kRowsPerStep) {
    const std::optional<std::string_view> line = reader_->next(settings_.follow);
    if (!line) {
      atEnd_ = true;
      break;
    }
    if (line->empty()) {
      continue;
    }
    ++numRows_;
    if (settings_.csv) {
      takeCsv(*line);
    } else {
      takeJson(*line);
    }
  }
  if (rows_.empty()) {
    return false;
  }
  if (!settings_.csv) {
    decodeJsonFields();
  }
  sendRows();
  uncommittedRows_ += rows_.size();
  hasUncommitted_ = true;
  return true;
}

void FileSource::takeCsv(std::string_view line) {
  Row row;
  row.valueBegin = bytes_.size();
  operators::Arena arena;
  std::string error = operators::cutCsvLine(line, ',', arena, fields_);
  if (error.empty() && fields_.size() != fieldPrefixes_.size()) {
    error = fmt::format("{} cells where the header has {}", fields_.size(), fieldPrefixes_.size());
  }
  if (error.empty()) {
    for (size_t i = 0; i < fields_.size(); ++i) {
      bytes_ += i == 0 ? '{' : ',';
      bytes_ += fieldPrefixes_[i];
      appendCell(fields_[i]);
    }
    bytes_ += '}';
    if (keyColumn_) {
      row.key = std::string(fields_[*keyColumn_]);
    }
    if (timestampColumn_) {
      row.timestamp = parseTimestamp(fields_[*timestampColumn_]);
      if (!row.timestamp) {
        error = fmt::format("'{}' is no timestamp", fields_[*timestampColumn_]);
      }
    }
  }
  if (!error.empty()) {
    bytes_.resize(row.valueBegin);
    bytes_ += line;
    row.error = error;
  }
  row.valueSize = bytes_.size() - row.valueBegin;
  rows_.push_back(std::move(row));
}

void FileSource::appendCell(std::string_view cell) {
  if (cell.empty() || (settings_.nullText && cell == *settings_.nullText)) {
    bytes_ += "null";
  } else if (isPlainNumber(cell)) {
    bytes_ += cell;
  } else {
    operators::appendJsonString(bytes_, cell);
  }
}

void FileSource::takeJson(std::string_view line) {
  Row row;
  row.valueBegin = bytes_.size();
  bytes_ += line;
  row.valueSize = line.size();
  rows_.push_back(std::move(row));
}

/// Reads key and timestamp out of the lines at hand, all at once.
void FileSource::decodeJsonFields() {
  std::vector<operators::SchemaColumn> columns;
  for (const auto& field : {settings_.key, settings_.timestamp}) {
    if (field) {
      columns.push_back({*field, operators::SqlType::string(), false});
    }
  }
  if (columns.empty()) {
    return;
  }
  operators::FormatOptions options;
  options.wrapSingleValue = true;
  const auto decoder = operators::findFormat("JSON")->makeDecoder(
      columns, std::vector<bool>(columns.size(), true), options);
  std::vector<std::optional<std::string_view>> lines;
  for (const Row& row : rows_) {
    lines.push_back(std::string_view(bytes_).substr(row.valueBegin, row.valueSize));
  }
  std::vector<operators::ColumnPtr> decoded;
  std::vector<operators::FormatRowError> errors;
  decoder->decode(lines, nullptr, decoded, errors);
  for (const operators::FormatRowError& error : errors) {
    rows_[error.row].error = error.message;
  }
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (!rows_[i].error.empty()) {
      continue;
    }
    size_t column = 0;
    if (settings_.key) {
      const operators::Column& keys = *decoded[column++];
      if (keys.isNull(i)) {
        rows_[i].error = fmt::format("the key field '{}' is missing or null", *settings_.key);
        continue;
      }
      rows_[i].key = std::string(keys.values<std::string_view>()[i]);
    }
    if (settings_.timestamp) {
      const operators::Column& times = *decoded[column];
      const std::string_view text =
          times.isNull(i) ? std::string_view() : times.values<std::string_view>()[i];
      rows_[i].timestamp = parseTimestamp(text);
      if (!rows_[i].timestamp) {
        rows_[i].error = fmt::format("'{}' is no timestamp", text);
      }
    }
  }
}

/// By the given format; else milliseconds since the epoch, or ISO 8601 with a `T` or a blank
/// between date and time.
std::optional<int64_t> FileSource::parseTimestamp(std::string_view text) const {
  if (settings_.timestampFormat) {
    const auto parsed = settings_.timestampFormat->parse(text);
    const auto given = parsed ? millisOf(*parsed) : std::nullopt;
    return given && *given >= 0 ? given : std::nullopt;
  }
  if (const auto millis = operators::parseBigint(text); millis && text.size() > 4) {
    return *millis < 0 ? std::nullopt : millis;
  }
  std::string iso(text);
  if (iso.size() > 10 && iso[10] == ' ') {
    iso[10] = 'T';
  }
  const auto millis = operators::parseIsoTimestamp(iso);
  return millis && *millis >= 0 ? millis : std::nullopt;
}

void FileSource::sendRows() {
  std::vector<operators::OutgoingRecord> records;
  records.reserve(rows_.size());
  const int64_t now = wallClock();
  uint64_t rowNumber = numRows_ - rows_.size();
  for (const Row& row : rows_) {
    ++rowNumber;
    const std::string_view value = std::string_view(bytes_).substr(row.valueBegin, row.valueSize);
    if (!row.error.empty()) {
      sendDeadLetter(value, fmt::format("row {}: {}", rowNumber, row.error));
      continue;
    }
    operators::OutgoingRecord record;
    if (row.key) {
      record.key = *row.key;
      record.partition = operators::partitionOf(*row.key, topic_.numPartitions);
    } else {
      record.partition =
          static_cast<int32_t>(rowNumber % static_cast<uint64_t>(topic_.numPartitions));
    }
    record.value = value;
    record.timestamp = row.timestamp.value_or(now);
    if (const std::optional<std::string> refusal = refusalOf(topic_, record, now)) {
      sendDeadLetter(value, fmt::format("row {}: {}", rowNumber, *refusal));
      continue;
    }
    records.push_back(std::move(record));
  }
  writer_->send(settings_.topic, records);
}

void FileSource::sendDeadLetter(std::string_view raw, const std::string& reason) {
  ++uncommittedDead_;
  operators::Record record;
  record.value = raw;
  record.timestamp = wallClock();
  const std::string path = settings_.path.string();
  const std::string place = "file of connector " + settings_.name;
  deadLetterChannel_.send(
      *writer_, record,
      {{"auspex.place", place}, {"auspex.reason", reason}, {"auspex.path", path}});
}

ConnectorPosition FileSource::position() const {
  return {{"bytes", std::to_string(reader_->position())},
          {"rows", std::to_string(numRows_)},
          {"hash", std::to_string(reader_->hash())}};
}

void FileSource::prepare(std::vector<GroupOffsets>&) {
  positions_.write(*writer_, settings_.name, position());
}

void FileSource::committed() {
  hasUncommitted_ = false;
  counters_->rowsIn += std::exchange(uncommittedRows_, 0);
  counters_->deadLetters += std::exchange(uncommittedDead_, 0);
}

void FileSource::aborted() {
  hasUncommitted_ = false;
  uncommittedRows_ = 0;
  uncommittedDead_ = 0;
  deadLetterChannel_.forget();
  seek();
}

std::optional<bool> FileSource::wasCommitted() {
  if (!hasUncommitted_) {
    return std::nullopt;
  }
  return positions_.read(settings_.name) == position();
}

bool FileSource::finished() const {
  return atEnd_ && !settings_.follow && !hasUncommitted_;
}

}  // namespace auspex::engine
