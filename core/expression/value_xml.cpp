#include <array>

#include "core/base/error.h"
#include "core/expression/value.h"

// Values as the hub's own documents carry them: events, samples, stored cases.
namespace masar::expression {

namespace {

[[noreturn]] void bad(pugi::xml_node element, const std::string& what) {
  throw Error(ErrorKind::rejected, "bad-value",
              "element " + std::string(element.name()) + " " + what);
}

/// Elements and texts as children of a node.
class TreeSink {
 public:
  explicit TreeSink(pugi::xml_node node) : node_(node) {}
  void begin(const char* name) { node_ = node_.append_child(name); }
  void text(const std::string& text) {
    if (!text.empty()) node_.append_child(pugi::node_pcdata).set_value(text.c_str());
  }
  void end(const char*) { node_ = node_.parent(); }

 private:
  pugi::xml_node node_;
};

constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> plain{};
  for (unsigned c = 0; c < plain.size(); ++c) {
    plain[c] = c >= 0x20 ? c != '&' && c != '<' && c != '>' && c != '"'
                         : c == '\t' || c == '\n' || c == '\r';
  }
  return plain;
}

/// The same as bytes.
class TextSink {
 public:
  explicit TextSink(std::string& out) : out_(out) {}
  void begin(const char* name) { out_.append("<").append(name).append(">"); }
  void text(const std::string& text) {
    std::size_t run = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const auto c = static_cast<unsigned char>(text[at]);
      if (kPlain[c]) continue;
      out_.append(text, run, at - run).append("&#").append(std::to_string(c)).append(";");
      run = at + 1;
    }
    out_.append(text, run);
  }
  void end(const char* name) { out_.append("</").append(name).append(">"); }

 private:
  static constexpr std::array<bool, 256> kPlain = plain_bytes();  ///< need no reference
  std::string& out_;
};

const Columns& columns_of(const Type& type) {
  if (!type.columns) throw Error(ErrorKind::internal, "value-type", "a table type without columns");
  return *type.columns;
}

template <typename Sink>
void put_scalar(const Value& value, Sink& sink) {
  if (const auto* text = std::get_if<std::string>(&value.data())) return sink.text(*text);
  sink.text(to_text(value));
}

template <typename Sink>
void put_element(const char* name, const Value& value, Sink& sink) {
  sink.begin(name);
  put_scalar(value, sink);
  sink.end(name);
}

template <typename Sink>
void put_row(const Row& row, const Columns& columns, Sink& sink) {
  for (std::size_t i = 0; i < columns.size() && i < row.size(); ++i) {
    if (row[i].is_set()) put_element(columns[i].first.c_str(), row[i], sink);
  }
}

/// What from_xml() reads.
template <typename Sink>
void put_value(const Value& value, const Type& type, Sink& sink) {
  if (!value.is_set()) return;
  switch (type.kind) {
    case Kind::list:
      for (const Value& item : *value.as<std::shared_ptr<const List>>())
        put_element("item", item, sink);
      return;
    case Kind::table:
      for (const Row& row : value.as<std::shared_ptr<const Table>>()->rows) {
        sink.begin("row");
        put_row(row, columns_of(type), sink);
        sink.end("row");
      }
      return;
    case Kind::row:
      return put_row(*value.as<std::shared_ptr<const Row>>(), columns_of(type), sink);
    default: return put_scalar(value, sink);
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
  TreeSink sink(parent);
  put_value(value, type, sink);
}

void append_xml(const Value& value, const Type& type, std::string& out) {
  TextSink sink(out);
  put_value(value, type, sink);
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
