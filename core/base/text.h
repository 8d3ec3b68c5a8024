#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace masar {

/// Well-formed UTF-8 (no overlong forms, no surrogates, nothing beyond U+10FFFF).
bool is_utf8(std::string_view text) noexcept;
/// Code points in well-formed UTF-8.
std::size_t code_points(std::string_view text) noexcept;
/// Arabic-Indic (U+0660–0669) and Extended Arabic-Indic (U+06F0–06F9) digits become ASCII digits;
/// all else stays.
std::string ascii_digits(std::string_view text);
/// Without bidirectional overrides and isolates (U+202A–202E, U+2066–2069), zero-width characters
/// (U+200B–200F, U+2060, U+FEFF) and control characters; CR, LF and TAB become one space.
std::string clean_text(std::string_view text);
/// Text that somebody outside wrote, for people to read (GUARANTEES G13): of every run of four or
/// more digits (of any script, also with single spaces or hyphens between them) all but the last
/// two become `*`; what is longer than `points_max` is cut and ends in `…`. Bytes that are no UTF-8
/// become `?`.
std::string mask_numbers(std::string_view text, std::size_t points_max = 200);
/// XML white space (space, TAB, CR, LF) off both ends.
std::string_view trim(std::string_view text) noexcept;
/// A Jordanian mobile number as `9627XXXXXXXX` from 07…, +962…, 00962…, 962…, with spaces and
/// hyphens and Arabic-Indic digits allowed. No value where it is none:
/// ^9627([78][0-25-9]|9\d)\d{6}$.
std::optional<std::string> jordan_mobile(std::string_view text);
/// Levenshtein distance of two short names (bytes), for "did you mean".
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace masar
