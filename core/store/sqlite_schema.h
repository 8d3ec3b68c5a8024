#pragma once

struct sqlite3;

namespace masar::store {

/// The newest schema that this program knows; FORMAT.md, "Schema version".
inline constexpr int kSchemaVersion = 1;
/// PRAGMA application_id of every store: "MSAR".
inline constexpr int kApplicationId = 0x4D534152;

/// Brings an empty or older store to kSchemaVersion, each migration in a transaction of its own
/// with its number. Throws Error(config, "store-newer") for a schema newer than the program,
/// Error(config, "store-foreign") for a database that is not a store, Error(transient, "store")
/// where SQLite fails.
void migrate(sqlite3* database);

}  // namespace masar::store
