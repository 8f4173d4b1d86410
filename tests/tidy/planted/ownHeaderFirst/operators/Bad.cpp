// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "operators/Bad.h"
