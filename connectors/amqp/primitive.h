#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace masar::amqp {

/// The type constructors of AMQP 1.0, part 1.6, as far as the codec names them.
namespace code {
enum : std::uint8_t {
  kDescribed = 0x00,
  kNull = 0x40,
  kTrue = 0x41,
  kFalse = 0x42,
  kUint0 = 0x43,
  kUlong0 = 0x44,
  kList0 = 0x45,
  kSmallUint = 0x52,
  kSmallUlong = 0x53,
  kSmallInt = 0x54,
  kSmallLong = 0x55,
  kBoolean = 0x56,
  kUbyte = 0x50,
  kByte = 0x51,
  kUshort = 0x60,
  kShort = 0x61,
  kUint = 0x70,
  kInt = 0x71,
  kUlong = 0x80,
  kLong = 0x81,
  kTimestamp = 0x83,
  kUuid = 0x98,
  kBinary8 = 0xa0,
  kString8 = 0xa1,
  kSymbol8 = 0xa3,
  kBinary32 = 0xb0,
  kString32 = 0xb1,
  kSymbol32 = 0xb3,
  kList8 = 0xc0,
  kMap8 = 0xc1,
  kList32 = 0xd0,
  kMap32 = 0xd1,
};
}  // namespace code

/// One value as it stands in the bytes: its constructor and its payload, for a list or map the
/// payload after the count. Refers to the bytes that were read.
struct Primitive {
  std::uint8_t code = code::kNull;
  std::string_view payload;
  std::uint32_t count = 0;  ///< items of a list, keys and values of a map

  bool is_null() const noexcept { return code == code::kNull; }
  bool is_string() const noexcept { return code == code::kString8 || code == code::kString32; }
  bool is_symbol() const noexcept { return code == code::kSymbol8 || code == code::kSymbol32; }
  bool is_binary() const noexcept { return code == code::kBinary8 || code == code::kBinary32; }
  bool is_list() const noexcept {
    return code == code::kList0 || code == code::kList8 || code == code::kList32;
  }
  bool is_map() const noexcept { return code == code::kMap8 || code == code::kMap32; }
  /// ubyte, ushort, uint, ulong in every encoding, and timestamp's bits.
  bool is_unsigned() const noexcept;
  bool is_signed() const noexcept;        ///< byte, short, int, long
  std::uint64_t number() const noexcept;  ///< the payload as big-endian, 0 where it is empty
  std::int64_t signed_number() const noexcept;
};

/// Reads values one after another. Single-threaded; does not own the bytes. Throws Error(rejected,
/// "amqp:decode-error") where they end early or are no AMQP.
class PrimitiveReader {
 public:
  explicit PrimitiveReader(std::string_view bytes) noexcept : rest_(bytes) {}

  bool at_end() const noexcept { return rest_.empty(); }
  /// Whether a described value comes next; then its descriptor can be read after take_described().
  bool described() const noexcept {
    return !rest_.empty() && static_cast<std::uint8_t>(rest_.front()) == code::kDescribed;
  }
  void take_described();
  /// The next value; a described one is stepped over whole and comes back as null.
  Primitive next();

 private:
  std::string_view take(std::size_t bytes);
  Primitive primitive();
  std::string_view rest_;
};

/// Writes values. Single-threaded.
class PrimitiveWriter {
 public:
  void null() { out_ += static_cast<char>(code::kNull); }
  void string(std::string_view text) { sized(code::kString8, code::kString32, text); }
  void symbol(std::string_view text) { sized(code::kSymbol8, code::kSymbol32, text); }
  void binary(std::string_view bytes) { sized(code::kBinary8, code::kBinary32, bytes); }
  void timestamp(std::int64_t milliseconds);
  void boolean(bool value) { out_ += static_cast<char>(value ? code::kTrue : code::kFalse); }
  /// The descriptor of a section: a small ulong.
  void section(std::uint8_t descriptor);
  /// A list or map of `count` values that `items` holds.
  void compound(std::uint8_t code32, std::uint32_t count, const PrimitiveWriter& items);

  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  std::string take() { return std::move(out_); }

 private:
  void sized(std::uint8_t code8, std::uint8_t code32, std::string_view bytes);
  void be(std::uint64_t value, int bytes);
  std::string out_;
};

/// Error(rejected, "amqp:decode-error"), thrown.
[[noreturn]] void refuse(const std::string& text);

}  // namespace masar::amqp
