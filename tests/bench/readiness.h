#pragma once

#include <string>

namespace masar::bench {

/// The whole answer of a hub's admin listener on this port of 127.0.0.1; empty: there is none.
/// `token`: what its admin.token holds, for all but /ready.
std::string admin_answer(int port, const std::string& path, const std::string& token);

/// Whether a hub's admin listener on this port of 127.0.0.1 answers /ready with 200.
bool is_ready(int port);

}  // namespace masar::bench
