#include "core/store/sqlite_session.h"

#include <mutex>
#include <string_view>

#include <Poco/Data/SQLite/Connector.h>
#include <sqlite3.h>

#include "core/base/hash.h"
#include "core/base/plant.h"

namespace masar::store {
namespace {

// A path as SQLite's URI.
std::string uri_of(const std::string& path, const std::string& query) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      uri += '%' + to_hex(std::string_view(&c, 1));
    } else {
      uri += c;
    }
  }
  return uri + '?' + query;
}

bool syncs(const SessionSettings& settings) {
  return settings.full_sync && !planted("fsync-dropped");
}

void prepare_sqlite() {
  static std::once_flag prepared;  // Poco::Data keeps its connectors in a registry of its own
  std::call_once(prepared, [] {
    // A session is one thread's at a time, so its connection needs no mutex; nobody asks for
    // SQLite's memory statistics, which take one at every allocation. Without effect (the code is
    // not looked at) where something in the process has used SQLite before: then it is only slower.
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    Poco::Data::SQLite::Connector::registerConnector();
  });
}

std::unique_ptr<GatheringVfs> gathering(const SessionSettings& settings) {
  prepare_sqlite();
  const bool gathers = !settings.read_only && syncs(settings);
  return gathers ? std::make_unique<GatheringVfs>() : nullptr;
}

Poco::Data::Session connect(const SessionSettings& settings, const GatheringVfs* vfs) {
  const std::string& path = settings.path;
  try {
    if (settings.beside_hub) {
      return Poco::Data::Session("SQLite", uri_of(path, "mode=ro"));
    }
    return Poco::Data::Session("SQLite", vfs ? uri_of(path, "vfs=" + vfs->name()) : path);
  } catch (const Poco::Exception& error) {
    throw Error(ErrorKind::transient, "store",
                "store: cannot open " + path + ": " + error.displayText());
  }
}

// Poco::Data opens any file; the first statement is the one that looks at it.
void check_database(sqlite3* database) {
  try {
    execute(database, "SELECT 1 FROM sqlite_schema LIMIT 1");
  } catch (const SqliteError& error) {
    if (error.primary() == SQLITE_NOTADB) {
      throw Error(ErrorKind::config, "store-foreign", "the file is not an SQLite database");
    }
    throw;
  }
}

void set(sqlite3* database, const std::string& pragma) {
  execute(database, ("PRAGMA " + pragma).c_str());
}

}  // namespace

SqliteSession::SqliteSession(const SessionSettings& settings)
    : vfs_(gathering(settings)),
      session_(connect(settings, vfs_.get())),
      handle_(Poco::AnyCast<sqlite3*>(session_.getProperty("handle"))) {
  check_database(handle_);
  sqlite3_busy_timeout(handle_, static_cast<int>(settings.busy_timeout.count()));
  set(handle_, syncs(settings) ? "synchronous = FULL" : "synchronous = OFF");
  if (!settings.beside_hub) {
    set(handle_, "journal_mode = WAL");
  }
  set(handle_, "foreign_keys = ON");
  set(handle_, "secure_delete = FAST");    // deleted personal data does not stay in free pages
  set(handle_, "temp_store = MEMORY");     // what savepoints put aside never becomes a file
  set(handle_, "wal_autocheckpoint = 0");  // the writer decides when
  set(handle_, "trusted_schema = OFF");
  set(handle_, "cache_size = -" + std::to_string(settings.cache_kib));
  if (settings.pages_max > 0) {
    set(handle_, "max_page_count = " + std::to_string(settings.pages_max));
  }
  if (settings.read_only) {
    set(handle_, "query_only = ON");
  }
}

Statement& SqliteSession::prepared(const char* sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) {
    return found->second;
  }
  return statements_.emplace(sql, Statement(handle_, sql)).first->second;
}

}  // namespace masar::store
