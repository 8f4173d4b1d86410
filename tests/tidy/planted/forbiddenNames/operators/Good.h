// SPDX-License-Identifier: Apache-2.0
// Not by a TopicManager.
#pragma once
namespace rocksdb {
class WriteBufferManager;
}
class Implication {};
class CommonTable {};
