// SPDX-License-Identifier: Apache-2.0
// Everything that has a name: streams, tables, models, connectors, types.
#pragma once

#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operators/PredictOperator.h"
#include "operators/TimestampColumn.h"
#include "operators/Topology.h"
#include "operators/data/KeyWindow.h"
#include "operators/data/Schema.h"
#include "operators/formats/Format.h"
#include "operators/models/InputContract.h"
#include "operators/models/rpc/RemoteModel.h"
#include "operators/models/serving/ServingProtocol.h"
#include "parser/ast/Expression.h"

namespace auspex::queries {

enum class SourceKind : uint8_t { Stream, Table };

/// A stream or table over a topic. Immutable once in the catalog.
struct DataSource {
  std::string name;
  SourceKind kind = SourceKind::Stream;
  operators::Schema schema;
  std::string topic;
  const operators::Format* keyFormat = nullptr;
  const operators::Format* valueFormat = nullptr;
  operators::FormatOptions keyOptions;
  operators::FormatOptions valueOptions;
  std::optional<operators::TimestampColumn> timestamp;  ///< whose values are the rows' times
  std::optional<operators::KeyWindow> window;           ///< of its keys
  bool readOnly = false;
  int64_t ttl = 0;  ///< of a declared table: rows not updated for so many ms leave it; 0: none do
  std::string sql;  ///< the statement that made it
  /// Of the CREATE ... AS SELECT that writes it, or of what keeps a read-only table in state.
  std::string queryId;

  bool isTable() const { return kind == SourceKind::Table; }
  const char* kindName() const { return isTable() ? "TABLE" : "STREAM"; }
};

/// Where a version of a model came from.
struct ModelProvenance {
  std::string uri;        ///< as the statement gives it
  int64_t createdAt = 0;  ///< ms since epoch
  std::string sql;        ///< the statement that added it
};

/// The registry that a model's versions come from.
struct RegistryLink {
  std::string url;
  std::string model;      ///< its name there
  std::string alias;      ///< whose version serves as `default` here; empty: none
  bool follows = false;   ///< the alias, where it leads from now on
  uint32_t followed = 0;  ///< the version that the alias had led to when last taken over
};

struct ModelDefinition {
  std::string name;
  std::string deployment;
  std::string sql;
  std::vector<operators::InputDeclaration> inputs;            ///< the input list; for all versions
  double missing = std::numeric_limits<double>::quiet_NaN();  ///< MISSING=, unless a version says
  /// CLASSES=: the labels of the classes in the model's order; empty for 0, 1, ...
  std::vector<std::string> classes;
  std::map<uint32_t, ModelProvenance> versions;
  std::optional<RegistryLink> registry = {};
  /// DEPLOYMENT='RPC': what further versions begin with, and what becomes of rows without a score.
  std::optional<operators::RemoteModelOptions> remote = {};
  operators::FailurePolicies policies = {};
  std::optional<bool> returnsArray = {};  ///< RETURNS: an ARRAY<DOUBLE>, else a DOUBLE
  parser::ExpressionPtr splitKey;         ///< SPLIT ... BY; null without a split
};

struct ConnectorDefinition {
  std::string name;
  bool isSource = true;
  std::map<std::string, std::string> properties;  ///< names in lower case
  std::filesystem::path basePath;                 ///< what its relative paths start at
  std::string sql;
};

/// What SERVE MODEL says.
struct ServingDefinition {
  std::string model;
  std::string reference;  ///< to it, to one of its aliases or versions
  operators::ServingSpec spec;
  std::string requestTopic;
  std::string replyTopic;
};

/// A query that runs until it is terminated.
struct QueryDefinition {
  std::string id;
  std::string sink;  ///< name of the stream or table it writes; empty when it serves a model
  std::vector<std::string> sources;
  std::string sql;
  std::shared_ptr<const operators::Topology> topology;  ///< how it runs
  bool paused = false;
  std::optional<ServingDefinition> serving = {};
};

/// Names and what they stand for. A plain value: copying it takes a snapshot. Names compare
/// exactly; the parser has upper-cased unquoted ones.
class Catalog {
 public:
  template <typename T>
  using Named = std::map<std::string, std::shared_ptr<const T>, std::less<>>;

  Named<DataSource> sources;
  Named<ModelDefinition> models;
  Named<ConnectorDefinition> connectors;
  Named<QueryDefinition> queries;
  std::map<std::string, operators::SqlType, std::less<>> types;

  const DataSource* findSource(std::string_view name) const { return find(sources, name); }
  const ModelDefinition* findModel(std::string_view name) const { return find(models, name); }
  /// Ids of the queries that read, or write, a source.
  std::vector<std::string> readersOf(std::string_view source) const;
  std::vector<std::string> writersOf(std::string_view source) const;
  /// Ids of the queries for one of whose references to models `isMeant` holds.
  template <typename IsMeant>
  std::vector<std::string> scorersOf(IsMeant isMeant) const {
    std::vector<std::string> ids;
    for (const auto& [id, query] : queries) {
      bool uses = false;
      for (const operators::SubTopology& part : query->topology->parts) {
        for (const operators::ModelUse& use : part.models) {
          uses = uses || isMeant(operators::parseModelReference(use.reference));
        }
      }
      if (uses) {
        ids.push_back(id);
      }
    }
    return ids;
  }

 private:
  template <typename T>
  static const T* find(const Named<T>& named, std::string_view name) {
    const auto found = named.find(name);
    return found == named.end() ? nullptr : found->second.get();
  }
};

/// The names of a map, for nearest-name hints.
template <typename T>
std::vector<std::string> namesOf(const Catalog::Named<T>& named) {
  std::vector<std::string> names;
  for (const auto& [name, value] : named) {
    names.push_back(name);
  }
  return names;
}

}  // namespace auspex::queries
