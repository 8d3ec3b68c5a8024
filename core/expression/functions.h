#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/expression/expression.h"

namespace masar::expression {

struct Call;

/// What a parameter of a built-in function takes.
enum class Want : std::uint8_t {
  none,  ///< no parameter
  text,
  integer,
  fils,
  date,
  instant,
  duration,
  boolean,
  scalar,   ///< a scalar of any type; nodes are its text
  list,     ///< a list of any item type; nodes are a list of text
  texts,    ///< a list of text
  numbers,  ///< a list of integer, fils or duration
  table,
  countable,  ///< nodes, a list or a table
  any,
  item,     ///< the item type of the list before it
  key,      ///< the type of the first column of the table before it
  same,     ///< the type of the part before it
  literal,  ///< a text written out, known when the expression is compiled
};

/// What a built-in function results in.
enum class Gives : std::uint8_t {
  text,
  integer,
  fils,
  date,
  instant,
  duration,
  boolean,
  texts,
  item,   ///< the item type of its list
  list,   ///< the list's own type
  row,    ///< a row of its table
  first,  ///< the type of the first part
};

/// How the compiler treats the call. All but `call` are parts of the tree of their own.
enum class Form : std::uint8_t {
  call,
  exists,
  count,
  default_value,
  negate,
  concat,
  lookup,
  lookup_or,
  matches,
  row
};

/// One built-in function. The table of these is the only place that states a function's name,
/// parameters, result and meaning; the compiler, its messages and README.md come from it.
struct Builtin {
  static constexpr std::size_t kParametersMax = 4;

  std::string_view name;
  std::array<Want, kParametersMax> parameters;
  std::uint8_t least;  ///< parameters that must be given
  std::uint8_t most;   ///< 0xFF: any number, of the last kind
  Gives gives;
  Form form;
  Value (*body)(Call&);  ///< of Form::call
  std::string_view meaning;
};

std::span<const Builtin> builtins();
const Builtin* find_builtin(std::string_view name);
/// `substring(text, integer, [integer]) → text`.
std::string signature(const Builtin& builtin);
std::string_view want_name(Want want);

}  // namespace masar::expression
