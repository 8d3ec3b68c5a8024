#pragma once

// Certificates for the tests, made by openssl's command line: what a partner would have.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace masar::test {

/// A certificate and its private key: the contents, and the files they are in.
struct Pem {
  std::string certificate_file;
  std::string key_file;

  std::string certificate() const { return contents(certificate_file); }
  std::string key() const { return contents(key_file); }

 private:
  static std::string contents(const std::string& file) {
    std::ostringstream all;
    all << std::ifstream(file).rdbuf();
    return all.str();
  }
};

/// A folder of certificates, gone with it.
class Certificates {
 public:
  Certificates() {
    std::string name =
        (std::filesystem::temp_directory_path() / "masar-certificates-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder");
    folder_ = name;
  }
  ~Certificates() {
    std::error_code ignored;  // a folder of the system's temporary ones
    std::filesystem::remove_all(folder_, ignored);
  }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  /// Signed by itself, and so an authority where somebody trusts it. `subject` as openssl writes
  /// it: /O=GAM/CN=roads.
  Pem of_itself(const std::string& name, const std::string& subject, const std::string& names = "",
                int days = 30) const {
    const Pem made = files(name);
    openssl("req -x509 " + new_key(made) + " -days " + std::to_string(days) + " -subj " + subject +
            extension(names) + " -out " + made.certificate_file);
    return made;
  }
  /// `names` are its alternative ones: DNS:localhost,IP:127.0.0.1. Fewer than 0 days: expired.
  Pem of(const Pem& authority, const std::string& name, const std::string& subject,
         const std::string& names = "", int days = 30) const {
    const Pem made = files(name);
    const std::string request = folder_ + "/" + name + ".csr";
    openssl("req " + new_key(made) + " -new -subj " + subject + extension(names) + " -out " +
            request);
    openssl("x509 -req -in " + request + " -CA " + authority.certificate_file + " -CAkey " +
            authority.key_file + " -CAcreateserial -copy_extensions copy -days " +
            std::to_string(days) + " -out " + made.certificate_file);
    return made;
  }

 private:
  Pem files(const std::string& name) const {
    return {folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key"};
  }
  static std::string new_key(const Pem& made) {
    return "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " + made.key_file;
  }
  static std::string extension(const std::string& names) {
    return names.empty() ? "" : " -addext subjectAltName=" + names;
  }
  static void openssl(const std::string& arguments) {
    if (std::system(("openssl " + arguments + " >/dev/null 2>&1").c_str()) != 0)
      throw std::runtime_error("openssl " + arguments);
  }

  std::string folder_;
};

/// One authority and what it signs.
class Authority {
 public:
  explicit Authority(const std::string& name) : own_(folder_.of_itself("own", "/CN=" + name)) {}

  std::string pem() const { return own_.certificate(); }
  Pem sign(const std::string& subject, const std::string& names = "") const {
    return folder_.of(own_, "signed" + std::to_string(++signed_), subject, names);
  }

 private:
  Certificates folder_;
  Pem own_;
  mutable int signed_ = 0;
};

}  // namespace masar::test
