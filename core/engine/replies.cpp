#include "core/engine/replies.h"

#include <algorithm>

namespace masar::engine {

bool ReplyDesk::complete(const Exchange& exchange) {
  return std::all_of(exchange.rows.begin(), exchange.rows.end(), [](auto row) { return row == 0; });
}

ReplyDesk::Ticket ReplyDesk::wait(Exchange exchange) {
  auto ticket = std::make_shared<Exchange>(std::move(exchange));
  open_.fetch_add(1);
  const bool done = book_.with([&](Book& book) {
    // Two parts may wait for the same row: the ticket stands there once.
    for (std::size_t i = 0; i < ticket->rows.size(); ++i) {
      const auto first = std::find(ticket->rows.begin(), ticket->rows.end(), ticket->rows[i]);
      if (ticket->rows[i] != 0 && first == ticket->rows.begin() + static_cast<std::ptrdiff_t>(i)) {
        book.by_row.emplace(ticket->rows[i], ticket);
      }
    }
    return complete(*ticket);
  });
  if (done) answer(ticket);
  return ticket;
}

void ReplyDesk::deliver(store::RowId row, const connector::PartAnswer& part) {
  std::vector<Ticket> finished;
  book_.with([&](Book& book) {
    const auto [first, last] = book.by_row.equal_range(row);
    for (auto at = first; at != last; ++at) {
      Exchange& exchange = *at->second;
      for (std::size_t i = 0; i < exchange.rows.size(); ++i) {
        if (exchange.rows[i] != row) continue;
        exchange.rows[i] = 0;
        exchange.answers[i] = part;
      }
      if (complete(exchange)) finished.push_back(at->second);
    }
    book.by_row.erase(first, last);
  });
  for (const auto& ticket : finished) answer(ticket);
}

void ReplyDesk::expire(const Ticket& ticket) {
  const bool was_open = book_.with([&](Book& book) {
    if (complete(*ticket)) return false;
    for (std::size_t i = 0; i < ticket->rows.size(); ++i) {
      const auto row = ticket->rows[i];
      if (row == 0) continue;
      const auto [first, last] = book.by_row.equal_range(row);
      for (auto at = first; at != last;)
        at = at->second == ticket ? book.by_row.erase(at) : std::next(at);
      ticket->rows[i] = 0;
      ticket->answers[i] = {
          connector::PartAnswer::Kind::retry_later, "timeout", "the reply is not ready yet", {}};
    }
    return true;
  });
  if (was_open) answer(ticket);
}

void ReplyDesk::answer(const Ticket& ticket) {
  open_.fetch_sub(1);
  ticket->answer(std::move(ticket->answers));
}

std::size_t ReplyDesk::open() const { return open_.load(); }

}  // namespace masar::engine
