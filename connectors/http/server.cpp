#include "connectors/http/server.h"

#include <algorithm>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include "connectors/http/server_core.h"
#include "core/base/error.h"

namespace masar::http {

namespace net = boost::asio;
using net::ip::tcp;

namespace {

constexpr int kBacklog = 512;
/// How long nothing is accepted when the process has no descriptor left.
constexpr std::chrono::milliseconds kAcceptPause{100};

tcp::endpoint endpoint_of(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::config, "cannot-listen", "cannot listen on \"" + address + "\": " + why);
  };
  if (colon == std::string::npos) refuse("no port");
  std::string host = address.substr(0, colon);
  const std::string port = address.substr(colon + 1);
  if (port.empty() || port.size() > 5 ||
      port.find_first_not_of("0123456789") != std::string::npos || std::stoi(port) > 65535) {
    refuse("the port is not a number from 0 to 65535");
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code error;
  const auto ip = net::ip::make_address(host, error);
  if (error) refuse("the host is not an IP address");
  return {ip, static_cast<unsigned short>(std::stoi(port))};
}

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

bool serves(const Handler& handler, std::string_view path) {
  return handler.prefix ? path.substr(0, handler.path.size()) == handler.path
                        : path == handler.path;
}

}  // namespace

ServerCore::Found ServerCore::find(std::string_view path, std::string_view method) const {
  // Exact before prefix, then the longest.
  const auto rank = [](const Handler& handler) {
    return std::pair(handler.prefix ? 0 : 1, handler.path.size());
  };
  Found found;
  for (const Handler& handler : handlers) {
    if (serves(handler, path) && (!found.any_method || rank(handler) > rank(*found.any_method))) {
      found.any_method = &handler;
    }
  }
  if (!found.any_method) return found;
  for (const Handler& handler : handlers) {
    if (handler.path != found.any_method->path || handler.prefix != found.any_method->prefix)
      continue;
    for (const std::string& known : handler.methods) {
      found.allow += (found.allow.empty() ? "" : ", ") + known;
      if (known == method) found.handler = &handler;
    }
  }
  return found;
}

void ServerCore::open(const std::string& address) {
  const tcp::endpoint endpoint = endpoint_of(address);
  auto door = std::make_unique<Door>(io);
  boost::system::error_code error;
  const auto step = [&](auto&& act) {
    if (!error) act();
  };
  step([&] { door->acceptor.open(endpoint.protocol(), error); });
  step([&] { door->acceptor.set_option(net::socket_base::reuse_address(true), error); });
  step([&] {
    if (endpoint.address().is_v6()) door->acceptor.set_option(net::ip::v6_only(true), error);
  });
  step([&] { door->acceptor.bind(endpoint, error); });
  step([&] { door->acceptor.listen(kBacklog, error); });
  if (error) {
    throw Error(ErrorKind::config, "cannot-listen",
                "cannot listen on \"" + address + "\": " + error.message());
  }
  bound.push_back(text_of(door->acceptor.local_endpoint()));
  doors.push_back(std::move(door));
}

void ServerCore::accept_next(Door& door) {
  door.acceptor.async_accept(
      net::make_strand(io), [this, &door](boost::system::error_code error, tcp::socket socket) {
        // On the door's strand: it is the acceptor's executor.
        if (!door.acceptor.is_open()) return;
        if (!error) return accepted(door, std::move(socket));
        door.timer.expires_after(kAcceptPause);
        door.timer.async_wait([this, &door](boost::system::error_code cancelled) {
          if (!cancelled && door.acceptor.is_open()) accept_next(door);
        });
      });
}

void ServerCore::accepted(Door& door, tcp::socket socket) {
  const auto [refuse, full] = population.with([this](const Population& all) {
    const bool over = all.live.size() - all.refusing >= settings.connections_max;
    return std::pair(over, over && all.refusing + 1 >= settings.refusals_max);
  });
  serve(shared_from_this(), std::move(socket), refuse);
  door.waiting = full;
  if (!full) accept_next(door);
}

bool ServerCore::began(const std::shared_ptr<Live>& connection, bool refuse) {
  return population.with([&](Population& all) {
    all.live.emplace(connection.get(), connection);
    if (refuse) ++all.refusing;
    return all.accepting;
  });
}

void ServerCore::ended(Live* connection, bool refused) {
  const bool go_on = population.with([&](Population& all) {
    if (all.live.erase(connection) > 0 && refused) --all.refusing;
    if (all.live.empty() && all.emptied) {
      all.emptied->set_value();
      all.emptied.reset();
    }
    return all.accepting;
  });
  if (!go_on) return;
  for (const auto& door : doors) {
    net::post(door->strand, [this, &open_door = *door] {
      if (open_door.waiting && open_door.acceptor.is_open()) {
        open_door.waiting = false;
        accept_next(open_door);
      }
    });
  }
}

void ServerCore::run() noexcept {
  // An exception (no memory) costs the connection whose operation threw, not the server.
  for (;;) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {
      if (notify) notify({500, "server-error", error.what()});
    }
  }
}

Server::Server(ServerSettings settings)
    : core_(std::make_shared<ServerCore>(std::move(settings))) {}

Server::~Server() { stop(); }

void Server::route(Handler handler) {
  for (const Handler& other : core_->handlers) {
    if (other.path != handler.path || other.prefix != handler.prefix) continue;
    for (const std::string& method : handler.methods) {
      if (std::find(other.methods.begin(), other.methods.end(), method) != other.methods.end()) {
        throw Error(ErrorKind::config, "path-taken",
                    "the path \"" + handler.path + "\" already has a handler for " + method);
      }
    }
  }
  core_->handlers.push_back(std::move(handler));
}

void Server::on_refused(std::function<void(const Problem&)> notify) {
  core_->notify = std::move(notify);
}

void Server::start() {
  for (const std::string& address : core_->settings.addresses) core_->open(address);
  core_->population.with([](ServerCore::Population& all) { all.accepting = true; });
  core_->work.emplace(net::make_work_guard(core_->io));
  for (const auto& door : core_->doors) {
    net::post(door->strand,
              [core = core_.get(), &open_door = *door] { core->accept_next(open_door); });
  }
  for (std::size_t i = 0; i < std::max<std::size_t>(core_->settings.threads, 1); ++i) {
    core_->threads.emplace_back([core = core_.get()] { core->run(); });
  }
}

std::vector<std::string> Server::addresses() const { return core_->bound; }

void Server::stop_accepting() {
  const auto live = core_->population.with([](ServerCore::Population& all) {
    all.accepting = false;
    return all.live;
  });
  for (const auto& door : core_->doors) {
    net::post(door->strand, [&open_door = *door] {
      boost::system::error_code ignored;  // closing a listener cannot fail in a way that matters
      open_door.acceptor.close(ignored);
      open_door.timer.cancel();
    });
  }
  for (const auto& entry : live) {
    if (const auto connection = entry.second.lock()) connection->finish();
  }
}

void Server::stop() {
  if (core_->threads.empty()) return;
  stop_accepting();
  std::future<void> emptied;
  const auto live = core_->population.with([&](ServerCore::Population& all) {
    all.emptied.emplace();
    emptied = all.emptied->get_future();
    if (all.live.empty()) {
      all.emptied->set_value();
      all.emptied.reset();
    }
    return all.live;
  });
  for (const auto& entry : live) {
    if (const auto connection = entry.second.lock()) connection->end();
  }
  emptied.wait_for(core_->settings.linger);
  core_->io.stop();
  for (std::thread& thread : core_->threads) thread.join();
  core_->threads.clear();
  const auto rest = core_->population.with([](ServerCore::Population& all) {
    all.stopped = true;
    return all.live;
  });
  for (const auto& entry : rest) {
    if (const auto connection = entry.second.lock()) connection->drop();
  }
}

}  // namespace masar::http
