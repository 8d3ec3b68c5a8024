#include "connectors/soap/username_token.h"

#include <openssl/sha.h>

#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/base/text.h"

namespace masar::soap {

namespace {

constexpr std::size_t kNonceBytes = 16;       ///< of ours
constexpr std::size_t kNonceBytesMax = 256;   ///< of theirs
constexpr std::string_view kProfile =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#";
constexpr std::string_view kBase64 =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0"
    "#Base64Binary";

/// A fault about the Header has no detail (SOAP 1.1, 4.4).
BadEnvelope bad(const char* subcode, const char* code, const char* text) {
  return {{Blame::sender, text, {}, subcode}, code};
}
BadEnvelope unsound(const char* text) {
  return bad("wsse:InvalidSecurity", "wsse-invalid-security", text);
}
BadEnvelope bad_token(const char* text) {
  return bad("wsse:InvalidSecurityToken", "wsse-invalid-token", text);
}

/// The child of that name; throws `refusal` where there are several.
pugi::xml_node only(pugi::xml_node parent, const char* name, const BadEnvelope& refusal) {
  const pugi::xml_node found = parent.child(name);
  if (found && found.next_sibling(name)) throw refusal;
  return found;
}

std::string text_of(pugi::xml_node element) {
  return std::string(trim(element.text().get()));
}

/// The Security that is for us; null where there is none.
pugi::xml_node security_of(pugi::xml_node header, Version version) {
  pugi::xml_node ours;
  for (const pugi::xml_node block : header.children("wsse:Security")) {
    if (!is_for_us(block, version)) continue;
    if (ours) throw unsound("there is more than one Security for this receiver");
    ours = block;
  }
  return ours;
}

void check_fresh(const std::string& created, const TokenSettings& settings, Instant now,
                 const BadEnvelope& refusal) {
  const auto at = parse_instant(created);
  if (!at) throw refusal;
  if (*at > now + settings.skew) {
    throw bad("wsu:MessageExpired", "wsse-from-the-future", "Created lies in the future");
  }
  if (*at < now - settings.age - settings.skew) {
    throw bad("wsu:MessageExpired", "wsse-expired", "Created is too long ago");
  }
}

void check_timestamp(pugi::xml_node security, const TokenSettings& settings, Instant now) {
  const BadEnvelope wrong = unsound("one Timestamp with one Created, and a zone in its times");
  const pugi::xml_node timestamp = only(security, "wsu:Timestamp", wrong);
  const std::string created = text_of(only(timestamp, "wsu:Created", wrong));
  check_fresh(created, settings, now, wrong);
  const pugi::xml_node expires = only(timestamp, "wsu:Expires", wrong);
  if (!expires) return;
  const auto until = parse_instant(text_of(expires));
  if (!until || *until < *parse_instant(created)) throw wrong;
  if (*until <= now - settings.skew) {
    throw bad("wsu:MessageExpired", "wsse-expired", "the Timestamp has expired");
  }
}

/// Profile 1.0, 3.1: Password_Digest = Base64(SHA-1(nonce + created + password)).
std::string digest_of(std::string_view nonce, std::string_view created, std::string_view password) {
  const std::string all = std::string(nonce).append(created).append(password);
  unsigned char hash[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(all.data()), all.size(), hash);
  return base64({reinterpret_cast<const char*>(hash), sizeof hash});
}

/// Of any two lengths, in one time.
bool same(std::string_view a, std::string_view b) {
  return equal_in_constant_time(sha256(a), sha256(b));
}

}  // namespace

/// What a UsernameToken says.
struct TokenGate::Token {
  std::string user, password, nonce, created;
  bool digest = false;
};

TokenGate::TokenGate(TokenSettings settings, const BusinessClock& host, const SteadyClock& steady)
    : settings_(std::move(settings)),
      host_(host),
      steady_(steady),
      // As long as the oldest Created that is taken with it could be taken again.
      nonces_(std::make_unique<Nonces>(settings_.age + 2 * settings_.skew, settings_.nonces_max)) {}

void TokenGate::check(pugi::xml_node header, Version version) const {
  const pugi::xml_node security = security_of(header, version);
  if (!security) throw unsound("a Security with Timestamp and UsernameToken is required");
  for (const pugi::xml_node child : security.children()) {
    const std::string_view name = child.name();
    if (name == "wsu:Timestamp" || name == "wsse:UsernameToken") continue;
    throw bad("wsse:UnsupportedSecurityToken", "wsse-unsupported",
              "Security may hold a Timestamp and a UsernameToken only");
  }
  const pugi::xml_node token =
      only(security, "wsse:UsernameToken", unsound("there is more than one UsernameToken"));
  if (!token) throw unsound("a UsernameToken is required");
  check_timestamp(security, settings_, host_.now());
  check_token(token);
}

TokenGate::Token TokenGate::read_token(pugi::xml_node element) const {
  const BadEnvelope wrong =
      bad_token("a UsernameToken has one Username, one Password, and its Nonce and Created once");
  Token token;
  const pugi::xml_node password = only(element, "wsse:Password", wrong);
  const std::string_view type = password.attribute("Type").value();
  token.user = text_of(only(element, "wsse:Username", wrong));
  token.password = password.text().get();  // white space may belong to it
  token.created = text_of(only(element, "wsu:Created", wrong));
  token.digest = type == std::string(kProfile) + "PasswordDigest";
  if (!token.digest && !type.empty() && type != std::string(kProfile) + "PasswordText") throw wrong;
  const pugi::xml_node nonce = only(element, "wsse:Nonce", wrong);
  if (nonce) {
    const std::string_view encoding = nonce.attribute("EncodingType").value();
    if (!encoding.empty() && encoding != kBase64) throw wrong;
    try {
      token.nonce = from_base64(text_of(nonce));
    } catch (const Error&) {
      throw wrong;
    }
    if (token.nonce.empty() || token.nonce.size() > kNonceBytesMax) throw wrong;
  }
  if (token.user.empty() || !password) throw wrong;
  return token;
}

void TokenGate::check_token(pugi::xml_node element) const {
  const Token token = read_token(element);
  if (settings_.type != PasswordType::any &&
      token.digest != (settings_.type == PasswordType::digest)) {
    throw bad("wsse:UnsupportedSecurityToken", "wsse-unsupported",
              "the Password is not of the type that is agreed");
  }
  if ((token.digest || !token.nonce.empty()) && (token.nonce.empty() || token.created.empty())) {
    throw bad_token("Nonce and Created belong together, and a digest needs them");
  }
  if (!token.created.empty()) {
    check_fresh(token.created, settings_, host_.now(), bad_token("Created is no time with a zone"));
  }
  const std::string expected =
      token.digest ? digest_of(token.nonce, token.created, settings_.password) : settings_.password;
  // Both are compared, whatever the first one says.
  const bool user = same(token.user, settings_.user);
  const bool password =
      same(token.digest ? std::string(trim(token.password)) : token.password, expected);
  if (!user || !password) {
    throw bad("wsse:FailedAuthentication", "unauthorized", "user or password is wrong");
  }
  if (!token.nonce.empty()) remember(token.nonce);
}

/// Only of who knows the password, so that nobody else can fill the memory.
void TokenGate::remember(const std::string& nonce) const {
  switch (nonces_->add(nonce, steady_.now())) {
    case Nonces::Added::added: return;
    case Nonces::Added::seen:
      throw bad("wsse:InvalidSecurityToken", "wsse-replayed", "the Nonce was used before");
    case Nonces::Added::full:
      throw BadEnvelope{{Blame::receiver, "too many messages in a short time: come again"},
                        "nonces-full",
                        503};
  }
}

void check_reply_security(pugi::xml_node header, Version version, const TokenSettings& settings,
                          Instant now) {
  const pugi::xml_node security = security_of(header, version);
  if (security.child("wsu:Timestamp")) check_timestamp(security, settings, now);
}

std::string write_security(const TokenSettings& settings, Instant now) {
  using std::chrono::milliseconds;
  const auto created_at = std::chrono::floor<milliseconds>(now);
  const std::string created = format_instant(created_at);
  const std::string nonce = random_bytes(kNonceBytes);
  const bool digest = settings.type != PasswordType::text;
  const std::string password =
      digest ? digest_of(nonce, created, settings.password) : settings.password;
  std::string xml = "<wsse:Security xmlns:wsse=\"" + std::string(kWsse) + "\" xmlns:wsu=\"" +
                    std::string(kWsu) + "\" soap:mustUnderstand=\"1\"><wsu:Timestamp>" +
                    "<wsu:Created>" + created + "</wsu:Created><wsu:Expires>" +
                    format_instant(created_at + settings.age) +
                    "</wsu:Expires></wsu:Timestamp><wsse:UsernameToken><wsse:Username>" +
                    escaped_exactly(settings.user) + "</wsse:Username><wsse:Password Type=\"";
  xml.append(kProfile).append(digest ? "PasswordDigest" : "PasswordText").append("\">");
  xml += escaped_exactly(password) + "</wsse:Password><wsse:Nonce EncodingType=\"";
  xml.append(kBase64).append("\">") += base64(nonce);
  return xml + "</wsse:Nonce><wsu:Created>" + created +
         "</wsu:Created></wsse:UsernameToken></wsse:Security>";
}

}  // namespace masar::soap
