#include "core/process/codec.h"

#include <pugixml.hpp>

#include "core/base/error.h"
#include "core/process/interpreter.h"

namespace masar::process {
namespace {

using expression::Kind;
using expression::Value;

constexpr std::size_t kUsualBytes = 2'048;  ///< of a case's data, about

/// Calls `visit(name, type, slot)` for all that a case keeps.
template <typename Visit>
void each_slot(const Model& model, Visit visit) {
  std::size_t slot = 0;
  for (const auto& data : model.data) visit(data.declaration.name, data.declaration.type, slot++);
  for (const auto& [name, type] : model.hidden) visit(name, type, slot++);
}

bool is_empty(const Value& value, const expression::Type& type) {
  if (!value.is_set()) return true;
  if (type.kind == Kind::table)
    return value.as<std::shared_ptr<const expression::Table>>()->rows.empty();
  if (type.kind == Kind::list) return value.as<std::shared_ptr<const expression::List>>()->empty();
  return false;
}

}  // namespace

void name_types(Model& model) {
  model.kept_types.clear();
  model.kept_heads.clear();
  each_slot(model, [&](const std::string& name, const expression::Type& type, std::size_t) {
    const auto& kept = model.kept_types.emplace_back(expression::type_name(type));
    model.kept_heads.push_back("<v n=\"" + name + "\" t=\"" + kept + "\">");
  });
}

std::string encode_data(const Model& model, const std::vector<Value>& data) {
  std::string out;
  out.reserve(kUsualBytes);
  out += "<data>";
  each_slot(model, [&](const std::string&, const expression::Type& type, std::size_t slot) {
    if (slot >= data.size() || is_empty(data[slot], type)) return;
    out += model.kept_heads[slot];
    expression::append_xml(data[slot], type, out);
    out += "</v>";
  });
  return out += "</data>";
}

std::vector<Value> decode_data(const Model& model, std::string_view bytes) {
  pugi::xml_document document;
  // As written: white space and line ends of a value count.
  const auto result = document.load_buffer(
      bytes.data(), bytes.size(), pugi::parse_escapes | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  const pugi::xml_node root = document.child("data");
  if (!result || !root)
    throw Error(ErrorKind::internal, "case-data", "the stored data of a case cannot be read");
  std::vector<Value> data = empty_data(model);
  // The usual case: the same definition wrote them, so they stand in the order of the slots, and an
  // unset one is passed by.
  pugi::xml_node next = root.first_child();
  const auto read = [&](pugi::xml_node element, const expression::Type& type, std::size_t slot) {
    if (model.kept_types[slot] == element.attribute("t").value())
      data[slot] = expression::from_xml(element, type);
  };
  each_slot(model, [&](const std::string& name, const expression::Type& type, std::size_t slot) {
    if (!next || name != next.attribute("n").value()) return;
    read(next, type, slot);
    next = next.next_sibling();
  });
  if (!next) return data;
  each_slot(model, [&](const std::string& name, const expression::Type& type, std::size_t slot) {
    if (const auto element = root.find_child_by_attribute("v", "n", name.c_str()))
      read(element, type, slot);
  });
  return data;
}

}  // namespace masar::process
