#pragma once

#include <string>

#include "core/base/money.h"

namespace masar {

/// An amount in Arabic words, dinars before fils, as receipts and cheques have it:
/// `اثنا عشر ديناراً وثلاثمائة فلس`. What is 0 beside something else is left out; nothing at all
/// is `صفر دينار`.
///
/// Nominative, without vowels but the tanween that makes an accusative visible. The grammar of
/// number and counted noun (all nouns here are masculine): 1 and 2 are the noun itself (دينار واحد,
/// ديناران); 3 to 10 take the other gender and the plural (ثلاثة دنانير); 11 to 99 the singular
/// accusative (أحد عشر ديناراً); whole hundreds and above the singular genitive (مائة دينار),
/// for which a dual loses its nun (مائتا دينار); 1 and 2 behind hundreds repeat the noun (ألف دينار
/// ودينار واحد, as in ألف ليلة وليلة). Thousands, millions and milliards are counted as nouns.
///
/// Throws Error(rejected, "negative-amount") below 0: no receipt owes.
std::string arabic_words(Fils amount);

}  // namespace masar
