// Signed notifications, from the bytes of the switch to answer(accepted): read strictly, signature
// verified, both keys looked up, journaled. Beside it what openssl's verify and a raw writer of the
// same rows allow together. The HTTP edge and the answer, which is signed, are not measured.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include "connectors/mfep/request.h"
#include "connectors/mfep/slice.h"
#include "core/base/error.h"
#include "core/base/hash.h"
#include "tests/bench/intake_hub.h"
#include "tests/bench/partners.h"
#include "tests/bench/process.h"
#include "tests/bench/raw_relay.h"
#include "tests/bench/raw_store.h"
#include "tests/bench/workload.h"

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;

// A signature takes longer than all that is measured: so many are made once, for all rounds.
constexpr double kMessagesPerSecond = 4000;
constexpr std::uint64_t kWarmUp = 500;

struct Keys final : connector::Secrets {
  std::string get(std::string_view name) const override {
    return secrets().at(std::string(name.substr(name.find(':') + 1)));
  }
};

/// A notification as the switch sends it, 1.5 KB.
struct Notification {
  std::string message, signature, body;

  Notification(std::uint64_t number, const mfep::Key& key) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%012llu", static_cast<unsigned long long>(number));
    const std::string n = digits;
    body = "<MsgBody><Transactions><TrxInf><AcctInfo><BillingNo>" + n + "</BillingNo><BillNo>" + n +
           "</BillNo></AcctInfo><JOEBPPSTrx>T" + n + "</JOEBPPSTrx><BankTrxID>B" + n +
           "</BankTrxID><BankCode>2</BankCode><PmtStatus>PmtNew</PmtStatus><DueAmt>435.500</DueAmt>"
           "<PaidAmt>435.500</PaidAmt><FeesAmt>0.000</FeesAmt><FeesOnBiller>false</FeesOnBiller>"
           "<ProcessDate>2026-01-04T09:30:00</ProcessDate><STMTDate>2026-01-04</STMTDate>"
           "<AccessChannel>INT</AccessChannel><PaymentMethod>ACTDEB</PaymentMethod><PaymentType>"
           "Postpaid</PaymentType><Currency>JOD</Currency><ServiceTypeDetails><ServiceType>"
           "GAM_ACC_DMG</ServiceType></ServiceTypeDetails><PayerInfo><Name>محمد أحمد الخطيب</Name>"
           "</PayerInfo></TrxInf></Transactions></MsgBody>";
    signature = key.sign(body);
    message = "<MFEP><MsgHeader><TmStp>2026-01-04T09:30:01</TmStp><GUID>g-" + n +
              "</GUID><TrsInf><SdrCode>SW</SdrCode><RcvCode>GAM</RcvCode><ReqTyp>BLRPMTNTFRQ"
              "</ReqTyp></TrsInf></MsgHeader>" + body + "<MsgFooter><Security><Signature>" +
              signature + "</Signature></Security></MsgFooter></MFEP>";
  }
};

/// The connector's part of it. Is copied: what the key refers to belongs to all copies.
class Opener {
 public:
  explicit Opener(const std::vector<Notification>& all) : all_(all) {
    static const Keys keys;
    static const SystemSteadyClock clock;
    profile_.request = "BLRPMTNTFRQ";
    profile_.reply = "BLRPMTNTFRS";
    profile_.partner_code = "SW";
    profile_.our_code = "GAM";
    profile_.verify = std::make_shared<mfep::LiveKey>(
        keys, "secret:mfep-switch-public", clock, Log(),
        [](const std::string& pem) { return mfep::Key::verifying(pem + "\n"); });
  }

  connector::Received operator()(std::uint64_t number) const {
    mfep::Opened opened =
        mfep::open_request(all_.at(number - 1).message, {}, profile_, reader_);
    if (!opened.refusal.empty()) throw std::runtime_error("refused: " + opened.refusal);
    connector::Received received;
    received.endpoint = "payments-in";
    received.sender = "switch";
    received.message_id = opened.guid;
    received.headers = {{"content-type", "application/xml"}};
    received.body = std::move(opened.body);
    received.document = std::move(opened.document);
    return received;
  }

 private:
  const std::vector<Notification>& all_;
  mfep::Profile profile_;
  XmlReader reader_{{}, {}};
};

/// openssl's verify and nothing else, per CPU-second: bytes and signature are ready, the context is
/// kept.
double verify_raw(const std::vector<Notification>& all, double seconds) {
  std::vector<std::pair<std::string, std::string>> ready;
  for (std::size_t at = 0; at < std::min<std::size_t>(all.size(), 500); ++at) {
    ready.emplace_back(mfep::utf16le(all[at].body), from_base64(all[at].signature));
  }
  const std::string pem = Keys().get("mfep-switch-public");
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr);
  if (EVP_PKEY_verify_init(context) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) != 1) {
    throw std::runtime_error("openssl is not ready to verify");
  }
  Sha256 digest;
  const auto bytes = [](const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  double count = 0, wrong = 0;
  const double cpu = cpu_seconds();
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  while (Clock::now() < until) {
    for (const auto& [text, signature] : ready) {
      const std::string hash = digest.add(text).finish();
      const bool good = EVP_PKEY_verify(context, bytes(signature), signature.size(), bytes(hash),
                                        hash.size()) == 1;
      if (!good) ++wrong;
    }
    count += static_cast<double>(ready.size());
  }
  const double rate = count / (cpu_seconds() - cpu);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(bio);
  if (wrong > 0) throw std::runtime_error("openssl did not verify what it should");
  return rate;
}

/// The workload's configuration with the shipped schema.
std::string configuration(const Options& options, const std::string& folder) {
  namespace fs = std::filesystem;
  fs::copy(options.sources + "/tests/bench/notifications", folder, fs::copy_options::recursive);
  fs::create_directory(folder + "/config/schemas");
  fs::copy(options.sources + "/config/schemas/mfep.xsd", folder + "/config/schemas/mfep.xsd");
  return folder + "/config";
}

/// How many both allow, one after the other on one processor.
double together(double one, double other) { return 1 / (1 / one + 1 / other); }

}  // namespace

Figure measure_notifications(const Options& options) {
  Figure figure;
  figure.name = "signed-notifications";
  figure.unit = "notifications per CPU-second";
  figure.ceiling_is = "openssl's verify and a raw SQLite writer, one after the other";
  figure.goal = Goal::ratio_at_least;
  figure.goal_value = 0.50;
  const auto key = mfep::Key::signing(secrets().at("mfep-switch-private") + "\n");
  const auto count = static_cast<std::uint64_t>(options.seconds * kMessagesPerSecond);
  std::vector<Notification> all;
  for (std::uint64_t at = 1; at <= kWarmUp + count; ++at) all.emplace_back(at, key);
  forget_peak_rss();
  std::vector<double> ours, verify, raw, ratios, groups, taken;
  for (int at = 0; at < options.rounds; ++at) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/masar.db";
    {
      IntakeHub hub(configuration(options, folder.path() + "/notifications"),
                    [&](const BusinessClock& clock) { return open_sqlite(path, clock); },
                    Opener(all));
      (void)hub.run_messages(kWarmUp);
      hub.latencies();
      const auto result = hub.run_messages(count);
      ours.push_back(result.count / result.cpu);
      groups.push_back(result.count / std::max(result.groups, 1.0));
      const auto latencies = hub.latencies();
      taken.insert(taken.end(), latencies.begin(), latencies.end());
    }
    verify.push_back(verify_raw(all, options.seconds / 3));
    const std::string copy = folder.path() + "/raw.db";
    open_sqlite(copy, SystemBusinessClock())->stop();
    RawStore store(path, all.size(), copy);
    const auto written = write_groups(
        store, static_cast<std::size_t>(std::max(groups.back(), 1.0)), options.seconds / 2);
    raw.push_back(written.count / written.cpu);
    ratios.push_back(ours.back() / together(verify.back(), raw.back()));
  }
  figure.figure = median(ours);
  figure.ceiling = together(median(verify), median(raw));
  figure.p50_ms = quantile(taken, 0.50);
  figure.p99_ms = quantile(taken, 0.99);
  figure.cpu_seconds_per_thousand = 1000 / figure.figure;
  figure.peak_rss_mb = peak_rss_mb();
  figure.more = {{"verify_per_cpu_second", median(verify)},
                 {"store_per_cpu_second", median(raw)},
                 {"lowest_ratio", *std::min_element(ratios.begin(), ratios.end())},
                 {"group", median(groups)}};
  return figure;
}

}  // namespace masar::bench
