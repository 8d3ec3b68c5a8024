#include "connectors/http/client_message.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"

namespace masar::http {

namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kDigits = "0123456789";
constexpr std::size_t kFieldsMax = 100;
constexpr std::size_t kValueBytesMax = 8192;
constexpr std::size_t kLengthDigitsMax = 18;

[[noreturn]] void malformed(const char* text) { throw CallFailure("reply-malformed", text); }

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

/// A header's value without what could end it.
std::string clean(std::string_view value) {
  std::string result(value);
  std::replace_if(result.begin(), result.end(),
                  [](char c) { return is_control(c) || c == '\t'; }, ' ');
  return result;
}

/// Whether a list of names in a field holds `name`.
bool lists(std::string_view value, std::string_view name) {
  while (!value.empty()) {
    const auto comma = std::min(value.find(','), value.size());
    if (lower(trim(value.substr(0, comma))) == name) return true;
    value.remove_prefix(std::min(comma + 1, value.size()));
  }
  return false;
}

}  // namespace

CallUrl split_url(std::string_view url) {
  CallUrl result;
  const CallFailure bad("bad-url", "the URL cannot be called");
  if (url.starts_with("https://")) {
    result.tls = true;
    result.port = 443;
  } else if (!url.starts_with("http://")) {
    throw bad;
  }
  url.remove_prefix(result.tls ? 8 : 7);
  const auto slash = std::min(url.find_first_of("/?"), url.size());
  result.authority = std::string(url.substr(0, slash));
  result.target = std::string(url.substr(slash));
  if (result.target.empty() || result.target[0] == '?') result.target.insert(0, 1, '/');
  for (const char c : result.target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '#') throw bad;
  }
  std::string_view host = result.authority;
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const std::string port(host.substr(colon + 1));
    if (port.size() > 5 || !is_digits(port) || std::stoi(port) > 65535) throw bad;
    result.port = static_cast<unsigned short>(std::stoi(port));
    host = host.substr(0, colon);
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of("@[] \t\r\n") != std::string_view::npos) throw bad;
  result.host = std::string(host);
  return result;
}

bool is_callable_url(std::string_view url) {
  try {
    split_url(url);
    return true;
  } catch (const CallFailure&) {
    return false;
  }
}

std::string write_call(const Call& call, const CallUrl& url, bool keep, bool absolute) {
  std::string out = call.method + " ";
  if (absolute) out += "http://" + url.authority;
  out += url.target + " HTTP/1.1\r\nHost: " + url.authority + "\r\n";
  for (const auto& [name, value] : call.headers) out += name + ": " + clean(value) + "\r\n";
  if (!call.body.empty() || (call.method != "GET" && call.method != "HEAD"))
    out += "Content-Length: " + std::to_string(call.body.size()) + "\r\n";
  out += keep ? "\r\n" : "Connection: close\r\n\r\n";
  return out += call.body;
}

ReplyReader::ReplyReader(std::string method, const ClientSettings& settings)
    : method_(std::move(method)), settings_(settings) {}

bool ReplyReader::take(std::string_view bytes) {
  began_ = began_ || !bytes.empty();
  bytes_ += bytes;
  return (headed_ || head()) && body();
}

void ReplyReader::at_end() {
  if (headed_ && to_end_) return;
  throw CallFailure("reply-cut", headed_  ? "the reply is shorter than it says"
                                 : began_ ? "the reply ended within its header"
                                          : "closed without a reply");
}

CallResult ReplyReader::taken() {
  if (body_) result_.body = std::move(body_->body());
  return std::move(result_);
}

bool ReplyReader::head() {
  const auto end = bytes_.find(kEndOfHead, looked_);
  if (std::min(end, bytes_.size()) > settings_.reply_header_bytes_max)
    throw CallFailure("reply-too-large", "the reply's header is over the limit");
  if (end == std::string::npos) {
    looked_ = bytes_.size() - std::min(bytes_.size(), kEndOfHead.size() - 1);
    return false;
  }
  const std::string_view all(bytes_.data(), end + 2);
  const auto first = all.find("\r\n");
  read_status(all.substr(0, first));
  read_fields(all.substr(first + 2));
  bytes_.erase(0, end + kEndOfHead.size());
  read_framing();
  headed_ = true;
  return true;
}

void ReplyReader::read_status(std::string_view line) {
  constexpr std::size_t kSize = std::string_view("HTTP/1.1 200").size();
  if (line.size() < kSize || !line.starts_with("HTTP/1.") || !is_digits(line.substr(7, 1)) ||
      line[8] != ' ' || !is_digits(line.substr(9, 3)) ||
      (line.size() > kSize && line[kSize] != ' '))
    malformed("the reply is not HTTP/1");
  result_.status = std::stoi(std::string(line.substr(9, 3)));
  keep_ = line[7] == '1';
}

void ReplyReader::read_fields(std::string_view lines) {
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    if (std::any_of(line.begin(), line.end(), is_control))
      malformed("a header of the reply holds a control character");
    if (line.starts_with(' ') || line.starts_with('\t')) {  // folded: RFC 9112, 5.2
      if (result_.headers.empty()) malformed("the reply's header begins with a folded line");
      result_.headers.back().second.append(" ").append(trim(line));
    } else {
      const auto colon = line.find(':');
      if (colon == std::string_view::npos || !is_token(line.substr(0, colon)))
        malformed("a line of the reply's header is none");
      result_.headers.emplace_back(lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
    }
    if (result_.headers.size() > kFieldsMax ||
        result_.headers.back().second.size() > kValueBytesMax)
      malformed("the reply's header has too many fields or too long ones");
  }
}

void ReplyReader::read_framing() {
  if (result_.status < 200 || result_.status > 599)
    throw CallFailure("reply-status", "the reply's status is " + std::to_string(result_.status));
  const auto count = [&](std::string_view name) {
    return std::count_if(result_.headers.begin(), result_.headers.end(),
                         [&](const auto& one) { return one.first == name; });
  };
  const std::string_view length = result_.header("content-length");
  const bool has_length = count("content-length") > 0;
  const bool has_coding = count("transfer-encoding") > 0;
  if (count("content-length") > 1) malformed("the reply has several Content-Lengths");
  if (has_length && (!is_digits(length) || length.size() > kLengthDigitsMax))
    malformed("the reply's Content-Length is not a number");
  if (has_length && has_coding)
    malformed("the reply has both Content-Length and Transfer-Encoding");
  if (has_coding && (count("transfer-encoding") > 1 ||
                     lower(result_.header("transfer-encoding")) != "chunked"))
    malformed("the reply has a Transfer-Encoding other than chunked");
  for (const auto& [name, value] : result_.headers)
    keep_ = keep_ && (name != "connection" || !lists(value, "close"));
  const bool none = method_ == "HEAD" || result_.status == 204 || result_.status == 304 ||
                    (method_ == "CONNECT" && result_.status / 100 == 2);
  to_end_ = !none && !has_length && !has_coding;
  if (to_end_) {
    keep_ = false;
  } else if (none) {
    body_.emplace(0, 0);
  } else {
    body_.emplace(has_coding ? std::nullopt
                             : std::optional<std::uint64_t>(std::stoull(std::string(length))),
                  settings_.reply_bytes_max);
  }
}

bool ReplyReader::body() {
  const auto too_large = [] {
    return CallFailure("reply-too-large", "the reply is over the limit");
  };
  if (to_end_) {
    result_.body += bytes_;
    bytes_.clear();
    if (result_.body.size() > settings_.reply_bytes_max) throw too_large();
    return false;
  }
  bytes_.erase(0, body_->take(bytes_));
  switch (body_->state()) {
    case BodyReader::State::more: return false;
    case BodyReader::State::too_large: throw too_large();
    case BodyReader::State::bad:
    case BodyReader::State::trailer:
      malformed("the reply's body is not chunked as it says");
    case BodyReader::State::done: break;
  }
  keep_ = keep_ && bytes_.empty();
  return true;
}

}  // namespace masar::http
