// SPDX-License-Identifier: Apache-2.0
#include "operators/Topology.h"

namespace auspex::operators {
namespace {

void printNode(const SubTopology& part, size_t node, size_t depth, std::string& text) {
  text += std::string(depth * 2, ' ') + part.nodes[node].description->toString() + "\n";
  for (const size_t input : part.nodes[node].inputs) {
    printNode(part, input, depth + 1, text);
  }
}

}  // namespace

std::string toString(const Topology& topology) {
  std::string text;
  for (size_t i = topology.parts.size(); i-- > 0;) {
    const SubTopology& part = topology.parts[i];
    if (topology.parts.size() > 1) {
      text += "part " + std::to_string(i) + "\n";
    }
    std::vector<bool> isRead(part.nodes.size(), false);
    for (const TopologyNode& node : part.nodes) {
      for (const size_t input : node.inputs) {
        isRead[input] = true;
      }
    }
    for (size_t node = 0; node < part.nodes.size(); ++node) {
      if (!isRead[node]) {
        printNode(part, node, topology.parts.size() > 1 ? 1 : 0, text);
      }
    }
  }
  return text;
}

}  // namespace auspex::operators
