#include "core/config/diagnostics.h"

#include <algorithm>
#include <tuple>

#include "core/base/text.h"

namespace masar::config {
namespace {

constexpr std::size_t kSuggestionsMax = 8;
constexpr std::size_t kDistanceMin = 2;

}  // namespace

void Diagnostics::add(Place place, std::string what, std::string hint) {
  findings_.push_back({std::move(place), std::move(what), std::move(hint)});
}

std::string Diagnostics::text() const {
  std::vector<const Finding*> sorted;
  for (const Finding& finding : findings_) sorted.push_back(&finding);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Finding* a, const Finding* b) {
    return std::tie(a->place.file, a->place.line, a->place.column) <
           std::tie(b->place.file, b->place.line, b->place.column);
  });
  std::string text;
  for (const Finding* finding : sorted) {
    text += finding->place.file + ':' + std::to_string(finding->place.line) + ':' +
            std::to_string(finding->place.column) + ": " + finding->what;
    if (!finding->hint.empty()) text += "; " + finding->hint;
    text += '\n';
  }
  return text;
}

std::string suggest(std::string_view name, const std::vector<std::string>& known) {
  if (known.empty()) return {};
  const std::size_t allowed = std::max(kDistanceMin, code_points(name) / 3);
  const std::string* nearest = nullptr;
  std::size_t best = allowed + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    // A distance of the whole name says nothing: "ab" is not near "xy".
    if (distance < best && distance < std::max(name.size(), candidate.size())) {
      best = distance;
      nearest = &candidate;
    }
  }
  if (nearest != nullptr) return "did you mean \"" + *nearest + "\"?";
  std::string text = "known: ";
  for (std::size_t i = 0; i < known.size() && i < kSuggestionsMax; ++i) {
    if (i > 0) text += ", ";
    text += known[i];
  }
  return text;
}

}  // namespace masar::config
