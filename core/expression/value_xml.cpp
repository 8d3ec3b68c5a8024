#include "core/base/error.h"
#include "core/expression/value.h"

// Values as the hub's own documents carry them: events, samples, stored cases.
namespace masar::expression {

namespace {

[[noreturn]] void bad(pugi::xml_node element, const std::string& what) {
  throw Error(ErrorKind::rejected, "bad-value",
              "element " + std::string(element.name()) + " " + what);
}

void put_text(const Value& value, pugi::xml_node parent) {
  const std::string text = to_text(value);
  if (!text.empty()) parent.append_child(pugi::node_pcdata).set_value(text.c_str());
}

const Columns& columns_of(const Type& type) {
  if (!type.columns) throw Error(ErrorKind::internal, "value-type", "a table type without columns");
  return *type.columns;
}

void put_row(const Row& row, const Columns& columns, pugi::xml_node parent) {
  for (std::size_t i = 0; i < columns.size() && i < row.size(); ++i) {
    if (row[i].is_set()) put_text(row[i], parent.append_child(columns[i].first.c_str()));
  }
}

bool is_content(pugi::xml_node node) {
  return node.type() == pugi::node_element || node.type() == pugi::node_pcdata ||
         node.type() == pugi::node_cdata;
}

Value scalar_of(pugi::xml_node element, Kind kind) {
  const pugi::xml_node first = element.first_child();
  if (first.type() == pugi::node_element || first.next_sibling())
    bad(element, "holds elements, not one value");
  try {
    return from_text(first.value(), kind);
  } catch (const Error& error) {
    if (error.code() != "bad-value") throw;
    bad(element, std::string("does not hold a value of its type: ") + error.what());
  }
}

/// Calls `use` with each child, all of which must be elements named `name`.
template <typename Use>
void each(pugi::xml_node element, const std::string& name, const Use& use) {
  for (const pugi::xml_node child : element.children()) {
    if (!is_content(child)) continue;
    if (name != child.name()) bad(element, "holds something other than " + name);
    use(child);
  }
}

Row row_of(pugi::xml_node element, const Columns& columns) {
  Row row(columns.size());
  for (const pugi::xml_node child : element.children()) {
    if (!is_content(child)) continue;
    std::size_t column = 0;
    while (column < columns.size() && columns[column].first != child.name()) ++column;
    if (column == columns.size()) bad(element, "holds something that is no column");
    if (row[column].is_set()) bad(child, "stands twice in a row");
    row[column] = scalar_of(child, columns[column].second.kind);
  }
  return row;
}

}  // namespace

void to_xml(const Value& value, const Type& type, pugi::xml_node parent) {
  if (!value.is_set()) return;
  switch (type.kind) {
    case Kind::list:
      for (const Value& item : *value.as<std::shared_ptr<const List>>()) {
        put_text(item, parent.append_child("item"));
      }
      return;
    case Kind::table:
      for (const Row& row : value.as<std::shared_ptr<const Table>>()->rows) {
        put_row(row, columns_of(type), parent.append_child("row"));
      }
      return;
    case Kind::row:
      return put_row(*value.as<std::shared_ptr<const Row>>(), columns_of(type), parent);
    default: return put_text(value, parent);
  }
}

Value from_xml(pugi::xml_node element, const Type& type) {
  switch (type.kind) {
    case Kind::list: {
      List items;
      each(element, "item",
           [&](pugi::xml_node item) { items.push_back(scalar_of(item, type.item)); });
      return Value(std::make_shared<const List>(std::move(items)));
    }
    case Kind::table: {
      Table table;
      each(element, "row",
           [&](pugi::xml_node row) { table.rows.push_back(row_of(row, columns_of(type))); });
      return Value(std::make_shared<const Table>(std::move(table)));
    }
    case Kind::row: return Value(std::make_shared<const Row>(row_of(element, columns_of(type))));
    default: return scalar_of(element, type.kind);
  }
}

}  // namespace masar::expression
