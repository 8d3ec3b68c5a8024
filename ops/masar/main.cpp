// masar: the executable and its subcommands.
#include <signal.h>

#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

#include "core/base/error.h"
#include "ops/masar/commands.h"

namespace {

void add_config(CLI::App& command, masar::RunOptions& options) {
  command.add_option("config", options.config, "folder that holds hub.xml")->required();
  command.add_option("--set", options.set, "name=value: a setting of hub.xml");
}

void add_client(CLI::App& command, masar::ClientOptions& options) {
  command.add_option("--address", options.address, "host:port of the hub's operators' interface");
  command.add_option("--token-file", options.token_file, "file that holds its token");
  command.add_flag("--json", options.json, "print the answer as JSON");
}

/// Secrets come from the flag, then systemd's credentials, then the state folder.
void complete(masar::RunOptions& options) {
  if (!options.secrets.empty()) return;
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  options.secrets = credentials ? credentials : options.state + "/secrets";
}

void add_store(CLI::App& command, masar::StoreOptions& options) {
  command.add_option("--state", options.state, "folder of the store");
  command.add_option("--store", options.store, "the store's file, where it is another");
  command.add_option("--config", options.config, "folder of hub.xml, which names the store");
  command.add_option("--set", options.set, "name=value: a setting of hub.xml");
  command.add_option("--secrets", options.secrets, "folder of the secrets, one file each");
}

void add_audit(CLI::App& app, masar::StoreOptions& options, masar::ClientOptions& client,
               std::int64_t& after, int& result) {
  auto* audit = app.add_subcommand("audit", "the audit log");
  audit->require_subcommand(1);
  auto* verify = audit->add_subcommand(
      "verify", "check the log's chain and its heads; names the first record that is wrong");
  add_store(*verify, options);
  verify->add_option("--heads", options.heads, "the heads' file, where it is another");
  verify->add_option("--key", options.key, "the public key of the heads, where it is another");
  verify->callback([&] { complete(options), result = masar::verify_audit(options); });
  auto* key = audit->add_subcommand("key", "print the public key that the heads are signed with");
  key->add_option("--state", options.state, "folder of the store");
  key->callback([&] { result = masar::print_audit_key(options); });
  auto* list = audit->add_subcommand("list", "list records of a running hub");
  list->add_option("--after", after, "only records behind this one");
  add_client(*list, client);
  list->callback([&] { result = masar::list_audit(client, after); });
}

void add_backup(CLI::App& app, masar::StoreOptions& options, masar::ClientOptions& client,
                std::string& name, int& result) {
  auto* backup = app.add_subcommand("backup", "copy the store, also beside a running hub");
  add_store(*backup, options);
  backup->add_option("--to", name, "the copy's file; it must not be there yet")->required();
  backup->callback([&] { complete(options), result = masar::back_up(options, name); });
  auto* restore = app.add_subcommand("restore", "what a hub restored from a backup has to decide");
  restore->require_subcommand(1);
  auto* list = restore->add_subcommand("list", "effects that may have been sent after the backup");
  add_client(*list, client);
  list->callback([&] { result = masar::list_restored(client); });
}

void add_endpoints(CLI::App& app, masar::ClientOptions& client, std::string& name, int& result) {
  auto* group = app.add_subcommand("endpoints", "the partners' endpoints of a running hub");
  group->require_subcommand(1);
  auto* list = group->add_subcommand("list", "list them");
  add_client(*list, client);
  list->callback([&] { result = masar::list_endpoints(client); });
  for (const bool paused : {true, false}) {
    auto* command = group->add_subcommand(paused ? "pause" : "resume",
                                          paused ? "hold one; what it was sent waits"
                                                 : "let one go on");
    command->add_option("id", name, "the endpoint")->required();
    add_client(*command, client);
    command->callback([&, paused] { result = masar::pause_endpoint(client, name, paused); });
  }
}

/// What `masar docs partner` is told.
struct Docs {
  masar::RunOptions run;
  std::string partner, folder;
};

void add_docs(CLI::App& app, Docs& docs, int& result) {
  auto* group = app.add_subcommand("docs", "documents made from a configuration");
  group->require_subcommand(1);
  auto* partner = group->add_subcommand(
      "partner", "write the folder that a partner's engineers get: how to speak with the hub");
  partner->add_option("name", docs.partner, "the partner, as endpoints name it")->required();
  partner->add_option("--config", docs.run.config, "folder that holds hub.xml")->required();
  partner->add_option("--to", docs.folder, "the folder; empty, or written by this command before")
      ->required();
  partner->add_option("--set", docs.run.set, "name=value: a setting of hub.xml");
  partner->callback([&] {
    result = masar::write_partner_docs(docs.run, docs.partner, docs.folder);
  });
}

/// What `masar dead-letters` is told; outlives the parsing.
struct Letters {
  std::int64_t id = 0;
  std::string reason;
  bool all = false, causes = false;
};

void add_dead_letters(CLI::App& app, masar::ClientOptions& client, Letters& letters, int& result) {
  auto* group = app.add_subcommand("dead-letters", "messages and effects that nothing handles");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* help, bool one) {
    auto* command = group->add_subcommand(name, help);
    if (one) command->add_option("id", letters.id, "number of the dead letter")->required();
    add_client(*command, client);
    return command;
  };
  auto* list = add("list", "list the open ones", false);
  list->add_flag("--all", letters.all, "those that were dealt with, too");
  list->add_flag("--causes", letters.causes, "count the open ones by cause");
  list->callback([&] { result = masar::list_dead_letters(client, letters.all, letters.causes); });
  add("show", "show one, its values masked", true)->callback([&] {
    result = masar::show_dead_letter(client, letters.id);
  });
  add("retry", "once more, linked to its original", true)->callback([&] {
    result = masar::retry_dead_letter(client, letters.id);
  });
  auto* discard = add("discard", "nothing more is done about it", true);
  discard->add_option("--reason", letters.reason, "why; it stands in the timeline")->required();
  discard->callback(
      [&] { result = masar::discard_dead_letter(client, letters.id, letters.reason); });
}

/// `masar cases` and `masar cases migrate`.
struct Cases {
  std::string key, search, state;
  masar::Migrate migrate;
};

void add_cases(CLI::App& app, masar::ClientOptions& client, Cases& options, int& result) {
  auto* cases = app.add_subcommand("cases", "list cases, or show one with its timeline");
  cases->add_option("key", options.key, "key of one case");
  cases->add_option("--search", options.search, "a key, or a value of a search field");
  cases->add_option("--state", options.state, "only cases in this state");
  add_client(*cases, client);
  auto* migrate = cases->add_subcommand(
      "migrate", "move open cases to the configuration that the hub runs with");
  migrate->add_option("key", options.migrate.key, "key of one case");
  migrate->add_option("--state", options.migrate.state, "cases in this state");
  migrate->add_flag("--all", options.migrate.all, "all that began with another configuration");
  migrate->add_flag("--plan", options.migrate.plan, "only say which fit, and why others do not");
  add_client(*migrate, client);
  cases->callback([&, migrate] {
    if (migrate->parsed()) result = masar::migrate_cases(client, options.migrate);
    else if (options.key.empty())
      result = masar::list_cases(client, options.search, options.state);
    else result = masar::show_case(client, options.key);
  });
}

void add_messages(CLI::App& app, masar::ClientOptions& client, masar::Messages& what,
                  int& result) {
  auto* messages = app.add_subcommand(
      "messages", "list messages that came in, with the columns that the configuration names");
  messages->add_option("--type", what.type, "the list: a file of config/lists")->required();
  messages->add_option("--from", what.from, "received at this date or instant, or later")
      ->required();
  messages->add_option("--to", what.to, "received before this date or instant")->required();
  messages->add_option("--where", what.where, "COLUMN=VALUE: only where all of these hold");
  messages->add_option("--format", what.format, "table, csv or json")
      ->check(CLI::IsMember({"table", "csv", "json"}));
  add_client(*messages, client);
  messages->callback([&] { result = masar::list_messages(client, what); });
}

void add_calendar(CLI::App& app, masar::ClientOptions& client, masar::RunOptions& run,
                  int& result) {
  auto* calendar = app.add_subcommand(
      "calendar", "say which due times the calendar of a configuration would move");
  calendar->add_option("--plan", run.config, "folder that holds that configuration's hub.xml")
      ->required();
  calendar->add_option("--set", run.set, "name=value: a setting of hub.xml");
  add_client(*calendar, client);
  calendar->callback([&] { result = masar::plan_calendar(client, run); });
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("Masar, an integration hub");
  app.require_subcommand(1);
  masar::RunOptions run;
  masar::ClientOptions client;
  int result = masar::kOk;

  auto* run_command = app.add_subcommand("run", "run the hub until SIGTERM");
  add_config(*run_command, run);
  run_command->add_option("--state", run.state, "folder of the store and the token");
  run_command->add_option("--secrets", run.secrets, "folder of the secrets, one file each");
  run_command->add_option("--addresses", run.addresses,
                          "file that gets the bound addresses, as JSON");
  run_command->callback([&] { complete(run), result = masar::run_hub(run); });

  auto* check_command =
      app.add_subcommand("check", "check a configuration; prints nothing where it is right");
  add_config(*check_command, run);
  auto* check_state = check_command->add_option(
      "--state", run.state, "also check against what is open in the store of this folder");
  check_command->callback([&] {
    run.against_store = check_state->count() > 0;
    complete(run), result = masar::check_config(run);
  });

  app.add_subcommand("version", "print the version")->callback([] {
    std::cout << "masar " << masar::kVersion << "\n";
  });

  Cases cases;
  add_cases(app, client, cases, result);
  masar::Messages messages;
  add_messages(app, client, messages, result);
  add_calendar(app, client, run, result);

  std::string task, answer;
  std::vector<std::string> fields;
  auto* tasks = app.add_subcommand("tasks", "list open tasks, or answer one");
  tasks->add_option("task", task, "id of the task to answer");
  tasks->add_option("answer", answer, "one of its answers");
  tasks->add_option("--field", fields, "name=value: a field of the answer");
  add_client(*tasks, client);
  tasks->callback([&] {
    result =
        task.empty() ? masar::list_tasks(client) : masar::answer_task(client, task, answer, fields);
  });

  masar::StoreOptions store;
  std::int64_t after = 0;
  add_audit(app, store, client, after, result);
  std::string name;
  add_backup(app, store, client, name, result);
  add_endpoints(app, client, name, result);
  Docs docs;
  add_docs(app, docs, result);
  Letters letters;
  add_dead_letters(app, client, letters, result);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11's own codes are above 100; help and version are no errors.
    return app.exit(error) == 0 ? masar::kOk : masar::kUsage;
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  // A SIGTERM during start-up must wait for the moment when somebody listens for it.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGQUIT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  signal(SIGPIPE, SIG_IGN);
  try {
    return parse_and_run(argc, argv);
  } catch (const masar::Error& error) {
    std::cerr << "masar: " << error.what() << "\n";
    return masar::kFailed;
  } catch (const std::exception& error) {
    std::cerr << "masar: " << error.what() << "\n";
    return masar::kFailed;
  }
}
