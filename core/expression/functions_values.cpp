#include <algorithm>
#include <unordered_set>

#include "core/base/arabic_words.h"
#include "core/expression/call.h"

namespace masar::expression::body {

// ── lists ────────────────────────────────────────────────────────────────────────────────────────

namespace {

std::int64_t total_of(Call& call, const List& items, std::int64_t (*number)(const Value&)) {
  std::int64_t total = 0;
  for (const Value& item : items) {
    if (__builtin_add_overflow(total, number(item), &total))
      call.bad_value("the sum is out of range");
  }
  return total;
}

/// A result of masar's money functions, with the call's place in its error.
template <typename Make>
Value amount(Call& call, const Make& make) {
  try {
    return Value(make());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::rejected) throw;
    fail(call.env, call.site, error.code(), error.what());
  }
}

}  // namespace

Value sum(Call& call) {
  const List& items = call.list(0);
  switch (call.site.type.kind) {
    case Kind::fils:
      return amount(call, [&] {
        Fils total;
        for (const Value& item : items) total = total + item.as<Fils>();
        return total;
      });
    case Kind::duration:
      return Value(
          Duration(total_of(call, items, [](const Value& v) { return v.as<Duration>().count(); })));
    default:
      return Value(total_of(call, items, [](const Value& v) { return v.as<std::int64_t>(); }));
  }
}

Value index(Call& call) {
  const List& items = call.list(0);
  const std::int64_t position = call.integer(1);
  if (position < 1 || position > static_cast<std::int64_t>(items.size())) return call.none();
  return items[static_cast<std::size_t>(position - 1)];
}

Value first(Call& call) { return call.list(0).empty() ? call.none() : call.list(0).front(); }
Value last(Call& call) { return call.list(0).empty() ? call.none() : call.list(0).back(); }

Value contains_item(Call& call) {
  const Argument& wanted = call.arguments[1];
  for (const Value& item : call.list(0)) {
    call.env.step(call.site);
    if (wanted.value ? item == *wanted.value : item.as<std::string>() == wanted.text)
      return Value(true);
  }
  return Value(false);
}

Value distinct(Call& call) {
  List items;
  std::unordered_set<std::string> met;
  for (const Value& item : call.list(0)) {
    call.env.step(call.site);
    if (met.insert(to_text(item)).second) items.push_back(item);
  }
  return Value(std::make_shared<const List>(std::move(items)));
}

// ── amounts ──────────────────────────────────────────────────────────────────────────────────────

Value jod(Call& call) { return Value(format_jod(call.fils(0))); }
Value arabic_words(Call& call) {
  if (call.fils(0) < Fils{0}) call.bad_value("an amount in words is not below 0");
  return Value(masar::arabic_words(call.fils(0)));
}
Value fils_integer(Call& call) { return Value(call.fils(0).amount); }

Value proportion(Call& call) {
  if (call.integer(2) < 1) call.bad_value("the last part of proportion() is more than 0");
  return amount(call,
                [&] { return masar::proportion(call.fils(0), call.integer(1), call.integer(2)); });
}

Value percent(Call& call) {
  return amount(call, [&] { return masar::proportion(call.fils(0), call.integer(1), 100); });
}

// ── time ─────────────────────────────────────────────────────────────────────────────────────────

namespace {

Value length(Call& call, std::chrono::seconds unit) {
  std::int64_t ticks = 0;
  if (__builtin_mul_overflow(call.integer(0), Duration(unit).count(), &ticks)) {
    call.bad_value("the duration is out of range");
  }
  return Value(Duration(ticks));
}

}  // namespace

Value date_of(Call& call) { return Value(masar::date_of(call.instant(0), call.zone())); }
Value local_time(Call& call) { return Value(format_local(call.instant(0), call.zone())); }
Value iso(Call& call) { return Value(format_instant(call.instant(0), call.zone())); }

Value local_instant(Call& call) {
  const auto instant = parse_local(call.text(0), call.zone());
  if (!instant) call.bad_value("the text is not a local date and time without zone");
  return Value(*instant);
}

Value ceil_seconds(Call& call) {
  return Value(Instant(std::chrono::ceil<std::chrono::seconds>(call.instant(0))));
}

Value days(Call& call) { return length(call, std::chrono::hours(24)); }
Value hours(Call& call) { return length(call, std::chrono::hours(1)); }
Value minutes(Call& call) { return length(call, std::chrono::minutes(1)); }

}  // namespace masar::expression::body
