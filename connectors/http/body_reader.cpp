#include "connectors/http/body_reader.h"

#include <algorithm>

namespace masar::http {

namespace {

constexpr std::size_t kLineMax = 256;      ///< of a chunk's size and extensions
constexpr std::size_t kSizeDigitsMax = 8;  ///< hex digits: 4 GiB, above every limit of a body

}  // namespace

BodyReader::BodyReader(std::optional<std::uint64_t> length, std::size_t bytes_max)
    : chunked_(!length), bytes_max_(bytes_max), left_(length.value_or(0)) {
  if (chunked_) return;
  if (left_ > bytes_max_) {
    state_ = State::too_large;
  } else if (left_ == 0) {
    state_ = State::done;
  }
}

std::size_t BodyReader::take(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ == State::more) {
    if (!chunked_ || part_ == Part::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      body_.append(bytes.substr(at, size));
      at += size;
      left_ -= size;
      if (left_ > 0) break;
      if (!chunked_) state_ = State::done;
      part_ = Part::after_data;
      continue;
    }
    const char c = bytes[at++];
    const bool after_cr = !line_.empty() && line_.back() == '\r';
    if (c == '\n' && after_cr) {
      line_.pop_back();
      end_line();
      line_.clear();
    } else if (c == '\n' || after_cr || line_.size() >= kLineMax ||
               (static_cast<unsigned char>(c) < 0x20 && c != '\r' && c != '\t')) {
      state_ = State::bad;
    } else {
      line_ += c;
    }
  }
  return at;
}

void BodyReader::end_line() {
  if (part_ == Part::size) return size_line();
  if (part_ == Part::last) {
    state_ = line_.empty() ? State::done : State::trailer;
  } else if (line_.empty()) {
    part_ = Part::size;
  } else {
    state_ = State::bad;
  }
}

void BodyReader::size_line() {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (; digits < line_.size(); ++digits) {
    const auto value = std::string_view("0123456789abcdef")
                           .find(static_cast<char>(line_[digits] >= 'A' && line_[digits] <= 'F'
                                                       ? line_[digits] - 'A' + 'a'
                                                       : line_[digits]));
    if (value == std::string_view::npos) break;
    size = size * 16 + value;
    if (digits >= kSizeDigitsMax) break;
  }
  if (digits == 0 || digits > kSizeDigitsMax || (digits < line_.size() && line_[digits] != ';')) {
    state_ = State::bad;
  } else if (size > bytes_max_ - body_.size()) {
    state_ = State::too_large;
  } else {
    left_ = size;
    part_ = size == 0 ? Part::last : Part::data;
  }
}

}  // namespace masar::http
