#include "connectors/amqp/primitive.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/base/error.h"

namespace masar::amqp {
namespace {

constexpr std::size_t kSmall = 256;  // sizes below fit one byte

/// Constructors that part 1.6 defines; all others are refused.
bool is_defined(std::uint8_t c) {
  constexpr std::string_view kAll =
      "\x40\x41\x42\x43\x44\x45\x50\x51\x52\x53\x54\x55\x56\x60\x61\x70\x71\x72\x73\x74\x80\x81\x82"
      "\x83\x84"
      "\x94\x98\xa0\xa1\xa3\xb0\xb1\xb3\xc0\xc1\xd0\xd1\xe0\xf0";
  return kAll.find(static_cast<char>(c)) != std::string_view::npos;
}

std::uint64_t big_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

}  // namespace

void refuse(const std::string& text) {
  throw Error(ErrorKind::rejected, "amqp:decode-error", text);
}

bool Primitive::is_unsigned() const noexcept {
  switch (code) {
    case code::kUbyte:
    case code::kUshort:
    case code::kUint:
    case code::kSmallUint:
    case code::kUint0:
    case code::kUlong:
    case code::kSmallUlong:
    case code::kUlong0:
    case code::kTimestamp:
      return true;
    default:
      return false;
  }
}

bool Primitive::is_signed() const noexcept {
  switch (code) {
    case code::kByte:
    case code::kShort:
    case code::kInt:
    case code::kSmallInt:
    case code::kLong:
    case code::kSmallLong:
      return true;
    default:
      return false;
  }
}

std::uint64_t Primitive::number() const noexcept { return big_endian(payload.substr(0, 8)); }

std::int64_t Primitive::signed_number() const noexcept {
  const std::uint64_t bits = number();
  const std::size_t width = std::min<std::size_t>(payload.size(), 8) * 8;
  if (width == 0 || width == 64 || (bits >> (width - 1)) == 0)
    return static_cast<std::int64_t>(bits);
  return static_cast<std::int64_t>(bits | ~std::uint64_t{0} << width);
}

std::string_view PrimitiveReader::take(std::size_t bytes) {
  if (bytes > rest_.size()) refuse("the message ends inside a value");
  const std::string_view taken = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return taken;
}

void PrimitiveReader::take_described() {
  if (!described()) refuse("a section has no descriptor");
  take(1);
}

Primitive PrimitiveReader::next() {
  if (!described()) return primitive();
  // A described value is two values in place of one, its descriptor and what it describes; counting
  // them steps over any depth of them without a stack.
  for (std::size_t wanted = 1; wanted > 0;) {
    if (described()) {
      take(1);
      ++wanted;
    } else {
      primitive();
      --wanted;
    }
  }
  return {};
}

Primitive PrimitiveReader::primitive() {
  Primitive value;
  value.code = static_cast<std::uint8_t>(take(1).front());
  if (!is_defined(value.code)) refuse("the message holds a value of no AMQP type");
  const unsigned group = value.code >> 4;
  if (group <= 0x9) {
    value.payload = take(group == 0x4 ? 0 : std::size_t{1} << (group - 0x5));
    return value;
  }
  // a, c, e: sizes and counts of one byte; b, d, f: of four.
  const std::size_t width = group % 2 == 0 ? 1 : 4;
  value.payload = take(static_cast<std::size_t>(big_endian(take(width))));
  if (group >= 0xc) {
    if (value.payload.size() < width) refuse("the message holds a list without its count");
    value.count = static_cast<std::uint32_t>(big_endian(value.payload.substr(0, width)));
    value.payload.remove_prefix(width);
  }
  return value;
}

void PrimitiveWriter::be(std::uint64_t value, int bytes) {
  put_big_endian(out_, value, bytes);
}

void PrimitiveWriter::timestamp(std::int64_t milliseconds) {
  out_ += static_cast<char>(code::kTimestamp);
  be(static_cast<std::uint64_t>(milliseconds), 8);
}

void PrimitiveWriter::section(std::uint8_t descriptor) {
  out_ += static_cast<char>(code::kDescribed);
  out_ += static_cast<char>(code::kSmallUlong);
  out_ += static_cast<char>(descriptor);
}

void PrimitiveWriter::sized(std::uint8_t code8, std::uint8_t code32, std::string_view bytes) {
  const bool small = bytes.size() < kSmall;
  out_ += static_cast<char>(small ? code8 : code32);
  be(bytes.size(), small ? 1 : 4);
  out_ += bytes;
}

void PrimitiveWriter::compound(std::uint8_t code32, std::uint32_t count,
                               const PrimitiveWriter& items) {
  out_ += static_cast<char>(code32);
  be(items.out_.size() + 4, 4);
  be(count, 4);
  out_ += items.out_;
}

}  // namespace masar::amqp
