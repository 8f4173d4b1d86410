// SPDX-License-Identifier: Apache-2.0
// What the bytes between two records of Kafka tell, in the format that all its topics have (v2).
#pragma once

#include "operators/data/Record.h"

namespace auspex::engine {

/// True when `record` certainly has no headers, seen by the bytes between it and `next`, which was
/// received after it: they must be its empty list of headers and the beginning of exactly that
/// next record. False tells nothing: the records do not lie side by side, or there are headers.
///
/// librdkafka makes a buffer and a list to find out that there are none, for every record again;
/// this looks at some ten bytes. It needs no promise of librdkafka's about where keys and values
/// lie: whatever else lies there is not a record's beginning, and then the answer is false.
bool certainlyWithoutHeaders(const operators::Record& record, const operators::Record& next);

}  // namespace auspex::engine
