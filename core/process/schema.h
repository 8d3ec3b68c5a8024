#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/element.h"
#include "core/config/fields.h"

/// Which elements and attributes a process has, and what to write in place of those of SCXML that
/// it has not.
namespace masar::process {

inline constexpr std::string_view kScxml = "http://www.w3.org/2005/07/scxml";
inline constexpr std::string_view kMasar = "urn:masar:process";

/// The tables of all elements; attributes and children of our namespace are named with `m:`. A
/// field named `*` stands for any further attribute.
const std::vector<config::ElementTable>& element_tables();

/// The element's name as the tables have it: "state", "m:effect", or "{uri}local" for a foreign
/// one.
std::string table_name(const config::Name& name);

/// Checks attributes and children of `element` and of everything below it against the tables: what
/// is unknown, missing, misplaced, left out of SCXML on purpose, or has a value that is not of its
/// kind goes to `diagnostics`.
void check_shape(const config::Element& element, config::Diagnostics& diagnostics);

/// The attribute by its name in the tables ("m:type", "event"), or null.
const config::Attribute* attribute_of(const config::Element& element, std::string_view name);
std::string value_of(const config::Element& element, std::string_view name);
/// Where the attribute's value stands; the element where there is none.
config::Place place_of(const config::Element& element, std::string_view name);
bool flag_of(const config::Element& element, std::string_view name);
/// The parts of a text between white space.
std::vector<std::string> words(std::string_view text);
/// Letters, digits, - and _, a letter or _ first.
bool is_name(std::string_view text);
bool is_named(const config::Element& element, std::string_view table_name);

}  // namespace masar::process
