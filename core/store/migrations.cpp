#include "core/store/migrations.h"

#include <string>

#include "core/base/crash_point.h"
#include "core/base/error.h"

namespace masar::store {
namespace {

// One transaction; undone unless it was committed.
class Step {
 public:
  explicit Step(SchemaSession& session) : session_(session) { session_.begin(); }
  ~Step() {
    if (!committed_) session_.roll_back();
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  void commit() {
    session_.commit();
    committed_ = true;
  }

 private:
  SchemaSession& session_;
  bool committed_ = false;
};

}  // namespace

void migrate(SchemaSession& session, std::span<const char* const> steps) {
  const int newest = static_cast<int>(steps.size());
  for (;;) {
    Step step(session);
    const int version = session.version();  // anew for each step: another hub may have been faster
    if (version > newest) {
      throw Error(ErrorKind::config, "store-newer",
                  "the store has schema version " + std::to_string(version) +
                      ", this program knows none above " + std::to_string(newest) +
                      ": use the newer program that wrote it");
    }
    if (version == newest) return;
    session.apply(steps[static_cast<std::size_t>(version)], version + 1);
    crash_point("migrating");
    step.commit();
  }
}

}  // namespace masar::store
