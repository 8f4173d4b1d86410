// SPDX-License-Identifier: Apache-2.0
#include "operators/Batch.h"
#include "stateStore/KeyValueStore.h"
