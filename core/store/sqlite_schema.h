#pragma once

#include <span>

#include "core/store/migrations.h"

struct sqlite3;

namespace masar::store {

extern const Migrations kSqliteMigrations;

/// migrate() for an SQLite database. Throws also Error(config, "store-foreign") for a database that
/// is not a store, Error(transient, "store") where SQLite fails.
void migrate_sqlite(sqlite3* database, std::span<const char* const> steps = kSqliteMigrations);

}  // namespace masar::store
