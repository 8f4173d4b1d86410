// SPDX-License-Identifier: Apache-2.0
#include "engine/brokers/local/JournalFrame.h"

#include <cstring>
#include <type_traits>

#include "engine/brokers/local/Crc32c.h"

namespace auspex::engine {
namespace {

constexpr uint32_t kMagic = 0x314A5841;  // "AXJ1"
constexpr size_t kChecksumPlace = kFrameHeaderBytes - sizeof(uint32_t);

class Writer {
 public:
  template <typename T>
  void number(T value) {
    static_assert(std::is_integral_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void text(std::string_view text) {
    number(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  void partition(const PartitionId& id) {
    number(id.topic);
    number(id.partition);
  }
  std::string& bytes() { return bytes_; }

 private:
  std::string bytes_;
};

// After a read past the end every value is empty and good() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T number() {
    T value{};
    if (take(sizeof(value))) {
      std::memcpy(&value, taken_.data(), sizeof(value));
    }
    return value;
  }
  std::string text() {
    const auto size = number<uint32_t>();
    return take(size) ? std::string(taken_) : std::string();
  }
  PartitionId partition() {
    PartitionId id;
    id.topic = number<uint32_t>();
    id.partition = number<int32_t>();
    return id;
  }
  bool good() const { return good_; }
  bool atEnd() const { return rest_.empty(); }

 private:
  bool take(size_t size) {
    good_ = good_ && size <= rest_.size();
    if (good_) {
      taken_ = rest_.substr(0, size);
      rest_.remove_prefix(size);
    }
    return good_;
  }

  std::string_view rest_;
  std::string_view taken_;
  bool good_ = true;
};

void write(Writer& writer, const RunSection& run) {
  writer.partition(run.partition);
  writer.number(run.firstOffset);
  writer.number(run.nextOffset);
  writer.number(run.maxTimestamp);
  writer.number(run.bytes);
  writer.number(run.checksum);
}

void write(Writer& writer, const GroupOffsetSection& section) {
  writer.text(section.group);
  writer.text(section.partition.topic);
  writer.number(section.partition.partition);
  writer.number(section.offset);
}

void write(Writer& writer, const TopicCreatedSection& section) {
  writer.number(section.id);
  writer.text(section.spec.name);
  writer.number(section.spec.numPartitions);
  writer.number(static_cast<uint32_t>(section.spec.config.size()));
  for (const auto& [name, value] : section.spec.config) {
    writer.text(name);
    writer.text(value);
  }
}

void write(Writer& writer, const TopicDeletedSection& section) {
  writer.number(section.id);
}

void write(Writer& writer, const BeginOffsetSection& section) {
  writer.partition(section.partition);
  writer.number(section.offset);
}

void write(Writer& writer, const ProducerSection& section) {
  writer.text(section.transactionalId);
  writer.number(section.epoch);
}

void write(Writer& writer, const NextOffsetSection& section) {
  writer.partition(section.partition);
  writer.number(section.offset);
}

void write(Writer& writer, const NextTopicSection& section) {
  writer.number(section.id);
}

void read(Reader& reader, RunSection& run) {
  run.partition = reader.partition();
  run.firstOffset = reader.number<int64_t>();
  run.nextOffset = reader.number<int64_t>();
  run.maxTimestamp = reader.number<int64_t>();
  run.bytes = reader.number<uint32_t>();
  run.checksum = reader.number<uint32_t>();
}

void read(Reader& reader, GroupOffsetSection& section) {
  section.group = reader.text();
  section.partition.topic = reader.text();
  section.partition.partition = reader.number<int32_t>();
  section.offset = reader.number<int64_t>();
}

void read(Reader& reader, TopicCreatedSection& section) {
  section.id = reader.number<uint32_t>();
  section.spec.name = reader.text();
  section.spec.numPartitions = reader.number<int32_t>();
  const auto numSettings = reader.number<uint32_t>();
  for (uint32_t i = 0; i < numSettings && reader.good(); ++i) {
    const std::string name = reader.text();
    section.spec.config[name] = reader.text();
  }
}

void read(Reader& reader, TopicDeletedSection& section) {
  section.id = reader.number<uint32_t>();
}

void read(Reader& reader, BeginOffsetSection& section) {
  section.partition = reader.partition();
  section.offset = reader.number<int64_t>();
}

void read(Reader& reader, ProducerSection& section) {
  section.transactionalId = reader.text();
  section.epoch = reader.number<uint64_t>();
}

void read(Reader& reader, NextOffsetSection& section) {
  section.partition = reader.partition();
  section.offset = reader.number<int64_t>();
}

void read(Reader& reader, NextTopicSection& section) {
  section.id = reader.number<uint32_t>();
}

// The kind of a section is its place in the variant; new kinds go to the end.
template <size_t kind = 0>
bool readKind(Reader& reader, size_t wanted, std::vector<Section>& sections) {
  if constexpr (kind < std::variant_size_v<Section>) {
    if (wanted != kind) {
      return readKind<kind + 1>(reader, wanted, sections);
    }
    std::variant_alternative_t<kind, Section> section;
    read(reader, section);
    sections.emplace_back(std::move(section));
    return reader.good();
  } else {
    return false;
  }
}

}  // namespace

std::string encodeFrame(uint64_t sequence, uint64_t syncedBytes,
                        const std::vector<Section>& sections) {
  Writer writer;
  uint64_t bodyBytes = 0;
  writer.bytes().resize(kFrameHeaderBytes);
  for (const Section& section : sections) {
    writer.number(static_cast<uint8_t>(section.index()));
    std::visit([&](const auto& kind) { write(writer, kind); }, section);
    if (const RunSection* const run = std::get_if<RunSection>(&section)) {
      bodyBytes += run->bytes;
    }
  }
  std::string& bytes = writer.bytes();
  Writer header;
  header.number(kMagic);
  header.number(static_cast<uint32_t>(bytes.size() - kFrameHeaderBytes));
  header.number(bodyBytes);
  header.number(sequence);
  header.number(syncedBytes);
  header.number(uint32_t{0});  // flags, none yet
  bytes.replace(0, kChecksumPlace, header.bytes());
  const uint32_t checksum = crc32c(std::string_view(bytes).substr(kFrameHeaderBytes),
                                   crc32c(std::string_view(bytes).substr(0, kChecksumPlace)));
  std::memcpy(bytes.data() + kChecksumPlace, &checksum, sizeof(checksum));
  return std::move(bytes);
}

std::optional<FrameHeader> decodeFrameHeader(std::string_view bytes) {
  Reader reader(bytes);
  if (bytes.size() < kFrameHeaderBytes || reader.number<uint32_t>() != kMagic) {
    return std::nullopt;
  }
  FrameHeader header;
  header.directoryBytes = reader.number<uint32_t>();
  header.bodyBytes = reader.number<uint64_t>();
  header.sequence = reader.number<uint64_t>();
  header.syncedBytes = reader.number<uint64_t>();
  return header;
}

std::optional<std::vector<Section>> decodeDirectory(std::string_view bytes) {
  uint32_t checksum = 0;
  if (bytes.size() < kFrameHeaderBytes) {
    return std::nullopt;
  }
  std::memcpy(&checksum, bytes.data() + kChecksumPlace, sizeof(checksum));
  const std::string_view directory = bytes.substr(kFrameHeaderBytes);
  if (checksum != crc32c(directory, crc32c(bytes.substr(0, kChecksumPlace)))) {
    return std::nullopt;
  }
  std::vector<Section> sections;
  Reader reader(directory);
  while (!reader.atEnd()) {
    const size_t kind = reader.number<uint8_t>();
    if (!readKind(reader, kind, sections)) {
      return std::nullopt;
    }
  }
  return sections;
}

}  // namespace auspex::engine
