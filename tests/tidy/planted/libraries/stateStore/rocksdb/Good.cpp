// SPDX-License-Identifier: Apache-2.0
#include <rocksdb/db.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <vector>
