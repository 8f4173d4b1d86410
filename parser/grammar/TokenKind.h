// SPDX-License-Identifier: Apache-2.0
// The kinds of tokens, each one byte: a statement as the grammar sees it is a string of these
// bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace auspex::parser {

// clang-format off
/// Words of the dialect that may also be names without quotes.
#define AUSPEX_FREE_WORDS(X) \
  X(Show, "SHOW") X(Tables, "TABLES") X(Columns, "COLUMNS") X(Column, "COLUMN")                    \
  X(Partitions, "PARTITIONS") X(Functions, "FUNCTIONS") X(Function, "FUNCTION")                    \
  X(Session, "SESSION") X(Struct, "STRUCT") X(Map, "MAP") X(Array, "ARRAY")                        \
  X(Partition, "PARTITION") X(Integer, "INTEGER") X(Date, "DATE") X(Time, "TIME")                  \
  X(Timestamp, "TIMESTAMP") X(Interval, "INTERVAL") X(Zone, "ZONE") X(String, "STRING")            \
  X(Year, "YEAR") X(Month, "MONTH") X(Day, "DAY") X(Hour, "HOUR") X(Minute, "MINUTE")              \
  X(Second, "SECOND") X(Explain, "EXPLAIN") X(Analyze, "ANALYZE") X(Type, "TYPE")                  \
  X(Types, "TYPES") X(Set, "SET") X(Reset, "RESET") X(If, "IF") X(Source, "SOURCE")                \
  X(Sink, "SINK") X(Primary, "PRIMARY") X(Key, "KEY") X(Emit, "EMIT") X(Changes, "CHANGES")        \
  X(Final, "FINAL") X(Escape, "ESCAPE") X(Replace, "REPLACE") X(Assert, "ASSERT")                  \
  X(Alter, "ALTER") X(Add, "ADD") X(Header, "HEADER") X(Headers, "HEADERS") X(Grace, "GRACE")      \
  X(Period, "PERIOD") X(Define, "DEFINE") X(Undefine, "UNDEFINE") X(VariablesWord, "VARIABLES")        \
  X(Plugins, "PLUGINS") X(System, "SYSTEM") X(Timeout, "TIMEOUT") X(Schema, "SCHEMA")              \
  X(Subject, "SUBJECT") X(Id, "ID") X(Model, "MODEL") X(Models, "MODELS") X(Version, "VERSION")    \
  X(Versions, "VERSIONS") X(Alias, "ALIAS") X(Split, "SPLIT") X(Shadow, "SHADOW")                  \
  X(Canary, "CANARY") X(Rollback, "ROLLBACK") X(Serve, "SERVE") X(Evaluate, "EVALUATE")            \
  X(Returns, "RETURNS") X(Transform, "TRANSFORM") X(Categories, "CATEGORIES")                      \
  X(Default, "DEFAULT") X(Over, "OVER") X(Order, "ORDER") X(Asc, "ASC") X(Range, "RANGE")          \
  X(Rows, "ROWS") X(Row, "ROW") X(Preceding, "PRECEDING") X(Unbounded, "UNBOUNDED")                \
  X(Current, "CURRENT") X(Of, "OF") X(Rowtime, "ROWTIME") X(Salt, "SALT") X(Steps, "STEPS")        \
  X(Every, "EVERY") X(Based, "BASED") X(Promote, "PROMOTE") X(Union, "UNION") X(Stop, "STOP")      \
  X(Serving, "SERVING") X(Served, "SERVED")

/// Words of the dialect that are names only in quotes.
#define AUSPEX_RESERVED_WORDS(X) \
  X(Select, "SELECT") X(From, "FROM") X(As, "AS") X(All, "ALL") X(Distinct, "DISTINCT")            \
  X(Where, "WHERE") X(Within, "WITHIN") X(Window, "WINDOW") X(Group, "GROUP") X(By, "BY")          \
  X(Having, "HAVING") X(Limit, "LIMIT") X(At, "AT") X(Or, "OR") X(And, "AND") X(In, "IN")          \
  X(Not, "NOT") X(Exists, "EXISTS") X(Between, "BETWEEN") X(Like, "LIKE") X(Is, "IS")              \
  X(Null, "NULL") X(True, "TRUE") X(False, "FALSE") X(Millisecond, "MILLISECOND")                  \
  X(Years, "YEARS") X(Months, "MONTHS") X(Days, "DAYS") X(Hours, "HOURS") X(Minutes, "MINUTES")    \
  X(Seconds, "SECONDS") X(Milliseconds, "MILLISECONDS") X(Tumbling, "TUMBLING")                    \
  X(Hopping, "HOPPING") X(Size, "SIZE") X(Advance, "ADVANCE") X(Retention, "RETENTION")            \
  X(Case, "CASE") X(When, "WHEN") X(Then, "THEN") X(Else, "ELSE") X(End, "END") X(Join, "JOIN")    \
  X(Full, "FULL") X(Outer, "OUTER") X(Inner, "INNER") X(Left, "LEFT") X(Right, "RIGHT")            \
  X(On, "ON") X(With, "WITH") X(Values, "VALUES") X(Create, "CREATE") X(Table, "TABLE")            \
  X(Topic, "TOPIC") X(Stream, "STREAM") X(Streams, "STREAMS") X(Insert, "INSERT")                  \
  X(Delete, "DELETE") X(Into, "INTO") X(Describe, "DESCRIBE") X(Extended, "EXTENDED")              \
  X(Print, "PRINT") X(Cast, "CAST") X(List, "LIST") X(Topics, "TOPICS") X(Query, "QUERY")          \
  X(Queries, "QUERIES") X(Terminate, "TERMINATE") X(Pause, "PAUSE") X(Resume, "RESUME")            \
  X(Load, "LOAD") X(Drop, "DROP") X(To, "TO") X(Rename, "RENAME") X(Sample, "SAMPLE")              \
  X(Export, "EXPORT") X(Catalog, "CATALOG") X(Properties, "PROPERTIES")                            \
  X(Beginning, "BEGINNING") X(Unset, "UNSET") X(Run, "RUN") X(Script, "SCRIPT")                    \
  X(Decimal, "DECIMAL") X(Connector, "CONNECTOR") X(Connectors, "CONNECTORS")                      \
  X(Namespace, "NAMESPACE") X(Materialized, "MATERIALIZED") X(View, "VIEW")

#define AUSPEX_SYMBOLS(X) \
  X(Equal, "=") X(NotEqual, "<>") X(Less, "<") X(LessOrEqual, "<=") X(Greater, ">") \
  X(GreaterOrEqual, ">=") X(PlusSign, "+") X(MinusSign, "-") X(Asterisk, "*") X(Slash, "/") \
  X(PercentSign, "%") X(Concat, "||") X(Assign, ":=") X(Arrow, "->") X(DoubleArrow, "=>") \
  X(Dot, ".") X(Comma, ",") X(LeftParen, "(") X(RightParen, ")") X(LeftBracket, "[") \
  X(RightBracket, "]") X(Semicolon, ";")

#define AUSPEX_TOKEN_ENUMERATOR(name, text) name,
/// What a token is. The free words lie together, from the first to the last, with the plain names
/// before them, so that "any name" is one range.
enum class TokenKind : std::uint8_t {
  EndOfText,
  StringText,
  IntegerNumber,
  DecimalNumber,
  FloatingNumber,
  AUSPEX_SYMBOLS(AUSPEX_TOKEN_ENUMERATOR)
  AUSPEX_RESERVED_WORDS(AUSPEX_TOKEN_ENUMERATOR)
  PlainName,
  QuotedName,
  AUSPEX_FREE_WORDS(AUSPEX_TOKEN_ENUMERATOR)
  Count
};
#undef AUSPEX_TOKEN_ENUMERATOR
// clang-format on

inline constexpr TokenKind kFirstName = TokenKind::PlainName;
inline constexpr TokenKind kLastName =
    static_cast<TokenKind>(static_cast<std::uint8_t>(TokenKind::Count) - 1);
inline constexpr TokenKind kFirstReserved = TokenKind::Select;
inline constexpr TokenKind kLastReserved =
    static_cast<TokenKind>(static_cast<std::uint8_t>(kFirstName) - 1);

/// Returns how a kind is written in messages: the word or symbol, else what ksqlDB calls it
/// (STRING, INTEGER_VALUE, IDENTIFIER).
std::string_view spelling(TokenKind kind);

/// Returns the kind of an unquoted word given in upper case: its own, or PlainName.
TokenKind wordKind(std::string_view upperCased);

constexpr bool isReserved(TokenKind kind) {
  return kind >= kFirstReserved && kind <= kLastReserved;
}

/// Says whether a token of this kind may be a name.
constexpr bool isName(TokenKind kind) {
  return kind >= kFirstName && kind <= kLastName;
}

/// Says whether the kind is a word of the dialect, reserved or free.
constexpr bool isWord(TokenKind kind) {
  return isReserved(kind) || (isName(kind) && kind > TokenKind::QuotedName);
}

}  // namespace auspex::parser
