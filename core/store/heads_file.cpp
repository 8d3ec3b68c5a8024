#include "core/store/heads_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "core/base/crash_point.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/store/audit_chain.h"
#include "core/store/files.h"

namespace masar::store {
namespace {

constexpr std::int64_t kLineBytesMax = 4096;  // a line has about 350

std::string text_of(const HeadsLine& line) {
  return "{\"line\":" + std::to_string(line.line) + ",\"time\":\"" + line.time +
         "\",\"rows\":" + std::to_string(line.rows) + ",\"root\":\"" + line.root +
         (line.restored.empty() ? "" : "\",\"restored\":\"" + line.restored) +
         "\",\"previous\":\"" + line.previous + "\"}";
}

std::string_view between(std::string_view text, std::string_view start, char end) {
  const auto at = text.find(start);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + start.size());
  return text.substr(0, text.find(end));
}

std::int64_t number(std::string_view text) {
  std::int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// The line that a text says; none where it is not written exactly so.
std::optional<HeadsLine> parse(std::string_view text) {
  HeadsLine line;
  line.line = number(between(text, "{\"line\":", ','));
  line.time = between(text, ",\"time\":\"", '"');
  line.rows = number(between(text, ",\"rows\":", ','));
  line.root = between(text, ",\"root\":\"", '"');
  line.restored = between(text, ",\"restored\":\"", '"');
  line.previous = between(text, ",\"previous\":\"", '"');
  if (text_of(line) != text) return std::nullopt;
  return line;
}

std::string_view unsigned_part(std::string_view line) { return line.substr(0, line.rfind(' ')); }

[[noreturn]] void unusable(const std::string& path, const std::string& why) {
  throw Error(ErrorKind::config, "heads-unusable", "the heads' file " + path + ": " + why);
}

}  // namespace

HeadsFile::HeadsFile(const std::string& path, SigningKey key) : path_(path), key_(std::move(key)) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0) unusable(path, std::strerror(errno));
  try {
    open_end();
    if (const int error = sync_folder_of(path); error != 0) unusable(path, std::strerror(error));
  } catch (...) {
    ::close(file_);
    throw;
  }
}

HeadsFile::~HeadsFile() { ::close(file_); }

void HeadsFile::open_end() {
  struct stat status {};
  if (::fstat(file_, &status) != 0) unusable(path_, std::strerror(errno));
  const std::int64_t from = std::max<std::int64_t>(0, status.st_size - 2 * kLineBytesMax);
  std::string end(static_cast<std::size_t>(status.st_size - from), '\0');
  if (::pread(file_, end.data(), end.size(), from) != static_cast<ssize_t>(end.size()))
    unusable(path_, "cannot be read");
  const auto whole = end.rfind('\n');
  if (whole == std::string::npos && from > 0) unusable(path_, "its end is not of this format");
  end.resize(whole == std::string::npos ? 0 : whole + 1);
  size_ = from + static_cast<std::int64_t>(end.size());
  if (size_ < status.st_size && ::ftruncate(file_, size_) != 0)
    unusable(path_, std::strerror(errno));
  if (end.empty()) return;
  end.pop_back();
  const std::string line = end.substr(end.rfind('\n') + 1);
  const auto last = parse(unsigned_part(line));
  if (!last) unusable(path_, "its last line is not of this format");
  last_ = *last;
  last_hash_ = sha256_hex(line);
}

void HeadsFile::append(Instant now, const std::vector<AuditHead>& heads,
                       const std::string& restored) {
  HeadsLine line;
  for (const AuditHead& head : heads) line.rows = std::max(line.rows, head.audit);
  line.root = to_hex(heads_root(heads));
  const bool same = line.rows == last_.rows && line.root == last_.root;
  if (restored.empty() ? same || line.rows == 0 : same && last_.restored == restored) return;
  line.restored = restored;
  line.line = last_.line + 1;
  line.time = format_instant(now);
  line.previous = last_hash_;
  const std::string text = text_of(line);
  const std::string whole = text + " " + base64(key_.sign(text));
  const std::string bytes = whole + "\n";
  const ssize_t written = ::write(file_, bytes.data(), bytes.size());
  crash_point("heads-written");
  if (written != static_cast<ssize_t>(bytes.size()) || ::fdatasync(file_) != 0) {
    const std::string why = std::strerror(errno);
    (void)!::ftruncate(file_,
                       size_);  // where this fails too, half a line stays, and does not count
    throw Error(ErrorKind::transient, "heads", "the heads' file " + path_ + ": " + why);
  }
  size_ += static_cast<std::int64_t>(bytes.size());
  last_ = std::move(line);
  last_hash_ = sha256_hex(whole);
}

std::vector<HeadsLine> read_heads(const std::string& path, const SigningKey& key) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    throw Error(ErrorKind::config, "no-heads", "the heads' file " + path + " cannot be read");
  std::vector<HeadsLine> lines;
  std::string before;
  std::string text;
  while (std::getline(in, text) && !in.eof()) {
    const std::string where = "line " + std::to_string(lines.size() + 1) + " of " + path;
    const auto wrong = [&](const std::string& why) {
      return Error(ErrorKind::rejected, "bad-heads", where + " " + why);
    };
    const auto line = parse(unsigned_part(text));
    if (!line) throw wrong("is not of this format");
    std::string signature;
    try {
      signature = from_base64(std::string_view(text).substr(text.rfind(' ') + 1));
    } catch (const Error&) {
      throw wrong("has no signature");
    }
    if (!key.verify(unsigned_part(text), signature)) throw wrong("is not signed with this key");
    if (line->line != static_cast<std::int64_t>(lines.size()) + 1 || line->previous != before)
      throw wrong("does not follow the line before");
    before = sha256_hex(text);
    lines.push_back(*line);
  }
  return lines;
}

}  // namespace masar::store
