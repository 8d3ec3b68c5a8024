#include "tests/bench/case_partners.h"

#include <cstdio>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "core/base/clock.h"
#include "core/base/time.h"
#include "core/engine/series.h"
#include "tests/bench/partners.h"
#include "tests/bench/raw_relay.h"

namespace masar::bench {
namespace {

constexpr int kSwitchThreads = 32;
constexpr int kGatewayThreads = 16;
constexpr std::size_t kPortal = 0;
constexpr std::size_t kSigners = 2;
constexpr int kBillingDigits = 12;          // config/hub.xml, series billing-number
constexpr const char* kDue = "435.500";     // what assess() finds
constexpr const char* kZone = "Asia/Amman";
constexpr const char* kEnvelope =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>";
constexpr const char* kEnvelopeEnd = "</soap:Body></soap:Envelope>";

/// The text of the first element of that local name; empty where there is none.
std::string text_of(std::string_view document, std::string_view name) {
  for (auto at = document.find(name); at != std::string_view::npos;
       at = document.find(name, at + 1)) {
    const char before = at == 0 ? ' ' : document[at - 1];
    const auto end = at + name.size();
    if ((before != '<' && before != ':') || end >= document.size() || document[end] != '>')
      continue;
    return std::string(document.substr(end + 1, document.find('<', end) - end - 1));
  }
  return {};
}

Instant now() { return SystemBusinessClock().now(); }

std::string day_of_accident() {
  return format_date(date_of(now() - std::chrono::hours(48), kZone));
}

/// `<prefix:name>value</prefix:name>` of each pair.
std::string elements(const std::string& prefix,
                     const std::vector<std::pair<const char*, std::string>>& all) {
  std::string out;
  for (const auto& [name, value] : all) {
    out.append("<").append(prefix).append(name).append(">").append(value);
    out.append("</").append(prefix).append(name).append(">");
  }
  return out;
}

std::string sketch(std::string_view asked) {
  return "<tr:GetAccidentSketchResponse xmlns:tr=\"urn:jo:traffic:1\">" +
         elements("tr:",
                  {{"SketchNo", text_of(asked, "SketchNo")},
                   {"IssuedBy", "إدارة السير - عمان"},
                   {"OccurredAt", text_of(asked, "AccidentDate") + "T09:30:00+03:00"},
                   {"Location", elements("tr:", {{"Governorate", "العاصمة"},
                                                 {"Area", "عبدون"},
                                                 {"Street", "شارع الملكة زين الشرف"},
                                                 {"Lat", "31.9539"},
                                                 {"Lon", "35.8801"}})},
                   {"Party", elements("tr:", {{"Role", "DRIVER"},
                                              {"NameAr1", "أحمد"},
                                              {"NameAr2", "محمد"},
                                              {"NameAr3", "علي"},
                                              {"NameAr4", "الخطيب"},
                                              {"IdType", "NATIONAL"},
                                              {"IdNo", text_of(asked, "RequesterId")},
                                              {"PlateCode", text_of(asked, "PlateCode")},
                                              {"PlateNo", text_of(asked, "PlateNo")},
                                              {"ChassisNo", "CH2012345"},
                                              {"LicenceNo", "LC12345"},
                                              {"FaultPercent", "100"}})},
                   {"PropertyDamage", elements("tr:", {{"Owner", "GAM"},
                                                       {"Type", "ASPHALT"},
                                                       {"DescriptionAr", "تلف في الإسفلت"}})},
                   {"PropertyDamage", elements("tr:", {{"Owner", "GAM"},
                                                       {"Type", "LIGHT_POLE"},
                                                       {"DescriptionAr", "عمود إنارة"}})},
                   {"Status", "FINAL"},
                   {"Version", "1"},
                   {"DocumentRef", "sketch/" + text_of(asked, "SketchNo") + "/1"}}) +
         "</tr:GetAccidentSketchResponse>";
}

std::string policy(std::string_view asked) {
  return "<ins:InquirePolicyResponse xmlns:ins=\"urn:jo:insurance:1\">" +
         elements("ins:", {{"Policy", elements("ins:", {{"PolicyNo",
                                                         "P-" + text_of(asked, "PlateNo")},
                                                        {"InsurerCode", "JIC"},
                                                        {"InsurerNameAr", "شركة التأمين"},
                                                        {"Cover", "TPL"},
                                                        {"ValidFrom", "2020-01-01"},
                                                        {"ValidTo", "2020-12-31"},
                                                        {"Status", "EXPIRED"}})}}) +
         "</ins:InquirePolicyResponse>";
}

std::string message(const std::string& kind, const std::string& guid, const std::string& body,
                    const std::string& signature) {
  const std::string header = elements(
      "", {{"TmStp", format_local(now(), kZone).substr(0, 19)},
           {"GUID", guid},
           {"TrsInf",
            elements("", {{"SdrCode", "EFAWATEER"}, {"RcvCode", "GAM"}, {"ReqTyp", kind}})}});
  return "<MFEP><MsgHeader>" + header + "</MsgHeader>" + body +
         "<MsgFooter><Security><Signature>" + signature +
         "</Signature></Security></MsgFooter></MFEP>";
}

EVP_PKEY* read_key(const std::string& pem) {
  BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  if (key == nullptr) throw std::runtime_error("the switch's key cannot be read");
  return key;
}

}  // namespace

CasePartners::CasePartners() : key_(read_key(secrets().at("mfep-switch-private"))) {
  server_ = std::make_unique<StubServer>(
      [this](const StubServer::Request& request) { return serve(request); });
}

// Who calls others goes before whom it calls.
CasePartners::~CasePartners() {
  peers_.reset();
  switch_.reset();
  server_.reset();
  gateway_.reset();
  EVP_PKEY_free(key_);
}

void CasePartners::start(const std::string& amqp_address, const std::string& http_address,
                         std::size_t under_way) {
  under_way_ = under_way;
  switch_ = std::make_unique<StubCallers>(http_address, kSwitchThreads);
  gateway_ = std::make_unique<StubCallers>(http_address, kGatewayThreads);
  std::vector<StubPeers::Login> logins;
  for (const char* user : {"portal", "roads", "street-lighting"}) {
    logins.push_back({user, secrets().at(std::string("amqp-") + user)});
  }
  StubPeers::Hooks hooks;
  hooks.ready = [this] {
    for (std::size_t at = 0; at < under_way_; ++at) apply();
  };
  hooks.message = [this](std::size_t peer, const std::string& body) { told(peer, body); };
  peers_ = std::make_unique<StubPeers>(amqp_address, logins, std::move(hooks));
}

std::vector<double> CasePartners::take_latencies() {
  const std::lock_guard lock(mutex_);
  return std::exchange(latencies_, {});
}

std::string CasePartners::error() const {
  for (const auto* callers : {switch_.get(), gateway_.get()}) {
    if (callers && !callers->error().empty()) return callers->error();
  }
  const std::lock_guard lock(mutex_);
  return error_;
}

void CasePartners::fail(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (error_.empty()) error_ = why;
}

// Traffic department, registry, SMS gateway: told apart by what they are asked.
StubServer::Reply CasePartners::serve(const StubServer::Request& request) {
  if (request.target.starts_with("/cgi-bin/")) {
    constexpr std::string_view kReport = "dlr-url=";
    const auto at = request.target.find(kReport);
    const auto begin = at + kReport.size();
    report(decode_percent(request.target.substr(begin, request.target.find('&', begin) - begin)));
    return {202, "0: Accepted for delivery"};
  }
  if (request.body.find("GetAccidentSketch") != std::string_view::npos) {
    return {200, kEnvelope + sketch(request.body) + kEnvelopeEnd};
  }
  if (request.body.find("InquirePolicy") != std::string_view::npos) {
    return {200, kEnvelope + policy(request.body) + kEnvelopeEnd};
  }
  if (request.body.find("ReleaseHold") != std::string_view::npos) {
    return {200, kEnvelope + ("<tr:ReleaseHoldResponse xmlns:tr=\"urn:jo:traffic:1\">" +
                              elements("tr:", {{"ReleaseNo", "R-" + std::to_string(++releases_)},
                                               {"ReleasedAt", format_instant(now())}}) +
                              "</tr:ReleaseHoldResponse>") +
                     kEnvelopeEnd};
  }
  fail("a partner was asked " + std::string(request.head));
  return {404, ""};
}

// Taken by the centre, then delivered.
void CasePartners::report(std::string url) {
  const auto path = url.find('/', url.find("//") + 2);
  gateway_->post([target = url.substr(path)](const StubCallers::Call& call) {
    for (const char* state : {"8", "1"}) {
      std::string told = target;
      told.replace(told.find("%d"), 2, state);
      (void)call("GET", told, "");
    }
  });
}

void CasePartners::apply() {
  const std::uint64_t number = ++applications_;
  char id[24];
  std::snprintf(id, sizeof id, "B-%08llu", static_cast<unsigned long long>(number));
  const std::string plate = std::to_string(10000 + number % 89999);
  const std::string body =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<pt:ApplicationSubmitted "
      "xmlns:pt=\"urn:gam:portal:1\">" +
      elements("pt:", {{"applicationId", id},
                       {"sketchNo", std::string("S-") + id},
                       {"accidentDate", day_of_accident()},
                       {"plate", elements("pt:", {{"code", "20"}, {"number", plate}})},
                       {"applicant", elements("pt:", {{"idType", "NATIONAL"},
                                                      {"id", "9901234567"},
                                                      {"nameAr", "أحمد محمد علي الخطيب"},
                                                      {"phone", "0791234567"},
                                                      {"language", "ar"}})}}) +
      "</pt:ApplicationSubmitted>";
  begun_[id] = Clock::now();
  peers_->send(kPortal, std::string("application-") + id, id, body);
}

void CasePartners::told(std::size_t peer, const std::string& body) {
  if (peer != kPortal) return assess(peer, body);
  if (body.find("ReceiptIssued") != std::string::npos) return;
  if (body.find("CaseUpdated") == std::string::npos) return fail("the portal was told " + body);
  updated(body);
}

void CasePartners::assess(std::size_t peer, const std::string& request) {
  const std::string application = text_of(request, "applicationId");
  const std::string department = text_of(request, "department");
  const bool roads = department == "roads";
  const std::string price = roads ? "85.500" : "350.000";
  peers_->send(peer, "assessment-" + department + "-" + application, application,
               "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<dp:AssessmentCompleted "
               "xmlns:dp=\"urn:gam:departments:1\">" +
                   elements("dp:", {{"applicationId", application},
                                    {"assessmentId", text_of(request, "assessmentId")},
                                    {"department", department},
                                    {"items", elements("dp:", {{"code", roads ? "ASPHALT"
                                                                              : "LIGHT_POLE"},
                                                               {"quantity", "1"},
                                                               {"unitPrice", price},
                                                               {"amount", price}})},
                                    {"total", price}}) +
                   "</dp:AssessmentCompleted>");
}

void CasePartners::updated(const std::string& update) {
  const std::string application = text_of(update, "applicationId");
  const std::string state = text_of(update, "state");
  if (state == "awaiting-payment") return pay(application, text_of(update, "billingNo"));
  if (state == "cancelled" || state == "rejected") return fail("a case ended as " + state);
  if (state != "cleared") return;
  const auto begun = begun_.find(application);
  if (begun == begun_.end()) return;  // told twice
  {
    const std::lock_guard lock(mutex_);
    latencies_.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - begun->second).count());
  }
  begun_.erase(begun);
  ++ended_;
  apply();
}

// Somebody looks at the bill and pays it.
void CasePartners::pay(const std::string& application, const std::string& billing) {
  switch_->post([this, application, billing](const StubCallers::Call& call) {
    const auto known = bills_.find(billing);
    const Bill made = known == bills_.end() ? make_bill(billing) : known->second;
    const std::string bill = call("POST", "/postpaid/BillPull?GUID=i-" + application,
                                  message("BILPULRQ", "i-" + application, made.inquiry.body,
                                          made.inquiry.signature));
    if (text_of(bill, "DueAmount") != kDue) return fail("no bill of " + std::string(kDue) + bill);
    const std::string answer =
        call("POST", "/payment/ReceivePaymentNotification?GUID=p-" + application,
             message("BLRPMTNTFRQ", "p-" + application, made.payment.body,
                     made.payment.signature));
    if (answer.find("<ErrorCode>0</ErrorCode>") == std::string::npos) fail("not taken: " + answer);
  });
}

double CasePartners::sign_beforehand(std::size_t bills) {
  const double cpu_before = cpu_seconds();
  std::vector<std::pair<std::string, Bill>> made(bills);
  std::vector<std::thread> threads;
  for (std::size_t first = 0; first < kSigners; ++first) {
    threads.emplace_back([&, first] {
      for (std::size_t at = first; at < bills; at += kSigners) {
        const auto number = static_cast<std::int64_t>(at + 1);
        const std::string billing = engine::format_serial(number, kBillingDigits, true);
        made[at] = {billing, make_bill(billing)};
      }
    });
  }
  for (auto& thread : threads) thread.join();
  bills_.insert(std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
  return static_cast<double>(2 * bills) / (cpu_seconds() - cpu_before);
}

CasePartners::Bill CasePartners::make_bill(const std::string& billing) const {
  const std::string account =
      elements("", {{"AcctInfo", elements("", {{"BillingNo", billing}, {"BillNo", billing}})}});
  const std::string time = format_local(now(), kZone).substr(0, 19);
  const std::string payment =
      account +
      elements("", {{"JOEBPPSTrx", "T-" + billing},
                    {"BankTrxID", "K-" + billing},
                    {"BankCode", "2"},
                    {"PmtStatus", "PmtNew"},
                    {"DueAmt", kDue},
                    {"PaidAmt", kDue},
                    {"FeesAmt", "0.000"},
                    {"FeesOnBiller", "false"},
                    {"ProcessDate", time},
                    {"STMTDate", time.substr(0, 10)},
                    {"AccessChannel", "INT"},
                    {"PaymentMethod", "ACTDEB"},
                    {"PaymentType", "Postpaid"},
                    {"Currency", "JOD"},
                    {"ServiceTypeDetails", elements("", {{"ServiceType", "GAM_ACC_DMG"}})}});
  return {sign(account + elements("", {{"ServiceType", "GAM_ACC_DMG"}})),
          sign(elements("", {{"Transactions", elements("", {{"TrxInf", payment}})}}))};
}

// RSA-SHA256 over UTF-16LE; what the switch of the benchmark signs is ASCII.
CasePartners::Signed CasePartners::sign(const std::string& content) const {
  const std::string body = "<MsgBody>" + content + "</MsgBody>";
  std::string wide;
  for (const char c : body) {
    wide += c;
    wide += '\0';
  }
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_);
  std::size_t length = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(wide.data());
  EVP_DigestSign(context, nullptr, &length, bytes, wide.size());
  std::string raw(length, '\0');
  EVP_DigestSign(context, reinterpret_cast<unsigned char*>(raw.data()), &length, bytes,
                 wide.size());
  EVP_MD_CTX_free(context);
  std::string text((length + 2) / 3 * 4 + 1, '\0');
  const int written = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                      reinterpret_cast<const unsigned char*>(raw.data()),
                                      static_cast<int>(length));
  text.resize(static_cast<std::size_t>(written));
  return {body, text};
}

}  // namespace masar::bench
