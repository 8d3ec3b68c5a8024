#include "core/engine/listed_messages.h"

#include <algorithm>

#include "core/base/error.h"

namespace masar::engine {
namespace {

/// Makes the rows of one list.
class Lister {
 public:
  Lister(const Snapshot& snapshot, const MessageList& list) : snapshot_(snapshot), list_(list) {}

  ListedMessage listed(store::MessageRow message) const {
    ListedMessage out;
    const store::JournalRow& row = message.row;
    const bool deleted = row.payload.empty();
    const Document document = read(row.payload);
    const bool replied = message.reply && !message.reply->body.empty() &&
                         message.reply->code.empty();
    const Document reply = replied && of_replies() ? read(message.reply->body) : nullptr;
    std::vector<expression::Value> variables;
    route::fill_message({row.message_id, row.sender, row.name, row.endpoint, row.stamp},
                        variables);
    for (const auto& column : list_.columns) {
      const bool absent = column.of_reply && !replied && !(deleted && !message.reply);
      const Document& of = column.of_reply ? reply : document;
      out.fields.push_back(absent ? ListedMessage::Field{} : field(column, of, variables));
    }
    const bool all = std::all_of(out.fields.begin(), out.fields.end(),
                                 [](const auto& field) { return field.known; });
    using Content = ListedMessage::Content;
    out.content = deleted ? Content::deleted : all ? Content::kept : Content::unreadable;
    out.answered = replied;
    out.message = without_documents(std::move(message));
    return out;
  }

 private:
  bool of_replies() const {
    return std::any_of(list_.columns.begin(), list_.columns.end(),
                       [](const auto& column) { return column.of_reply; });
  }

  /// Null where there is nothing that could be read.
  Document read(const std::string& bytes) const {
    if (bytes.empty()) return nullptr;
    try {
      return snapshot_.reader->read(bytes);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::rejected) throw;
      return nullptr;
    }
  }

  static ListedMessage::Field field(const MessageList::Column& column, const Document& of,
                                    const std::vector<expression::Value>& variables) {
    if (!of) return {false, std::nullopt};
    expression::Frame frame;
    frame.variables = variables;
    frame.context = *of;
    std::string storage;
    try {
      const auto text = column.value.evaluate_text(frame, storage);
      return {true, text ? std::optional<std::string>(*text) : std::nullopt};
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::rejected) throw;
      return {false, std::nullopt};
    }
  }

  static store::MessageRow without_documents(store::MessageRow message) {
    message.row.headers = message.row.inputs = message.row.payload = {};
    if (message.reply && message.reply->code.empty()) message.reply->body.clear();
    return message;
  }

  const Snapshot& snapshot_;
  const MessageList& list_;
};

bool comes_from(const MessageList& list, const store::MessageRow& message) {
  return std::find(list.endpoints.begin(), list.endpoints.end(), message.row.endpoint) !=
         list.endpoints.end();
}

bool wanted(const ListQuestion& question, const ListedMessage& message) {
  return std::all_of(question.where.begin(), question.where.end(), [&](const auto& condition) {
    const auto& field = message.fields.at(condition.first);
    return !field.known || field.text == condition.second;
  });
}

}  // namespace

ListPage read_list(const Snapshot& snapshot, const MessageList& list, const ListQuestion& question,
                   store::Store& store) {
  const Lister lister(snapshot, list);
  const std::size_t limit = std::clamp<std::size_t>(question.limit, 1, kListedMax);
  const store::RowId end = store.journal_before(question.to);
  store::RowId at = std::max(question.after, store.journal_before(question.from));
  ListPage page;
  if (at >= end) return page;
  const store::RowId stop = std::min(end, at + kListedJournalMax);
  std::size_t looked = 0;
  while (at < stop && page.messages.size() < limit && looked < kListedLookedMax) {
    auto window = store.messages(list.type, at, stop, kListedTogether);
    const bool last = window.size() < kListedTogether;
    for (auto& message : window) {
      at = message.row.id;
      ++looked;
      if (!comes_from(list, message)) continue;
      auto listed = lister.listed(std::move(message));
      if (!wanted(question, listed)) continue;
      page.messages.push_back(std::move(listed));
      if (page.messages.size() == limit) break;
    }
    if (last && page.messages.size() < limit) at = stop;
  }
  if (at < end) page.after = at;
  return page;
}

}  // namespace masar::engine
