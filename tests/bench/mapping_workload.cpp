// Mapping alone, strict reading and writing included, beside libxslt for the same document.
#include <chrono>
#include <stdexcept>

#include "core/engine/snapshot.h"
#include "core/message/xml_reader.h"
#include "core/message/xml_writer.h"
#include "tests/bench/process.h"
#include "tests/bench/raw_relay.h"
#include "tests/bench/workload.h"

#ifdef MASAR_BENCH_XSLT
#include <libxml/parser.h>
#include <libxslt/transform.h>
#include <libxslt/xsltInternals.h>
#include <libxslt/xsltutils.h>
#endif

namespace masar::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kBatch = 200;

/// Our side: bytes in, bytes out.
class OurMapping {
 public:
  explicit OurMapping(const Options& options) {
    config::Diagnostics diagnostics;
    snapshot_ = engine::Snapshot::load(options.sources + "/tests/bench/installation/config", {},
                                       diagnostics);
    if (!snapshot_) throw std::runtime_error(diagnostics.text());
    const auto* element = snapshot_->library.mappings.at("bench/notice");
    mapping_ = mapping::Mapping::compile(*element, {}, snapshot_->prefixes, diagnostics);
    if (!mapping_) throw std::runtime_error(diagnostics.text());
    reader_.emplace(snapshot_->prefixes, snapshot_->hub.xml);
  }

  std::string apply(const std::string& bytes) const {
    const Document document = reader_->read(bytes);
    expression::Frame frame;
    frame.context = *document;
    return write_xml(*mapping_->apply(frame));
  }
  const XmlReader& reader() const { return *reader_; }

 private:
  std::shared_ptr<const engine::Snapshot> snapshot_;
  std::optional<mapping::Mapping> mapping_;
  std::optional<XmlReader> reader_;
};

#ifdef MASAR_BENCH_XSLT
class LibXslt {
 public:
  /// From memory: the hub's schema gate lets libxml2 open no file in this process.
  explicit LibXslt(const std::string& path) {
    const std::string text = read_file(path);
    xmlDocPtr document = xmlReadMemory(text.data(), static_cast<int>(text.size()), path.c_str(),
                                       nullptr, XML_PARSE_NONET);
    sheet_ = xsltParseStylesheetDoc(document);
    if (sheet_ == nullptr) throw std::runtime_error("cannot read " + path);
  }
  ~LibXslt() { xsltFreeStylesheet(sheet_); }
  LibXslt(const LibXslt&) = delete;
  LibXslt& operator=(const LibXslt&) = delete;

  std::string apply(const std::string& bytes) const {
    xmlDocPtr in = xmlReadMemory(bytes.data(), static_cast<int>(bytes.size()), nullptr, nullptr,
                                 XML_PARSE_NONET);
    xmlDocPtr out = xsltApplyStylesheet(sheet_, in, nullptr);
    xmlChar* text = nullptr;
    int length = 0;
    xsltSaveResultToString(&text, &length, out, sheet_);
    std::string result(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
    xmlFree(text);
    xmlFreeDoc(out);
    xmlFreeDoc(in);
    return result;
  }

 private:
  xsltStylesheetPtr sheet_ = nullptr;
};
#endif

/// Documents per CPU-second of whatever `apply` does.
template <typename Apply>
double rate(double seconds, const Apply& apply) {
  const double before = cpu_seconds();
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  std::size_t count = 0;
  while (Clock::now() < until) {
    for (int at = 0; at < kBatch; ++at) apply();
    count += kBatch;
  }
  return static_cast<double>(count) / (cpu_seconds() - before);
}

}  // namespace

Figure measure_mapping(const Options& options) {
  Figure figure;
  figure.name = "mapping";
  figure.unit = "documents per CPU-second";
  figure.ceiling_is = "libxslt for the same document and result";
  figure.goal = Goal::ratio_at_least;
  figure.goal_value = 2;
  forget_peak_rss();
  const std::string folder = options.sources + "/tests/bench/installation";
  const std::string document = read_file(folder + "/order.xml");
  const OurMapping ours(options);
  std::vector<double> of_ours;
  std::vector<double> of_reader;
  std::vector<double> of_theirs;
#ifdef MASAR_BENCH_XSLT
  const LibXslt theirs(folder + "/notice.xsl");
  const auto canonical = [&](const std::string& text) {
    return write_xml(*ours.reader().read(text));
  };
  if (canonical(ours.apply(document)) != canonical(theirs.apply(document))) {
    throw std::runtime_error("the two sides give different results:\n" + ours.apply(document) +
                             "\n" + theirs.apply(document));
  }
#endif
  for (int at = 0; at < options.rounds; ++at) {
    of_ours.push_back(rate(options.seconds / 3, [&] { (void)ours.apply(document); }));
    of_reader.push_back(rate(options.seconds / 3, [&] { (void)ours.reader().read(document); }));
#ifdef MASAR_BENCH_XSLT
    of_theirs.push_back(rate(options.seconds / 3, [&] { (void)theirs.apply(document); }));
#endif
  }
  figure.figure = median(of_ours);
  if (!of_theirs.empty()) figure.ceiling = median(of_theirs);
  figure.cpu_seconds_per_thousand = 1000 / figure.figure;
  figure.peak_rss_mb = peak_rss_mb();
  figure.more = {{"strict_reader_alone", median(of_reader)},
                 {"document_bytes", static_cast<double>(document.size())}};
  return figure;
}

}  // namespace masar::bench
