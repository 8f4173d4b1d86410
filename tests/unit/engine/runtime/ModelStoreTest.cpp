// SPDX-License-Identifier: Apache-2.0
// The engine's own copies of model files: whole or not at all, here and on other machines.
#include "engine/ModelStore.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/BrokerCommandLog.h"
#include "engine/brokers/simulated/SimulatedBroker.h"
#include "operators/data/Checksum.h"

using namespace auspex::engine;
using auspex::operators::sha256Hex;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "auspex-models-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path path_;
};

/// More than two chunks, and not a multiple of one.
std::string largeFile() {
  std::string bytes;
  for (int i = 0; bytes.size() < (size_t{5} << 18); ++i) {
    bytes += std::to_string(i);
  }
  return bytes;
}

}  // namespace

TEST_CASE("a copy is found by its checksum, and only while it is whole") {
  const Folder folder;
  const std::string bytes = "a model";
  const std::string checksum = sha256Hex(bytes);
  ModelStore store(folder.path() / "models");
  CHECK_FALSE(store.find(checksum).has_value());
  store.keep(checksum, bytes);
  CHECK(store.find(checksum) == bytes);
  CHECK(ModelStore(folder.path() / "models").find(checksum) == bytes);
  for (const std::string damage : {"a mode", "a modem", "", "a model "}) {
    CAPTURE(damage);
    folder.write("models/" + checksum + ".model", damage);
    CHECK_FALSE(store.find(checksum).has_value());
    store.keep(checksum, bytes);
    CHECK(store.find(checksum) == bytes);
  }
  // A process that died while it wrote has left a draft.
  std::filesystem::rename(folder.path() / "models" / (checksum + ".model"),
                          folder.path() / "models" / (checksum + ".draft"));
  CHECK_FALSE(store.find(checksum).has_value());
  store.keep(checksum, bytes);
  CHECK(store.find(checksum) == bytes);
}

TEST_CASE("a file reaches another machine by the topic") {
  SimulatedBroker broker;
  const Folder here;
  const Folder there;
  const std::string bytes = largeFile();
  const std::string checksum = sha256Hex(bytes);
  ModelStore one(here.path(), std::make_unique<ModelTopic>(broker, "s", "one"));
  ModelStore other(there.path(), std::make_unique<ModelTopic>(broker, "s", "other"));
  CHECK_FALSE(other.find(checksum).has_value());
  one.keep(sha256Hex("small"), "small");
  one.keep(checksum, bytes);
  const size_t numRecords = broker.records("_auspex-s-models", 0).size();
  CHECK(numRecords == 4);
  CHECK(other.find(checksum) == bytes);
  CHECK(other.find(sha256Hex("small")) == "small");
  CHECK(std::filesystem::exists(there.path() / (checksum + ".model")));
  // Nobody writes again what is there.
  one.keep(checksum, bytes);
  other.keep(checksum, bytes);
  ModelStore again(here.path(), std::make_unique<ModelTopic>(broker, "s", "again"));
  again.keep(checksum, bytes);
  CHECK(broker.records("_auspex-s-models", 0).size() == numRecords);
}

TEST_CASE("a file in the topic that lacks a chunk is none") {
  SimulatedBroker broker;
  const std::string bytes = largeFile();
  const std::string checksum = sha256Hex(bytes);
  broker.createTopic({"_auspex-s-models", 1, -1, {}});
  const std::string key = checksum + "/000001";
  auspex::operators::OutgoingRecord record;
  record.key = key;
  record.value = "another chunk";
  broker.append("_auspex-s-models", {&record, 1});
  ModelTopic topic(broker, "s", "one");
  CHECK_FALSE(topic.fetch(checksum).has_value());
  CHECK_FALSE(topic.fetch("").has_value());
}

TEST_CASE("an instance hears what the others append to the log of statements, and not itself") {
  SimulatedBroker broker;
  BrokerCommandLog one(broker, "s", "one");
  BrokerCommandLog other(broker, "s", "other");
  CHECK(other.readNew().empty());
  one.append({"MODEL M", "CREATE MODEL m", "", {{"version", "1"}}}, {});
  CHECK(other.read().size() == 1);
  CHECK(other.readNew().empty());
  one.append({"#", "ALTER MODEL m ROLLBACK", "", {}}, {});
  other.append({"#", "DROP MODEL m", "", {}}, {});
  const auto news = other.readNew();
  REQUIRE(news.size() == 1);
  CHECK(news[0].text == "ALTER MODEL m ROLLBACK");
  CHECK(other.readNew().empty());
  CHECK(one.readNew().size() == 1);
}
