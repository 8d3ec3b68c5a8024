#include "core/expression/lookup_file.h"

#include <algorithm>

namespace masar::expression {

const config::ElementTable& lookup_table() {
  static const config::ElementTable table{
      "lookup",
      "A table of texts, by key",
      {
          {"id", config::Kind::name, true, "", "Name for lookup('…', key)", {}},
          {"key", config::Kind::text, false, "", "What the keys are, for people", {}},
      },
      {"row"},
  };
  return table;
}

namespace {

/// Adds the row, or says what is wrong with it.
void add_row(const config::Element& row, Lookup& lookup, config::Diagnostics& diagnostics) {
  const config::Attribute* key = row.attribute("key");
  if (!key) return diagnostics.add(row.place, "a row without a key", "give it a key=\"…\"");
  std::vector<std::string> values(lookup.columns.size());
  std::vector<bool> given(lookup.columns.size());
  for (const config::Attribute& attribute : row.attributes) {
    if (attribute.name.local == "key") continue;
    const auto column =
        std::find(lookup.columns.begin(), lookup.columns.end(), attribute.name.local);
    if (column == lookup.columns.end()) {
      diagnostics.add(attribute.place, "the first row has no column " + attribute.name.local,
                      config::suggest(attribute.name.local, lookup.columns));
      return;
    }
    const auto index = static_cast<std::size_t>(column - lookup.columns.begin());
    values[index] = attribute.value;
    given[index] = true;
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (!given[i])
      diagnostics.add(row.place, "the row lacks " + lookup.columns[i],
                      "an empty value is written =\"\"");
  }
  if (!lookup.rows.emplace(key->value, std::move(values)).second) {
    diagnostics.add(key->value_place, "a second row of key " + key->value, "a key has one row");
  }
}

}  // namespace

std::optional<Lookup> load_lookup(const config::Element& root, config::Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.findings().size();
  if (root.name.local != "lookup" || !root.name.uri.empty()) {
    diagnostics.add(root.place, "a lookup file starts with " + root.name.local,
                    "write <lookup id=\"…\">");
    return std::nullopt;
  }
  const config::Values values(lookup_table(), root, diagnostics);
  Lookup lookup;
  lookup.name = values.text("id");
  for (const config::Element* row : root.elements()) {
    if (row->name.local != "row") continue;  // Values has said so
    if (lookup.columns.empty() && lookup.rows.empty()) {
      for (const config::Attribute& attribute : row->attributes) {
        if (attribute.name.local != "key") lookup.columns.push_back(attribute.name.local);
      }
    }
    add_row(*row, lookup, diagnostics);
  }
  if (lookup.rows.empty() && diagnostics.findings().size() == before) {
    diagnostics.add(root.place, "a lookup without rows", "write <row key=\"…\" column=\"…\"/>");
  }
  if (diagnostics.findings().size() != before) return std::nullopt;
  return lookup;
}

}  // namespace masar::expression
