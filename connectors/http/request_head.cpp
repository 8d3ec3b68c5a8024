#include "connectors/http/request_head.h"

#include <algorithm>
#include <cctype>

namespace masar::http {

namespace {

Problem bad(const char* code, const char* text) { return {400, code, text}; }

bool is_host_character(unsigned char c) {
  return std::isalnum(c) || std::string_view("-._~:[]%!$&'()*+;=").find(static_cast<char>(c)) !=
                                std::string_view::npos;
}

std::size_t count(const Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [&](const auto& field) { return field.first == name; }));
}

bool equal_fold(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

std::optional<Problem> check_fields(const Request& request, bool http_1_0) {
  if (count(request, "host") == 0) return bad("no-host", "the request has no Host");
  if (count(request, "host") > 1) return bad("doubled-host", "the request has more than one Host");
  const std::string_view host = request.header("host");
  if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_character)) {
    return bad("bad-host", "the Host is none");
  }
  if (count(request, "content-length") > 1)
    return bad("doubled-length", "more than one Content-Length");
  const std::string_view length = request.header("content-length");
  if (count(request, "content-length") == 1 &&
      (length.empty() || length.find_first_not_of("0123456789") != std::string_view::npos)) {
    return bad("bad-length", "Content-Length is not a number");
  }
  if (count(request, "transfer-encoding") > 0) {
    if (count(request, "content-length") > 0) {
      return bad("length-and-chunked", "both Content-Length and Transfer-Encoding");
    }
    if (http_1_0 || count(request, "transfer-encoding") > 1 ||
        !equal_fold(request.header("transfer-encoding"), "chunked")) {
      return bad("transfer-encoding", "the only Transfer-Encoding taken is chunked, in HTTP/1.1");
    }
  }
  return std::nullopt;
}

bool has_dot_segment(std::string_view path) {
  for (std::size_t at = 1; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto segment = decode_percent(path.substr(at, end - at), false);
    if (segment && (*segment == "." || *segment == "..")) return true;
    at = end + 1;
  }
  return false;
}

bool split_query(std::string_view text, Pairs& query) {
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.empty()) continue;
    const auto equals = std::min(one.find('='), one.size());
    auto name = decode_percent(one.substr(0, equals), true);
    auto value = decode_percent(one.substr(std::min(equals + 1, one.size())), true);
    if (!name || !value) return false;
    query.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

}  // namespace

std::optional<Problem> HeaderScan::look(std::string_view bytes) {
  for (; at_ < bytes.size() && size_ == 0; ++at_) {
    if (at_ >= bytes_max_) return Problem{431, "header-too-large", "the header is over the limit"};
    const auto byte = static_cast<unsigned char>(bytes[at_]);
    const bool after_cr = at_ > line_start_ && bytes[at_ - 1] == '\r';
    if (byte == '\n') {
      if (!after_cr) return bad("bare-lf", "a line ends with LF alone");
      if (at_ - line_start_ == 1) {
        if (lines_ == 0) return bad("no-request-line", "the request begins with an empty line");
        size_ = at_ + 1;
      }
      ++lines_;
      line_start_ = at_ + 1;
    } else if (after_cr) {
      return bad("bare-cr", "a CR stands alone");
    } else if ((byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7f) {
      return bad("control-character", "a control character stands in the header");
    } else if (at_ == line_start_ && lines_ > 0 && (byte == ' ' || byte == '\t')) {
      return bad("folded-header", "a header line begins with white space");
    } else if (lines_ == 0 && byte >= 0x80) {
      return bad("bad-target", "the request line holds characters beyond ASCII");
    }
  }
  return std::nullopt;
}

std::optional<Problem> check_head(Request& request, bool http_1_0) {
  if (auto problem = check_fields(request, http_1_0)) return problem;
  const std::string_view target = request.target;
  if (target.empty() || target.front() != '/') {
    return bad("bad-target", "the request target does not begin with '/'");
  }
  const auto mark = std::min(target.find('?'), target.size());
  request.path = std::string(target.substr(0, mark));
  if (target.find('#') != std::string_view::npos || !decode_percent(request.path, false) ||
      has_dot_segment(request.path) ||
      !split_query(target.substr(std::min(mark + 1, target.size())), request.query)) {
    return bad("bad-target",
               "the request target holds a broken escape, a dot segment or a fragment");
  }
  return std::nullopt;
}

}  // namespace masar::http
