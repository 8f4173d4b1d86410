// SPDX-License-Identifier: Apache-2.0
#include "engine/runtime/DrawPipeline.h"

#include <algorithm>
#include <utility>

#include "operators/data/Assert.h"

namespace auspex::engine {
namespace {

/// Bounds on what waits, whatever the late operators would take: draws of which nothing is left to
/// be scored wait behind the others too, with the messages that they came from.
constexpr size_t kMaxSuspendedRecords = 16'384;
constexpr size_t kMaxSuspendedBytes = size_t{64} << 20;

size_t bytesOf(const operators::Draw& draw) {
  size_t bytes = 0;
  for (const operators::DrawnRecord& drawn : draw.records) {
    bytes += drawn.record->key.value_or("").size() + drawn.record->value.value_or("").size();
  }
  return bytes;
}

}  // namespace

void DrawInWork::clear() {
  draw.records.clear();
  draw.buffers.clear();
  errors.clear();
  for (operators::Batch& output : outputs) {
    output = {};
  }
  stage = 0;
}

DrawPipeline::DrawPipeline(const operators::SubTopology& part) : part_(part) {
  makeStages();
}

void DrawPipeline::makeStages() {
  std::vector<bool> isPlaced(part_.nodes.size(), false);
  for (size_t node = 0; node < part_.nodes.size(); ++node) {
    if (!part_.nodes[node].description->answersLater()) {
      continue;
    }
    // What it depends on; inputs come before their users.
    std::vector<bool> isNeeded(node + 1, false);
    isNeeded[node] = true;
    Stage stage;
    stage.lastNode = node;
    for (size_t i = node + 1; i-- > 0;) {
      for (const size_t input : part_.nodes[i].inputs) {
        isNeeded[input] = isNeeded[input] || isNeeded[i];
      }
    }
    for (size_t i = 0; i < node; ++i) {
      if (isNeeded[i] && !isPlaced[i]) {
        stage.nodes.push_back(i);
        isPlaced[i] = true;
      }
    }
    isPlaced[node] = true;
    stages_.push_back(std::move(stage));
  }
  Stage last;
  for (size_t i = 0; i < isPlaced.size(); ++i) {
    if (!isPlaced[i]) {
      last.nodes.push_back(i);
    }
  }
  stages_.push_back(std::move(last));
}

void DrawPipeline::createOperators(operators::TaskServices& services) {
  dropOperators();
  for (const operators::TopologyNode& node : part_.nodes) {
    operators_.push_back(node.description->create(services));
  }
  lastUser_.assign(part_.nodes.size(), 0);
  for (Stage& stage : stages_) {
    std::vector<size_t> nodes = stage.nodes;
    if (&stage != &stages_.back()) {
      stage.last = dynamic_cast<operators::LateOperator*>(operators_[stage.lastNode].get());
      AUSPEX_ASSERT(stage.last != nullptr);
      nodes.push_back(stage.lastNode);
    }
    for (const size_t node : nodes) {
      for (const size_t input : part_.nodes[node].inputs) {
        lastUser_[input] = node;
      }
    }
  }
  next_.outputs.assign(part_.nodes.size(), {});
}

void DrawPipeline::dropOperators() {
  suspended_.clear();
  suspendedRecords_ = suspendedBytes_ = 0;
  current_ = nullptr;
  next_.clear();
  operators_.clear();
}

bool DrawPipeline::hasRoom() const {
  return stages_.size() == 1 ||
         (suspendedRecords_ < kMaxSuspendedRecords && suspendedBytes_ < kMaxSuspendedBytes &&
          !stages_.front().last->isFull());
}

bool DrawPipeline::start() {
  current_ = &next_;
  if (run(next_)) {
    return true;
  }
  current_ = nullptr;
  next_.numBytes = bytesOf(next_.draw);
  suspendedBytes_ += next_.numBytes;
  suspendedRecords_ += next_.draw.records.size();
  suspended_.push_back(std::make_unique<DrawInWork>(std::move(next_)));
  next_ = {};
  next_.outputs.resize(part_.nodes.size());
  return false;
}

bool DrawPipeline::resume() {
  size_t former = stages_.size();
  for (const std::unique_ptr<DrawInWork>& work : suspended_) {
    const size_t stage = work->stage;
    // An operator gives out its oldest draw only, and the next one must be able to take it.
    if (stage == std::exchange(former, stage) || !hasRoomAfter(*work)) {
      continue;
    }
    current_ = work.get();
    operators::DrawContext context{work->draw, work->errors};
    std::optional<operators::Batch> output = stages_[stage].last->poll(context);
    if (output) {
      work->outputs[stages_[stage].lastNode] = std::move(*output);
      ++work->stage;
      if (!run(*work)) {
        current_ = nullptr;
      }
      return true;
    }
    current_ = nullptr;
  }
  return false;
}

bool DrawPipeline::hasRoomAfter(const DrawInWork& work) const {
  const operators::LateOperator* const after = stages_[work.stage + 1].last;
  return after == nullptr || !after->isFull();
}

bool DrawPipeline::run(DrawInWork& work) {
  operators::DrawContext context{work.draw, work.errors};
  const Stage& stage = stages_[work.stage];
  for (const size_t node : stage.nodes) {
    collectInputs(node, work.outputs);
    work.outputs[node] = operators_[node]->process(inputs_, context);
  }
  if (stage.last == nullptr) {
    for (const Stage& passed : stages_) {
      if (passed.last != nullptr) {
        passed.last->conclude(context);
      }
    }
    return true;
  }
  collectInputs(stage.lastNode, work.outputs);
  stage.last->submit(inputs_, context);
  return false;
}

void DrawPipeline::collectInputs(size_t node, std::vector<operators::Batch>& outputs) {
  inputs_.clear();
  for (const size_t input : part_.nodes[node].inputs) {
    if (lastUser_[input] == node) {
      inputs_.push_back(std::exchange(outputs[input], {}));
    } else {
      inputs_.push_back(outputs[input]);
    }
  }
}

void DrawPipeline::finish() {
  AUSPEX_ASSERT(current_ != nullptr);
  if (current_ == &next_) {
    next_.clear();
  } else {
    AUSPEX_ASSERT(current_ == suspended_.front().get());
    suspendedBytes_ -= current_->numBytes;
    suspendedRecords_ -= current_->draw.records.size();
    suspended_.pop_front();
  }
  current_ = nullptr;
}

void DrawPipeline::forgetDraws() {
  suspended_.clear();
  suspendedRecords_ = suspendedBytes_ = 0;
  current_ = nullptr;
  next_.clear();
  for (const Stage& stage : stages_) {
    if (stage.last != nullptr) {
      stage.last->forget();
    }
  }
}

}  // namespace auspex::engine
