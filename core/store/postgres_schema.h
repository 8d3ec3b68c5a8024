#pragma once

#include <span>

#include "core/store/migrations.h"

namespace masar::store {

class PostgresSession;

extern const Migrations kPostgresMigrations;

/// migrate() for the schema that the session's search_path names first. Throws also Error(config,
/// "store-foreign") for one that holds other tables, PostgresError.
void migrate_postgres(PostgresSession& session,
                      std::span<const char* const> steps = kPostgresMigrations);

/// The version of the schema that the session's search_path names first; 0: it is empty. Throws
/// Error(config, "store-foreign"), PostgresError.
int postgres_version(PostgresSession& session);

}  // namespace masar::store
