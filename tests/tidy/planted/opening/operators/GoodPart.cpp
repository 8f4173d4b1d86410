// SPDX-License-Identifier: Apache-2.0
#include "operators/Good.h"
