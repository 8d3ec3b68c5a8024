#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/bench/stub_amqp.h"
#include "tests/bench/stub_http.h"

struct evp_pkey_st;

namespace masar::bench {

/// All partners of the shipped service, answering at once with canned replies that lead every case
/// down the way `expired-policy-paid`: portal and departments over AMQP, traffic department and
/// insurance registry over SOAP, the SMS gateway with its delivery reports, and the payment switch
/// with signed messages. So many cases are under way at once; each that ends begins the next one.
class CasePartners {
 public:
  CasePartners();
  ~CasePartners();
  CasePartners(const CasePartners&) = delete;
  CasePartners& operator=(const CasePartners&) = delete;

  /// Signs what the switch will say of so many first bills, so that no signature of a partner's is
  /// made while cases are measured. Later bills are signed when they come. Returns signatures per
  /// CPU-second, by which figures of different machines can be compared.
  double sign_beforehand(std::size_t bills);
  /// What the hub is to be told, before it starts: where the partners are.
  std::string soap_url() const { return "http://" + server_->address() + "/soap"; }
  std::string sms_url() const { return "http://" + server_->address() + "/cgi-bin/sendsms"; }
  /// The hub runs: the first cases begin.
  void start(const std::string& amqp_address, const std::string& http_address,
             std::size_t under_way);

  std::size_t ended() const { return ended_; }   ///< cases that reached their good end
  std::vector<double> take_latencies();          ///< milliseconds, of cases ended since the last
  std::string error() const;                     ///< of the first partner in trouble; empty: none

 private:
  using Clock = std::chrono::steady_clock;

  struct Signed {
    std::string body;
    std::string signature;
  };
  /// What the switch says of one bill.
  struct Bill {
    Signed inquiry;
    Signed payment;
  };

  StubServer::Reply serve(const StubServer::Request& request);
  void report(std::string url);
  void apply();
  void told(std::size_t peer, const std::string& body);
  void assess(std::size_t peer, const std::string& request);
  void updated(const std::string& update);
  void pay(const std::string& application, const std::string& billing);
  Bill make_bill(const std::string& billing) const;
  Signed sign(const std::string& content) const;
  void fail(const std::string& why);

  evp_pkey_st* key_ = nullptr;
  std::size_t under_way_ = 0;
  std::unordered_map<std::string, Bill> bills_;  // by billing number, const once started
  std::atomic<std::size_t> ended_{0};
  mutable std::mutex mutex_;
  std::string error_;
  std::vector<double> latencies_;
  std::unordered_map<std::string, Clock::time_point> begun_;  // AMQP thread only
  std::uint64_t applications_ = 0;                            // AMQP thread only
  std::atomic<std::uint64_t> releases_{0};
  std::unique_ptr<StubServer> server_;
  std::unique_ptr<StubCallers> switch_;   // the payment switch's
  std::unique_ptr<StubCallers> gateway_;  // the SMS gateway's
  std::unique_ptr<StubPeers> peers_;
};

}  // namespace masar::bench
