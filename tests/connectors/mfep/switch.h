#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>

#include "connectors/http/http.h"
#include "connectors/mfep/mfep.h"
#include "core/base/guarded.h"
#include "tests/connectors/http/raw.h"
#include "tests/connectors/http/stage.h"
#include "tests/connectors/mfep/vectors.h"

namespace masar::test {

/// 2026-01-04T08:00:00 in Amman, for ever.
class StandingClock final : public BusinessClock {
 public:
  Instant now() const override { return *parse_instant("2026-01-04T05:00:00Z"); }
};

class KeyStage : public Stage {
 public:
  std::string get(std::string_view name) const override {
    return secrets_.with([&](const auto& all) {
      const auto found = all.find(name);
      if (found != all.end()) return found->second;
      throw Error(ErrorKind::config, "no-secret", std::string(name));
    });
  }
  void put(const std::string& name, const std::string& text) {
    secrets_.with([&](auto& all) { all.insert_or_assign(name, text); });
  }

 private:
  using All = std::map<std::string, std::string, std::less<>>;
  Guarded<All> secrets_{All{{"secret:public", kSwitchPublic},
                            {"secret:private", kHubPrivate},
                            {"secret:pass", "open sesame"}}};
};

/// The hub's side of one endpoint behind a real listener.
class Hub {
 public:
  explicit Hub(bool bills = false, const std::string& attributes = {},
               std::size_t body_bytes_max = 1 << 20, const char* partner_key = kSwitchPublic)
      : Hub(Own{element_of(bills, attributes)}, body_bytes_max, partner_key) {}
  /// The same that speaks JSON.
  static Hub json(bool bills = false, const std::string& attributes = {}) {
    return Hub(Own{json_element_of(bills, attributes)}, 1 << 20, kSwitchPublic);
  }
  ~Hub() { http_->stop(); }

 private:
  struct Own {
    std::string element;
  };
  Hub(const Own& own, std::size_t body_bytes_max, const char* partner_key)
      : endpoint_("in", true, own.element) {
    stage.put("secret:public", partner_key);
    const auto base = stage.context();
    const connector::Context context{clock_, base.steady, base.executor, base.secrets,
                                     {},     "Asia/Amman", base.log};
    endpoint_.spec.xml.bytes_max = body_bytes_max;
    http_ = http::make_http(context, listeners_);
    http_->add_listener(
        element("<listener id='http' connector='http' address='127.0.0.1:0'/>"));
    mfep = mfep::make_mfep(context, listeners_);
    mfep->add_inbound(endpoint_.spec, stage);
    http_->start();
    address = http_->addresses().at("http");
  }

 public:
  static std::string element_of(bool bills, const std::string& attributes) {
    return common_of(bills) + "verify='secret:public' sign='secret:private' " + attributes + "/>";
  }
  static std::string json_element_of(bool bills, const std::string& attributes) {
    return common_of(bills) + "profile='json' user='switch' password='secret:pass' " + attributes +
           "/>";
  }

  /// The whole answer, its head included. `head`: further lines of the request's.
  std::string post(const std::string& body, const std::string& query = {},
                   const std::string& type = "application/xml", const std::string& head = {}) {
    RawSocket socket(address);
    socket.send("POST /in" + query + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: " +
                type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + head +
                "\r\n" + body);
    return socket.read_all();
  }
  /// JSON from the switch, with its password.
  std::string tell(const std::string& body, const std::string& query = {}) {
    return post(body, query, "application/json", login());
  }
  static std::string login(const std::string& password = "open sesame") {
    return "Authorization: " + http::basic_authorization("switch", password) + "\r\n";
  }

  KeyStage stage;
  std::unique_ptr<connector::Connector> mfep;
  std::string address;

 private:
  static std::string common_of(bool bills) {
    const std::string types = bills ? "request='BILPULRQ' reply='BILPULRS'"
                                    : "request='BLRPMTNTFRQ' reply='BLRPMTNTFRS'";
    return "<mfep listener='http' path='/in' " + types + " sender-code='SW' receiver-code='GAM' ";
  }

  StandingClock clock_;
  http::Listeners listeners_;
  Endpoint endpoint_;
  std::unique_ptr<connector::Connector> http_;
};

/// What check() says of an endpoint.
inline std::string check(bool inbound, const std::string& inner,
                         const std::string& address = "127.0.0.1:0") {
  KeyStage stage;
  http::Listeners listeners;
  config::Diagnostics diagnostics;
  listeners.check(
      element("<listener id='http' connector='http' address='" + address + "'/>"), diagnostics);
  const Endpoint endpoint("e", inbound, inner);
  mfep::make_mfep(stage.context(), listeners)->check(endpoint.spec, diagnostics);
  return diagnostics.text();
}

/// A request as the switch frames it.
struct Frame {
  std::string before;  ///< of the root: declaration, BOM
  std::string root = "<MFEP>";
  std::string guid = "<GUID>g-1</GUID>";
  std::string codes = "<SdrCode>SW</SdrCode><RcvCode>GAM</RcvCode>";
  std::string type = "BLRPMTNTFRQ";
  std::string after_header;

  std::string around(const std::string& body, const std::string& signature) const {
    return before + root + "<MsgHeader><TmStp>2026-01-04T08:00:00</TmStp>" + guid + "<TrsInf>" +
           codes + "<ReqTyp>" + type + "</ReqTyp></TrsInf></MsgHeader>" + after_header + body +
           "<MsgFooter><Security><Signature>" + signature +
           "</Signature></Security></MsgFooter></MFEP>";
  }
  std::string around(const Vector& vector) const { return around(vector.body, vector.signature); }
};

inline Frame bill_frame() {
  Frame frame;
  frame.type = "BILPULRQ";
  return frame;
}

/// The ErrorCode of the answer's header; "none" where there is no such header.
inline std::string code_in_header(const std::string& answer) {
  const auto at = answer.find("<MsgHeader>"), code = answer.find("<ErrorCode>", at);
  if (at == std::string::npos || code > answer.find("</MsgHeader>")) return "none";
  return answer.substr(code + 11, answer.find('<', code + 11) - code - 11);
}
/// The answer's MsgBody with its tags, as it stands there.
inline std::string body_of(const std::string& answer) {
  const auto at = answer.find("<MsgBody"), end = answer.find("<MsgFooter>");
  return at == std::string::npos || end < at ? "none" : answer.substr(at, end - at);
}

/// A file of vectors/, which vectors/make signs.
inline std::string vector_file(const std::string& name) {
  std::ifstream in(MASAR_SOURCE_DIR "/tests/connectors/mfep/vectors/" + name, std::ios::binary);
  if (!in) throw std::runtime_error("there is no " + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A folder of its own that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "masar-mfep-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string put(const std::string& name, const std::string& content) const {
    const auto file = path_ / name;
    std::ofstream(file, std::ios::binary) << content;
    return file.string();
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

/// Whether the openssl command finds our signature over the UTF-16LE bytes (made by iconv) of the
/// answer's body.
inline bool openssl_verifies(const std::string& answer) {
  const Folder folder;
  const auto at = answer.find("<Signature>") + 11;
  folder.put("signature", answer.substr(at, answer.find('<', at) - at));
  folder.put("body", body_of(answer));
  folder.put("key", kHubPublic);
  int status = 0;
  run("cd " + folder.path() +
          " && openssl base64 -d -A -in signature -out raw && iconv -f UTF-8 -t UTF-16LE body |"
          " openssl dgst -sha256 -verify key -signature raw 2>&1",
      status);
  return status == 0;
}

}  // namespace masar::test
