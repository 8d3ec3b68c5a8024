// SOAP → SOAP through the hub's own process, beside the same callers at the partner itself.
#include <string>
#include <vector>

#include "tests/bench/http_load.h"
#include "tests/bench/process.h"
#include "tests/bench/stub_http.h"
#include "tests/bench/workload.h"

namespace masar::bench {
namespace {

constexpr std::size_t kBytes = 1024;  ///< of an envelope, in both directions
constexpr double kWarmUpSeconds = 0.3;

std::string envelope_of(const std::string& name) {
  const std::string before =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
      "<o:" + name + " xmlns:o=\"urn:masar:bench:order:1\">";
  const std::string after = "</o:" + name + "></s:Body></s:Envelope>";
  std::string lines;
  const auto size = [&] { return before.size() + lines.size() + after.size(); };
  const std::string line =
      "<o:line><o:article>A-1001</o:article><o:amount>30.000</o:amount></o:line>";
  while (size() + line.size() < kBytes) lines += line;
  return before + lines + after;
}

HttpLoad load_of(const std::string& address, const std::string& path) {
  const std::string body = envelope_of("Order");
  HttpLoad load;
  load.address = address;
  load.request = "POST " + path + " HTTP/1.1\r\nHost: " + address +
                 "\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: "
                 "\"urn:masar:bench:order:1/Order\"\r\nContent-Length: " +
                 std::to_string(body.size()) + "\r\n\r\n" + body;
  load.expected = "OrderResponse";
  return load;
}

HttpLoadResult run(HttpLoad load, double seconds) {
  load.seconds = seconds;
  return run_http_load(load);
}

double median_of(const std::vector<HttpLoadResult>& rounds, double (*of)(const HttpLoadResult&)) {
  std::vector<double> values;
  for (const HttpLoadResult& round : rounds) values.push_back(of(round));
  return median(std::move(values));
}

double per_second(const HttpLoadResult& result) {
  return static_cast<double>(result.answered) / result.seconds;
}

}  // namespace

Figure measure_proxy(const Options& options) {
  Figure figure;
  figure.name = "soap-proxy";
  figure.unit = "requests per second";
  figure.ceiling_is = "the same callers at the partner itself";
  figure.goal = Goal::figure_at_least;
  figure.goal_value = 12'000;

  const std::string reply = envelope_of("OrderResponse");
  StubServer partner([&reply](const StubServer::Request&) {
    return StubServer::Reply{200, reply};
  });
  RunningHub hub(options, {options.sources + "/tests/bench/proxy/config",
                           {},
                           {{"http-address", "127.0.0.1:0"},
                            {"admin-address", "127.0.0.1:0"},
                            {"partner-url", "http://" + partner.address() + "/soap"}}});
  const HttpLoad raw = load_of(partner.address(), "/soap");
  const HttpLoad through = load_of(hub.address("http"), "/orders");
  run(raw, kWarmUpSeconds);
  run(through, kWarmUpSeconds);
  std::vector<HttpLoadResult> of_ceiling;
  std::vector<HttpLoadResult> of_hub;
  double cpu = 0;
  double answered = 0;
  for (int at = 0; at < options.rounds; ++at) {
    of_ceiling.push_back(run(raw, options.seconds));
    const double before = hub.process().cpu_seconds();
    of_hub.push_back(run(through, options.seconds));
    cpu += hub.process().cpu_seconds() - before;
    answered += static_cast<double>(of_hub.back().answered);
  }
  figure.figure = median_of(of_hub, per_second);
  figure.ceiling = median_of(of_ceiling, per_second);
  figure.p50_ms = median_of(of_hub, [](const HttpLoadResult& one) { return one.p50_ms; });
  figure.p99_ms = median_of(of_hub, [](const HttpLoadResult& one) { return one.p99_ms; });
  figure.cpu_seconds_per_thousand = 1000 * cpu / answered;
  figure.peak_rss_mb = hub.process().peak_rss_mb();
  figure.sides = {{"p99_ms_at_100_callers", *figure.p99_ms, Goal::figure_below, 15}};
  figure.more = {{"envelope_bytes", static_cast<double>(reply.size())}};
  return figure;
}

}  // namespace masar::bench
