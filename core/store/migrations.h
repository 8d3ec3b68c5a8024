#pragma once

#include <array>
#include <span>

namespace masar::store {

/// The newest schema that this program knows. Every kind of store has the same versions, so that
/// one number says what a store holds; FORMAT.md, "Schema version", says how to add one.
inline constexpr int kSchemaVersion = 5;

/// Since this one the audit log is a chain.
inline constexpr int kAuditChainVersion = 2;

/// Stands in every store, so that nothing else is taken for one: "MSAR".
inline constexpr int kApplicationId = 0x4D534152;

/// The steps of one kind of store: the SQL that brings version n − 1 to n stands at n − 1.
/// Published ones never change.
using Migrations = std::array<const char*, kSchemaVersion>;

/// A database as migrate() sees it. Owned by migrate()'s caller, used on its thread. Members throw
/// what their database throws.
class SchemaSession {
 public:
  virtual ~SchemaSession() = default;

  /// Begins a transaction beside which no other program migrates this database.
  virtual void begin() = 0;
  /// The version that the database has, inside the transaction; 0: it is empty. Throws
  /// Error(config, "store-foreign") where it is not a store.
  virtual int version() = 0;
  /// Runs one step's commands and stores its number, both in the transaction.
  virtual void apply(const char* commands, int version) = 0;
  virtual void commit() = 0;
  virtual void roll_back() noexcept = 0;
};

/// Brings an empty or older store to the last of `steps`, each in a transaction of its own with its
/// number: whoever is interrupted goes on where it was. Does nothing where all are done. Throws
/// Error(config, "store-newer") for a schema newer than the program, which is left untouched.
void migrate(SchemaSession& session, std::span<const char* const> steps);

}  // namespace masar::store
