// SPDX-License-Identifier: Apache-2.0
// Mutated model files: each is refused with a reason, or scores rows in every form without fault.
// zooMutations FOLDER COUNT SEED [FROM]: mutates the model files of the folder COUNT times, from
// the seed; FROM repeats from a mutant on. A crash or a hang names the mutant.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "operators/models/ModelError.h"
#include "operators/models/ModelLoader.h"

namespace {

using namespace auspex::operators;

constexpr size_t kRows = 9;
/// Seconds that one mutant may take, sanitizers included.
constexpr unsigned kPatience = 60;
/// A form with more numbers per row is left out: it would only be slow.
constexpr size_t kMaxOutputs = 20'000;

/// The mutant that is being tried, as text for the handler below.
std::array<char, 64> current;

extern "C" void nameMutant(int signal) {
  const char* const what = signal == SIGALRM ? "hangs: mutant " : "crashes: mutant ";
  [[maybe_unused]] ssize_t written = write(2, what, std::strlen(what));
  written = write(2, current.data(), std::strlen(current.data()));
  _exit(1);
}

std::vector<std::string> readSeeds(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".json" || extension == ".ubj" || extension == ".txt") {
      paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> seeds;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    seeds.push_back(bytes.str());
  }
  return seeds;
}

bool isNumberPart(char letter) {
  return (letter >= '0' && letter <= '9') || letter == '.' || letter == '-' || letter == 'E' ||
         letter == 'e' || letter == '+';
}

/// Replaces a number in text, or bytes that could be one, by another that is likely to hurt.
void editNumber(std::string& bytes, std::mt19937_64& random) {
  constexpr std::array<const char*, 14> kTexts = {
      "-1",  "0",   "1",    "2",        "7",           "65536", "2147483647",
      "NaN", "1e9", "1e38", "Infinity", "-2147483648", "0.5",   "18446744073709551616"};
  constexpr std::array<uint32_t, 7> kWords = {0,          1,          0xFFFFFFFFU, 0x7FFFFFFFU,
                                              0x7FC00000, 0x80000000, 0x7F7FFFFFU};
  size_t place = random() % bytes.size();
  for (size_t tries = 0; tries < 200 && !isNumberPart(bytes[place]); ++tries) {
    place = (place + 1) % bytes.size();
  }
  size_t end = place;
  while (end < bytes.size() && isNumberPart(bytes[end])) {
    ++end;
  }
  if (end - place >= 1 && random() % 4 != 0) {
    bytes.replace(place, end - place, kTexts[random() % kTexts.size()]);
    return;
  }
  const uint32_t word = kWords[random() % kWords.size()];
  for (size_t i = 0; i < 4 && place + i < bytes.size(); ++i) {
    bytes[place + i] = static_cast<char>(word >> (8 * (3 - i)));
  }
}

/// Puts a piece of another file in the place of a piece of this one, or copies or drops a piece.
void splice(std::string& bytes, const std::string& other, std::mt19937_64& random) {
  const size_t place = random() % bytes.size();
  const size_t length = std::min(bytes.size() - place, 1 + random() % 400);
  switch (random() % 3) {
    case 0: {
      const size_t from = random() % other.size();
      bytes.replace(place, length, other, from, 1 + random() % 400);
      return;
    }
    case 1:
      bytes.insert(random() % bytes.size(), bytes.substr(place, length));
      return;
    default:
      bytes.erase(place, length);
      return;
  }
}

std::string mutate(const std::vector<std::string>& seeds, std::mt19937_64& random) {
  std::string bytes = seeds[random() % seeds.size()];
  const std::string& other = seeds[random() % seeds.size()];
  for (size_t changes = 1 + random() % 3; changes > 0 && !bytes.empty(); --changes) {
    switch (random() % 8) {
      case 0:
        bytes.resize(random() % bytes.size());
        break;
      case 1:
        splice(bytes, other, random);
        break;
      case 2:
      case 3:
        bytes[random() % bytes.size()] ^= static_cast<char>(1U << (random() % 8));
        break;
      default:
        editNumber(bytes, random);
    }
  }
  return bytes;
}

/// Rows of ordinary values and of edges, one of them all missing.
std::vector<double> makeRows(size_t features) {
  constexpr std::array kValues = {std::numeric_limits<double>::quiet_NaN(),
                                  0.0,
                                  -1.0,
                                  1.7,
                                  33.0,
                                  1e9,
                                  -3e38,
                                  3e38,
                                  1e-40,
                                  16777216.0};
  std::vector<double> rows(kRows * features);
  for (size_t i = features; i < rows.size(); ++i) {
    rows[i] = kValues[(i * 7 + i / 11) % kValues.size()];
  }
  std::fill(rows.begin(), rows.begin() + static_cast<ptrdiff_t>(features), kValues[0]);
  return rows;
}

void scoreRows(const ModelVersion& model) {
  const size_t features = model.info().features.size();
  const std::vector<double> wide = makeRows(features);
  const std::vector<float> rows(wide.begin(), wide.end());
  for (const OutputForm form :
       {OutputForm::Margin, OutputForm::Value, OutputForm::Probability, OutputForm::Prediction,
        OutputForm::Leaf, OutputForm::Contribution}) {
    const size_t outputs = model.outputsPerRow(form);
    if (outputs == 0 || outputs > kMaxOutputs) {
      continue;
    }
    std::vector<float> scores(kRows * outputs);
    model.score({rows.data(), kRows, features}, form, scores);
    if (model.info().isWide) {
      std::vector<double> wideScores(kRows * outputs);
      model.scoreWide({wide.data(), kRows, features}, form, wideScores);
    }
  }
}

/// True when the mutant was accepted.
bool tryMutant(const std::string& bytes) {
  try {
    scoreRows(*loadModelBytes(bytes, {"mutant", 1, bytes.size() % 2 == 0}));
    return true;
  } catch (const ModelError& error) {
    if (std::strlen(error.what()) < 5) {
      throw std::runtime_error("refused without a reason");
    }
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: zooMutations FOLDER COUNT SEED [FROM]\n");
    return 2;
  }
  const std::vector<std::string> seeds = readSeeds(argv[1]);
  const uint64_t count = std::strtoull(argv[2], nullptr, 10);
  const uint64_t seed = std::strtoull(argv[3], nullptr, 10);
  for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL, SIGALRM}) {
    std::signal(signal, nameMutant);
  }
  uint64_t accepted = 0;
  const uint64_t from = argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 0;
  for (uint64_t mutant = from; mutant < from + count; ++mutant) {
    std::snprintf(current.data(), current.size(), "%llu of seed %llu\n",
                  static_cast<unsigned long long>(mutant), static_cast<unsigned long long>(seed));
    std::mt19937_64 random(seed * 1'000'003 + mutant);
    alarm(kPatience);
    try {
      accepted += tryMutant(mutate(seeds, random)) ? 1 : 0;
    } catch (const std::exception& error) {
      std::printf("mutant %llu: %s\n0 passed, 1 failed, 0 skipped\n",
                  static_cast<unsigned long long>(mutant), error.what());
      return 1;
    }
  }
  alarm(0);
  std::printf("%zu files, %llu mutants: %llu refused, %llu accepted and scored\n", seeds.size(),
              static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(count - accepted),
              static_cast<unsigned long long>(accepted));
  // All refused or all accepted would say that nothing was tried.
  const bool isSound = seeds.size() > 30 && accepted > 0 && accepted < count;
  std::printf("%llu passed, %d failed, 0 skipped\n",
              static_cast<unsigned long long>(isSound ? count : count - 1), isSound ? 0 : 1);
  return isSound ? 0 : 1;
}
