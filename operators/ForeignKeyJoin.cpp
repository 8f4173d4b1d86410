// SPDX-License-Identifier: Apache-2.0
#include "operators/ForeignKeyJoin.h"

#include <utility>

namespace auspex::operators {

std::vector<SqlType> foreignKeyNewsTypes() {
  return {SqlType::bigint(), SqlType::integer()};
}

void appendNews(std::span<const ForeignKeyNews> news, std::vector<ColumnPtr>& columns) {
  std::vector<int64_t> versions;
  std::vector<int32_t> events;
  for (const ForeignKeyNews& one : news) {
    versions.push_back(one.version);
    events.push_back(static_cast<int32_t>(one.event));
  }
  columns.push_back(Column::make(SqlType::bigint(), std::move(versions)));
  columns.push_back(Column::make(SqlType::integer(), std::move(events)));
}

ForeignKeyNews newsOf(const Batch& messages, size_t row) {
  const size_t event = messages.columns.size() - 1;
  return {messages.columns[event - 1]->values<int64_t>()[row],
          static_cast<ForeignKeyEvent>(messages.columns[event]->values<int32_t>()[row])};
}

}  // namespace auspex::operators
