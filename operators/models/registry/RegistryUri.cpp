// SPDX-License-Identifier: Apache-2.0
#include "operators/models/registry/RegistryUri.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "operators/data/Ascii.h"
#include "operators/models/ModelError.h"

namespace auspex::operators {
namespace {

constexpr std::string_view kMlflowScheme = "mlflow://";
/// Longer names and addresses are nobody's.
constexpr size_t kMaxRegistryUrlBytes = 2'048;

bool hasControls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte < ' ' || byte == 0x7F;
  });
}

}  // namespace

std::string RegistryUri::toString() const {
  return std::string(kMlflowScheme) + model +
         (version ? "/" + std::to_string(*version) : "@" + alias);
}

bool isRegistryUri(std::string_view uri) {
  return equalsIgnoringCase(uri.substr(0, kMlflowScheme.size()), kMlflowScheme);
}

RegistryUri parseRegistryUri(std::string_view uri) {
  const std::string_view rest = isRegistryUri(uri) ? uri.substr(kMlflowScheme.size()) : "";
  const size_t mark = rest.find_last_of("@/");
  RegistryUri parsed;
  parsed.model = std::string(rest.substr(0, mark));
  bool valid = mark != std::string_view::npos && !parsed.model.empty() && !hasControls(rest) &&
               rest.size() <= kMaxRegistryUrlBytes &&
               parsed.model.find_first_of("/:?#") == std::string::npos;
  const std::string_view chosen = mark == std::string_view::npos ? "" : rest.substr(mark + 1);
  valid = valid && !chosen.empty() && chosen.find_first_of(":?#") == std::string_view::npos;
  if (valid && rest[mark] == '@') {
    parsed.alias = std::string(chosen);
  } else if (valid) {
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(chosen.data(), chosen.data() + chosen.size(), number);
    valid = error == std::errc() && end == chosen.data() + chosen.size() && number > 0 &&
            number <= static_cast<uint32_t>(std::numeric_limits<int32_t>::max());
    parsed.version = number;
  }
  if (!valid) {
    throw ModelError("'" + std::string(uri) +
                     "' names no version in a registry. Write mlflow://name@alias, or "
                     "mlflow://name/3 for the third version");
  }
  return parsed;
}

std::string checkRegistryUrl(std::string_view url) {
  const size_t scheme = url.starts_with("http://") ? 7 : (url.starts_with("https://") ? 8 : 0);
  std::string_view rest = url.substr(scheme);
  while (rest.ends_with('/')) {
    rest.remove_suffix(1);
  }
  if (scheme == 0 || rest.empty() || rest.front() == '/' || rest.size() > kMaxRegistryUrlBytes ||
      hasControls(rest) || rest.find_first_of(" ?#@\\") != std::string_view::npos) {
    throw ModelError("'" + std::string(url) +
                     "' is no address of a registry. Write http://host:5000, or https://host with "
                     "a path perhaps, without user and password");
  }
  return std::string(url.substr(0, scheme)) + std::string(rest);
}

}  // namespace auspex::operators
