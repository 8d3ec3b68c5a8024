#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/mapping/mapping.h"

// The compiled template. Private to core/mapping.
namespace masar::mapping {

/// One application: what changes while the template is gone through.
struct Run {
  const Mapping::Program& program;
  expression::Frame frame;
  std::vector<expression::Value>
      bound;  ///< what the template binds, by slot behind the scope's own
  pugi::xml_document& out;
  std::size_t depth = 0;  ///< of literal elements open
  std::string text;       ///< kept between texts, so that its memory is used again
  std::string storage;
};

/// A piece of a template. Immutable once compiled.
struct Part {
  virtual ~Part() = default;
  /// Puts what it makes at the end of `parent`. False where a text is unset whose element is
  /// optional: then that element is left out.
  virtual bool build(Run& run, pugi::xml_node parent) const = 0;
};
using PartPtr = std::unique_ptr<const Part>;

struct Sequence {
  std::vector<PartPtr> parts;
  bool build(Run& run, pugi::xml_node parent) const;
};

struct Text final : Part {
  Text(expression::TextTemplate t, bool o) : text(std::move(t)), optional(o) {}
  bool build(Run& run, pugi::xml_node parent) const override;
  expression::TextTemplate text;
  bool optional;  ///< of the element around it
};

struct Literal final : Part {
  bool build(Run& run, pugi::xml_node parent) const override;
  std::string name;  ///< qualified, with the configuration's prefix
  std::vector<std::pair<std::string, expression::TextTemplate>> attributes;
  bool optional = false;
  bool only_texts = true;  ///< no part of the content makes elements
  Sequence content;
};

struct Choose final : Part {
  bool build(Run& run, pugi::xml_node parent) const override;
  std::vector<std::pair<expression::Expression, Sequence>> when;
  Sequence otherwise;
};

struct ForEach final : Part {
  explicit ForEach(expression::Expression s) : select(std::move(s)) {}
  bool build(Run& run, pugi::xml_node parent) const override;
  expression::Expression select;
  bool binds = false;
  std::size_t slot = 0;  ///< in Run::bound
  Sequence content;
};

struct Variable final : Part {
  Variable(expression::Expression s, std::size_t i) : select(std::move(s)), slot(i) {}
  bool build(Run& run, pugi::xml_node parent) const override;
  expression::Expression select;
  std::size_t slot;
};

struct CopyOf final : Part {
  explicit CopyOf(expression::Expression s) : select(std::move(s)) {}
  bool build(Run& run, pugi::xml_node parent) const override;
  expression::Expression select;
};

struct Mapping::Program {
  std::string id;
  config::Place place;
  /// `xmlns:prefix` and URI of every prefix that the template writes: they stand at the output's
  /// root.
  std::vector<std::pair<std::string, std::string>> declarations;
  Sequence output;
  std::size_t variables = 0;  ///< of the scope
  std::size_t bound = 0;      ///< most variables that the template binds at once
  std::vector<std::pair<std::string, config::Place>> top_level;
};

}  // namespace masar::mapping
