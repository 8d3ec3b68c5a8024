#include "core/process/host.h"

#include "core/base/error.h"

namespace masar::process {
namespace {

using expression::Frame;
using expression::Kind;
using expression::Type;
using expression::Value;

ProcessHost& host_of(const Frame& frame) {
  // Scopes that have these functions are evaluated by the interpreter alone.
  if (frame.host == nullptr)
    throw Error(ErrorKind::internal, "no-host", "a process's function outside a process");
  return static_cast<ProcessHost&>(*frame.host);
}

std::vector<expression::Function> make_functions() {
  const Type text{Kind::text, Kind::text, nullptr};
  const auto function = [&](const char* name, Kind result, auto body) {
    expression::Function made;
    made.name = name;
    made.parameters = {text};
    made.result = Type{result, Kind::text, nullptr};
    made.body = body;
    return made;
  };
  return {
      function("in", Kind::boolean,
               [](const Frame& frame, std::span<const Value> arguments) {
                 return Value(host_of(frame).is_in(arguments[0].as<std::string>()));
               }),
      function("serial", Kind::text,
               [](const Frame& frame, std::span<const Value> arguments) {
                 return Value(host_of(frame).next_serial(arguments[0].as<std::string>()));
               }),
      function("deadline", Kind::instant,
               [](const Frame& frame, std::span<const Value> arguments) {
                 return host_of(frame).due_of(arguments[0].as<std::string>());
               }),
  };
}

}  // namespace

const std::vector<expression::Function>& process_functions() {
  static const std::vector<expression::Function> functions = make_functions();
  return functions;
}

}  // namespace masar::process
