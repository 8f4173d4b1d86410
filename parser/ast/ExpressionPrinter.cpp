// SPDX-License-Identifier: Apache-2.0
// Prints names, literals, types and expressions; Printer.cpp prints what they stand in.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <variant>

#include "parser/ast/Printer.h"
#include "parser/grammar/TokenKind.h"

namespace auspex::parser {
namespace {

/// How tightly an operation binds; an operand that binds less needs parentheses.
enum class Level {
  Any,
  Or,
  And,
  Not,
  Predicate,
  Concat,
  Additive,
  Multiplicative,
  Unary,
  Postfix,
  Primary
};

Level above(Level level) {
  return static_cast<Level>(static_cast<int>(level) + 1);
}

/// Free words that begin something of their own where a name may stand.
bool isAmbiguous(TokenKind kind) {
  switch (kind) {
    case TokenKind::Array:
    case TokenKind::Map:
    case TokenKind::Struct:
    case TokenKind::Tables:
    case TokenKind::Function:
    case TokenKind::Model:
    case TokenKind::If:
    case TokenKind::Session:
    case TokenKind::Column:
    case TokenKind::Headers:
    case TokenKind::Header:
      return true;
    default:
      return false;
  }
}

/// Quotes a text; what would read as a variable gets the `$` that prevents it.
std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == quote || text.substr(i, 2) == "${") {
      result.push_back(text[i]);
    }
    result.push_back(text[i]);
  }
  result.push_back(quote);
  return result;
}

std::string_view symbol(ArithmeticOperator operation) {
  switch (operation) {
    case ArithmeticOperator::Add:
      return "+";
    case ArithmeticOperator::Subtract:
      return "-";
    case ArithmeticOperator::Multiply:
      return "*";
    case ArithmeticOperator::Divide:
      return "/";
    case ArithmeticOperator::Modulo:
      return "%";
    case ArithmeticOperator::Concat:
      return "||";
  }
  return "";
}

std::string_view symbol(ComparisonOperator operation) {
  switch (operation) {
    case ComparisonOperator::Equal:
      return "=";
    case ComparisonOperator::NotEqual:
      return "<>";
    case ComparisonOperator::Less:
      return "<";
    case ComparisonOperator::LessOrEqual:
      return "<=";
    case ComparisonOperator::Greater:
      return ">";
    case ComparisonOperator::GreaterOrEqual:
      return ">=";
    case ComparisonOperator::IsDistinctFrom:
      return "IS DISTINCT FROM";
    case ComparisonOperator::IsNotDistinctFrom:
      return "IS NOT DISTINCT FROM";
  }
  return "";
}

std::string_view unitName(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::Years:
      return "YEARS";
    case TimeUnit::Months:
      return "MONTHS";
    case TimeUnit::Days:
      return "DAYS";
    case TimeUnit::Hours:
      return "HOURS";
    case TimeUnit::Minutes:
      return "MINUTES";
    case TimeUnit::Seconds:
      return "SECONDS";
    case TimeUnit::Milliseconds:
      return "MILLISECONDS";
  }
  return "";
}

Level levelOf(ArithmeticOperator operation) {
  switch (operation) {
    case ArithmeticOperator::Concat:
      return Level::Concat;
    case ArithmeticOperator::Add:
    case ArithmeticOperator::Subtract:
      return Level::Additive;
    default:
      return Level::Multiplicative;
  }
}

class ExpressionPrinter {
 public:
  explicit ExpressionPrinter(Parentheses parentheses) : parentheses_(parentheses) {}

  void write(const ExpressionPtr& expression, Level least) { write(*expression, least); }

  void write(const Expression& expression, Level least) {
    const Level level =
        std::visit([](const auto& node) { return levelOfNode(node); }, expression.node);
    const bool wanted = parentheses_ == Parentheses::Everywhere && isOperation(expression);
    const bool wrapped = level < least || wanted;
    out_ += wrapped ? "(" : "";
    std::visit([this](const auto& node) { writeNode(node); }, expression.node);
    out_ += wrapped ? ")" : "";
  }

  std::string take() { return std::move(out_); }

 private:
  template <typename NodeType>
  static Level levelOfNode(const NodeType& /*node*/) {
    return Level::Primary;
  }
  static Level levelOfNode(const IntegerLiteral& node) {
    return node.value < 0 ? Level::Unary : Level::Primary;
  }
  static Level levelOfNode(const DoubleLiteral& node) {
    return node.text.starts_with('-') ? Level::Unary : Level::Primary;
  }
  static Level levelOfNode(const Unary& /*node*/) { return Level::Unary; }
  static Level levelOfNode(const Arithmetic& node) { return levelOf(node.operation); }
  static Level levelOfNode(const Comparison& /*node*/) { return Level::Predicate; }
  static Level levelOfNode(const Between& /*node*/) { return Level::Predicate; }
  static Level levelOfNode(const InList& /*node*/) { return Level::Predicate; }
  static Level levelOfNode(const Like& /*node*/) { return Level::Predicate; }
  static Level levelOfNode(const IsNull& /*node*/) { return Level::Predicate; }
  static Level levelOfNode(const Not& /*node*/) { return Level::Not; }
  static Level levelOfNode(const Logical& node) {
    return node.operation == LogicalOperator::And ? Level::And : Level::Or;
  }
  static Level levelOfNode(const Lambda& /*node*/) { return Level::Any; }
  static Level levelOfNode(const Subscript& /*node*/) { return Level::Postfix; }
  static Level levelOfNode(const Dereference& /*node*/) { return Level::Postfix; }

  static bool isOperation(const Expression& expression) {
    return std::holds_alternative<Arithmetic>(expression.node) ||
           std::holds_alternative<Comparison>(expression.node) ||
           std::holds_alternative<Logical>(expression.node) ||
           std::holds_alternative<Not>(expression.node) ||
           std::holds_alternative<Between>(expression.node) ||
           std::holds_alternative<InList>(expression.node) ||
           std::holds_alternative<Like>(expression.node) ||
           std::holds_alternative<IsNull>(expression.node) ||
           std::holds_alternative<Case>(expression.node);
  }

  void writeNode(const NullLiteral& /*node*/) {
    out_ += parentheses_ == Parentheses::Everywhere ? "null" : "NULL";
  }
  void writeNode(const BooleanLiteral& node) { out_ += node.value ? "TRUE" : "FALSE"; }
  void writeNode(const IntegerLiteral& node) { out_ += std::to_string(node.value); }
  void writeNode(const DecimalLiteral& node) {
    const bool isPlain = node.text.find('.') != std::string::npos && !node.text.starts_with('-');
    out_ += isPlain ? node.text : fmt::format("DECIMAL '{}'", node.text);
  }
  void writeNode(const DoubleLiteral& node) { out_ += node.text; }
  void writeNode(const StringLiteral& node) { out_ += printText(node.value); }
  void writeNode(const ColumnReference& node) {
    if (node.source) {
      out_ += printName(node.source->name) + ".";
    }
    out_ += printName(node.name.name);
  }
  void writeNode(const Unary& node) {
    out_ += node.operation == UnaryOperator::Minus ? "-" : "+";
    write(node.operand, Level::Postfix);
  }
  void writeNode(const Arithmetic& node) {
    const Level level = levelOf(node.operation);
    writeBinary(node.left, level, symbol(node.operation), node.right, above(level));
  }
  void writeNode(const Comparison& node) {
    writeBinary(node.left, Level::Concat, symbol(node.operation), node.right, Level::Concat);
  }
  void writeNode(const Logical& node) {
    const bool isAnd = node.operation == LogicalOperator::And;
    const Level level = isAnd ? Level::And : Level::Or;
    writeBinary(node.left, level, isAnd ? "AND" : "OR", node.right, above(level));
  }
  void writeNode(const Not& node) {
    out_ += "NOT ";
    write(node.operand, Level::Not);
  }
  void writeNode(const Between& node) {
    write(node.value, Level::Concat);
    out_ += node.negated ? " NOT BETWEEN " : " BETWEEN ";
    writeBinary(node.low, Level::Concat, "AND", node.high, Level::Concat);
  }
  void writeNode(const InList& node) {
    write(node.value, Level::Concat);
    out_ += node.negated ? " NOT IN (" : " IN (";
    writeList(node.candidates);
    out_ += ")";
  }
  void writeNode(const Like& node) {
    writeBinary(node.value, Level::Concat, node.negated ? "NOT LIKE" : "LIKE", node.pattern,
                Level::Concat);
    if (node.escape) {
      out_ += " ESCAPE " + printText(*node.escape);
    }
  }
  void writeNode(const IsNull& node) {
    write(node.value, Level::Concat);
    out_ += node.negated ? " IS NOT NULL" : " IS NULL";
  }
  void writeNode(const TimeUnitArgument& node) { out_ += unitName(node.unit); }
  void writeNode(const FunctionCall& node) {
    out_ += printName(node.name.name) + "(";
    for (std::size_t i = 0; i < node.arguments.size(); ++i) {
      out_ += i == 0 ? "" : ", ";
      writeArgument(node.arguments[i]);
    }
    out_ += ")";
    if (node.over) {
      writeOver(*node.over);
    }
  }
  void writeNode(const Lambda& node) {
    const bool single = node.parameters.size() == 1;
    out_ += single ? "" : "(";
    for (std::size_t i = 0; i < node.parameters.size(); ++i) {
      out_ += i == 0 ? "" : ", ";
      out_ += printName(node.parameters[i].name);
    }
    out_ += single ? " => " : ") => ";
    write(node.body, Level::Any);
  }
  void writeNode(const Cast& node) {
    out_ += "CAST(";
    write(node.value, Level::Any);
    out_ += " AS " + print(node.type) + ")";
  }
  void writeNode(const Case& node) {
    out_ += "CASE";
    if (node.operand != nullptr) {
      out_ += " ";
      write(node.operand, Level::Any);
    }
    for (const WhenClause& clause : node.clauses) {
      out_ += " WHEN ";
      write(clause.condition, Level::Any);
      out_ += " THEN ";
      write(clause.result, Level::Any);
    }
    if (node.otherwise != nullptr) {
      out_ += " ELSE ";
      write(node.otherwise, Level::Any);
    }
    out_ += " END";
  }
  void writeNode(const ArrayConstructor& node) {
    out_ += "ARRAY[";
    writeList(node.elements);
    out_ += "]";
  }
  void writeNode(const MapConstructor& node) {
    out_ += "MAP(";
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      out_ += i == 0 ? "" : ", ";
      writeBinary(node.entries[i].key, Level::Any, ":=", node.entries[i].value, Level::Any);
    }
    out_ += ")";
  }
  void writeNode(const StructConstructor& node) {
    out_ += "STRUCT(";
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      out_ += i == 0 ? "" : ", ";
      out_ += printName(node.entries[i].name.name) + " := ";
      write(node.entries[i].value, Level::Any);
    }
    out_ += ")";
  }
  void writeNode(const Subscript& node) {
    write(node.base, Level::Postfix);
    out_ += "[";
    // The grammar takes a value here, no condition.
    write(node.index, Level::Concat);
    out_ += "]";
  }
  void writeNode(const Dereference& node) {
    write(node.base, Level::Postfix);
    out_ += "->" + printName(node.field.name);
  }

  void writeBinary(const ExpressionPtr& left, Level leftLevel, std::string_view operation,
                   const ExpressionPtr& right, Level rightLevel) {
    write(left, leftLevel);
    out_ += fmt::format(" {} ", operation);
    write(right, rightLevel);
  }

  void writeList(const std::vector<ExpressionPtr>& expressions) {
    for (std::size_t i = 0; i < expressions.size(); ++i) {
      out_ += i == 0 ? "" : ", ";
      write(expressions[i], Level::Any);
    }
  }

  void writeArgument(const Argument& argument) {
    if (argument.star) {
      out_ += "*";
      return;
    }
    write(argument.value, Level::Any);
    if (argument.name) {
      out_ += " AS " + printName(argument.name->name);
    }
  }

  void writeOver(const Over& over) {
    out_ += " OVER (";
    if (!over.partitionBy.empty()) {
      out_ += "PARTITION BY ";
      for (std::size_t i = 0; i < over.partitionBy.size(); ++i) {
        out_ += i == 0 ? "" : ", ";
        write(over.partitionBy[i], Level::Concat);
      }
    }
    if (over.frame) {
      const Frame& frame = *over.frame;
      const bool isRows = frame.kind == Frame::Kind::Rows;
      out_ += over.partitionBy.empty() ? "" : " ";
      out_ += isRows ? "ROWS " : "RANGE ";
      if (frame.unbounded) {
        out_ += "UNBOUNDED";
      } else {
        out_ += isRows ? std::to_string(frame.rows) : print(frame.range);
      }
      out_ += " PRECEDING";
    }
    out_ += ")";
  }

  Parentheses parentheses_;
  std::string out_;
};

bool standsPlain(const std::string& name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9') || name.front() == '@') {
    return false;
  }
  const bool isWordText = std::all_of(name.begin(), name.end(), [](char letter) {
    return (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == '_' ||
           letter == '@';
  });
  const TokenKind kind = wordKind(name);
  return isWordText && !isReserved(kind) && !isAmbiguous(kind);
}

}  // namespace

std::string printName(const std::string& name) {
  return standsPlain(name) ? name : quoted(name, '`');
}

std::string printText(const std::string& text) {
  return quoted(text, '\'');
}

std::string print(const Interval& interval) {
  return fmt::format("{} {}", interval.count, unitName(interval.unit));
}

std::string print(const TypeName& type) {
  switch (type.kind) {
    case TypeName::Kind::Decimal:
      return fmt::format("DECIMAL({}, {})", type.precision, type.scale);
    case TypeName::Kind::Array:
      return fmt::format("ARRAY<{}>", print(type.children[0]));
    case TypeName::Kind::Map:
      return fmt::format("MAP<{}, {}>", print(type.children[0]), print(type.children[1]));
    case TypeName::Kind::Struct: {
      std::string fields;
      for (const TypeField& field : type.fields) {
        fields += fields.empty() ? "" : ", ";
        fields += printName(field.name.name) + " " + print(field.type);
      }
      return fmt::format("STRUCT<{}>", fields);
    }
    case TypeName::Kind::Named:
      break;
  }
  std::string parameters;
  for (const std::string& parameter : type.parameters) {
    parameters += parameters.empty() ? "" : ", ";
    parameters += parameter;
  }
  const std::string name = printName(type.name.name);
  return parameters.empty() ? name : fmt::format("{}({})", name, parameters);
}

std::string printValue(const Expression& expression) {
  ExpressionPrinter printer(Parentheses::Needed);
  printer.write(expression, Level::Concat);
  return printer.take();
}

std::string print(const Expression& expression, Parentheses parentheses) {
  ExpressionPrinter printer(parentheses);
  printer.write(expression, Level::Any);
  return printer.take();
}

}  // namespace auspex::parser
