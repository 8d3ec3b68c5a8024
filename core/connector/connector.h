#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/executor.h"
#include "core/base/log.h"
#include "core/config/element.h"
#include "core/message/message.h"
#include "core/message/xml_reader.h"
#include "core/message/xsd_gate.h"

namespace masar::connector {

/// How an attempt to send ended (ENGINE.md 18): typed, never a bool.
enum class OutcomeKind {
  delivered,    ///< done, with the reply where the exchange has one
  rejected,     ///< a refusal that the endpoint declares as such
  unavailable,  ///< provably not done
  unknown,      ///< everything else after the first byte
};

struct Outcome {
  OutcomeKind kind = OutcomeKind::unknown;
  std::string code;    ///< fault name, status or condition: "NOT_FOUND", "503", "amqp:released"
  std::string text;    ///< what happened, for people; no payload, no personal data, no secret
  std::string body;    ///< the reply's payload (XML), or the bytes that could not be read (unknown)
  std::optional<std::chrono::seconds> retry_after;
  bool attempted = true;  ///< false: nothing was tried (no receiver, no credit): the row waits on
  bool written = false;   ///< `body` is what write_xml() made of a tree that was read strictly
};

/// One attempt to send one effect.
struct Attempt {
  std::string effect_id;    ///< message-id, idempotency key
  int number = 1;
  std::string operation;    ///< of the endpoint: SOAP operation, HTTP path …; may be empty
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::optional<Instant> not_after;
  bool written = false;     ///< `body` is what write_xml() made of a tree that was read strictly
};

/// The outbound edge of one endpoint. Owned by its dispatcher; pass-through routes use it, too.
class Outbound {
 public:
  using Done = std::function<void(Outcome)>;
  virtual ~Outbound() = default;
  /// Whether an attempt could begin now: false on a listener whose partner has no receiver or
  /// credit (waiting, not an attempt). Any thread.
  virtual bool ready() const { return true; }
  /// Called (from any thread) whenever ready() may have become true. Set once, before the first
  /// send().
  virtual void on_ready(std::function<void()> notify) { (void)notify; }
  /// Starts an attempt and returns; `done` is called exactly once, from any thread, never from
  /// inside send(), within the endpoint's time-out. Never throws for what the partner does.
  virtual void send(Attempt attempt, Done done) = 0;
};

/// What Intake answers for one message, or one part of it.
struct PartAnswer {
  enum class Kind {
    accepted,     ///< journaled; no reply belongs to it
    replied,      ///< `document` is the reply's payload; where it is null, `written`
    refused,      ///< never: `code` and `text` in the protocol's own error
    retry_later,  ///< the caller may repeat it: the protocol's retryable error
  };
  Kind kind = Kind::accepted;
  std::string code;
  std::string text;
  Document document;
  std::string written = {};  ///< what write_xml() made; only where Received::written was set
};
/// One answer a part, in their order; one where the message is whole.
using IntakeAnswer = std::vector<PartAnswer>;

/// A message as a connector hands it in.
struct Received {
  std::string endpoint;            ///< id
  std::string sender;              ///< the authenticated identity's partner
  std::string message_id;          ///< empty: the sender gave none
  std::vector<std::pair<std::string, std::string>> headers;  ///< allow-listed
  std::string body;                ///< XML bytes (the codec's one XML form)
  Document document;               ///< of `body`, where the source has read it as Intake would
  bool written = false;            ///< `body` is what write_xml() made; a reply may come so, too
  std::optional<Instant> expires;
  std::string encoded;             ///< pass-through: the encoded message as it came
  bool admitted = false;           ///< the source asked Intake::holds() and was told no
};

/// Where inbound messages go: the engine. Any thread. take() never throws; `answer` is called
/// exactly once, from any thread, possibly before take() returns.
class Intake {
 public:
  using Answer = std::function<void(IntakeAnswer)>;
  virtual ~Intake() = default;
  virtual void take(Received received, Answer answer) = 0;
  /// Whether this message waits for a pause to end. For sources that can keep one unsettled, and
  /// those behind it, until the next Connector::pause(): take() itself answers retry_later.
  virtual bool holds(const Received& received) const {
    (void)received;
    return false;
  }
  /// A delivery report for an effect that was sent: state is "delivered", "failed", "buffered" …
  /// `answer(true)` once it is journaled or was known already, `answer(false)`: try again later.
  virtual void report(std::string effect_id, std::string state,
                      std::function<void(bool)> answer) = 0;
  /// Bytes refused before they were a message (not well-formed HTTP, bad login …): an audit row,
  /// capped.
  virtual void refused(std::string endpoint, std::string code, std::string text) = 0;
};

/// The settings of one endpoint as its file states them; the connector reads its own element from
/// `root`.
struct EndpointSpec {
  std::string id;
  std::string partner;
  bool inbound = false;
  bool queries = false;  ///< inbound: all its routes are queries, which change nothing
  /// `<endpoint>`, with `${…}` resolved; lives as long as the hub.
  const config::Element* root = nullptr;
  std::chrono::milliseconds timeout{10'000};
  bool idempotent = false;
  XmlLimits xml;  ///< of one message; its bytes_max holds for every body
  std::size_t concurrency = 8;
  /// The file that its messages are valid against, among all of the configuration's schemas, which
  /// live as long as the hub. Empty, null: none.
  std::string schema;
  const std::vector<XsdGate::Source>* schemas = nullptr;
};

/// Secrets by name, from files. Any thread. Throws Error(config, "no-secret") naming the secret
/// only.
class Secrets {
 public:
  virtual ~Secrets() = default;
  /// `secret:NAME` or `NAME`; one trailing newline of the file is dropped.
  virtual std::string get(std::string_view name) const = 0;
};

/// What the composition root hands to every connector. All outlive it.
struct Context {
  const BusinessClock& business;
  const SteadyClock& steady;
  Executor& executor;
  const Secrets& secrets;
  Prefixes prefixes;
  std::string zone;
  Log log;
};

struct GuideRequest;
struct Guide;

/// The code for one protocol. Life: check_listener(), check_connection(), check() for each
/// endpoint, then add_…() in the same order, start(), and at the end stop_accepting(), stop(). One
/// thread calls these; none of them blocks on a partner.
class Connector {
 public:
  virtual ~Connector() = default;
  virtual std::string_view name() const = 0;
  /// Lint of one endpoint's own element: unknown attributes, missing ones, an inbound endpoint that
  /// listens beyond 127.0.0.1 without authentication.
  virtual void check(const EndpointSpec& spec, config::Diagnostics& diagnostics) const = 0;
  virtual void check_listener(const config::Element& listener,
                              config::Diagnostics& diagnostics) const {
    (void)listener, (void)diagnostics;
  }
  /// `<listener connector=NAME …>` of hub.xml.
  virtual void add_listener(const config::Element& listener) { (void)listener; }
  virtual void check_connection(const config::Element& connection,
                                config::Diagnostics& diagnostics) const {
    (void)connection, (void)diagnostics;
  }
  /// `<connection connector=NAME …>` of hub.xml: what the hub connects out to and many endpoints
  /// share. Kept up in the background: a peer that is away never keeps the hub from starting.
  virtual void add_connection(const config::Element& connection) { (void)connection; }
  virtual void add_inbound(const EndpointSpec& spec, Intake& intake) = 0;
  virtual std::unique_ptr<Outbound> add_outbound(const EndpointSpec& spec, Intake& intake) = 0;
  /// Binds and listens. Throws Error(config, "cannot-listen") naming the address.
  virtual void start() = 0;
  /// Paused: no AMQP credit, HTTP 503 with Retry-After. Called again, with the same value, where
  /// Intake::holds() may say something else now. Any thread, one call at a time.
  virtual void pause(const std::string& endpoint, bool paused) = 0;
  virtual void stop_accepting() = 0;
  virtual void stop() = 0;
  /// Listener id → `host:port` as bound.
  virtual std::map<std::string, std::string> addresses() const = 0;
  /// Endpoint id → what keeps it from its partner now (connection refused, queue not found), for
  /// people: no payload, no secret. None: nothing that the connector knows of. Any thread.
  virtual std::map<std::string, std::string> obstacles() const { return {}; }
  /// What a partner's engineers need to know (guide.h), from the files alone: after the checks
  /// found nothing, without add_…(), start() or a secret. Without one of its own: nothing.
  virtual Guide guide(const GuideRequest& request) const;
};

/// Headers as one text, `name: value` lines, for rows that keep them. CR and LF in values become
/// spaces. Both throw Error(internal, "bad-header") for a name that cannot be written, or a line
/// without one.
std::string write_headers(const std::vector<std::pair<std::string, std::string>>& headers);
std::vector<std::pair<std::string, std::string>> read_headers(std::string_view text);

}  // namespace masar::connector
