#include "cli/remote_security.h"

#include <termios.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <optional>

#include "cli/remote_call.h"

namespace mr::cli {
namespace {

const std::vector<std::string> kAclColumns = {"permission", "principal", "operation", "type",
                                              "name",       "pattern",   "host"};

/// Without showing it; nothing at the end of input.
std::optional<std::string> ask_password(const char* prompt) {
    std::fputs(prompt, stderr);
    termios shown{};
    ::tcgetattr(0, &shown);
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(0, TCSAFLUSH, &hidden);
    std::string line;
    const bool read = static_cast<bool>(std::getline(std::cin, line));
    ::tcsetattr(0, TCSAFLUSH, &shown);
    std::fputs("\n", stderr);
    return read ? std::optional(line) : std::nullopt;
}

/// Its first line: editors and `echo` end a file with a line break that nobody means.
Result<std::string> read_password(const UserOptions& user) {
    std::string line;
    if (user.password_file == "-") {
        if (!std::getline(std::cin, line))
            return fail(Code::invalid_argument, "no password at standard input");
        return line;
    }
    if (!user.password_file.empty()) {
        std::ifstream file(user.password_file);
        if (!file) return fail(Code::not_found, "cannot read {}", user.password_file);
        std::getline(file, line);
        return line;
    }
    if (::isatty(0) == 0) {
        return fail(
            Code::invalid_argument, "{}",
            with_help("no password was given", "--password-file FILE reads it, - from standard input"));
    }
    const auto once = ask_password("password: ");
    const auto again = ask_password("again: ");
    if (!once || once != again) return fail(Code::invalid_argument, "the two passwords differ");
    return *once;
}

std::string query_of(const AclOptions& filter) {
    std::string query;
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) query += fmt::format("{}{}={}", query.empty() ? "?" : "&", name, encode(value));
    };
    add("principal", filter.principal);
    add("permission", filter.permission);
    add("operation", filter.operations.empty() ? "" : filter.operations.front());
    add("type", filter.type);
    add("name", filter.name);
    add("pattern", filter.pattern);
    add("host", filter.host);
    return query;
}

void warn_not_enforced(const RemoteOptions& options, const Json& answer) {
    if (options.output.quiet || answer.value("enforced", true)) return;
    std::fputs("ACLs are kept, but not enforced: kafka.acls.enabled in millrace.yaml switches them on\n",
               stderr);
}

}  // namespace

int list_users(const RemoteOptions& options) {
    return list(options, "/api/v1/security/users", "users", {"user", "mechanisms", "iterations"});
}

int set_user(const RemoteOptions& options, const UserOptions& user) {
    const auto password = read_password(user);
    if (!password) {
        report(options.output, password.error());
        return Exit::usage;
    }
    Json body = {{"password", *password}, {"iterations", user.iterations}};
    if (!user.mechanisms.empty()) body["mechanisms"] = user.mechanisms;
    const auto json = call(options, "PUT", options.url, "/api/v1/security/users/" + encode(user.user), body);
    if (!json) return report(options.output, json.error());
    if (!options.output.quiet) {
        std::fprintf(stderr, "%s user %s\n",
                     json->value("created", true) ? "created" : "changed the password of", user.user.c_str());
    }
    return Exit::done;
}

int delete_user(const RemoteOptions& options, const std::string& user) {
    if (!options.yes && !confirm("delete user " + user + "?")) {
        report(options.output,
               {Code::invalid_argument, with_help("not deleted: " + user, "--yes deletes without asking")});
        return Exit::usage;
    }
    const auto json = call(options, "DELETE", options.url, "/api/v1/security/users/" + encode(user));
    if (!json) return report(options.output, json.error());
    if (!options.output.quiet) std::fprintf(stderr, "deleted user %s\n", user.c_str());
    return Exit::done;
}

int list_acls(const RemoteOptions& options, const AclOptions& filter) {
    const auto json = call(options, "GET", options.url, "/api/v1/security/acls" + query_of(filter));
    if (!json) return report(options.output, json.error());
    print_rows(options.output, kAclColumns, (*json)["acls"]);
    warn_not_enforced(options, *json);
    return Exit::done;
}

int create_acls(const RemoteOptions& options, const AclOptions& acl) {
    for (const std::string& operation : acl.operations) {
        Json body = {{"principal", acl.principal}, {"operation", operation}};
        const auto add = [&](const char* name, const std::string& value) {
            if (!value.empty()) body[name] = value;
        };
        add("permission", acl.permission);
        add("type", acl.type);
        add("name", acl.name);
        add("pattern", acl.pattern);
        add("host", acl.host);
        const auto json = call(options, "POST", options.url, "/api/v1/security/acls", body);
        if (!json) return report(options.output, json.error());
        if (!options.output.quiet) std::fprintf(stderr, "created: %s\n", (*json)["acl"].dump().c_str());
        if (operation == acl.operations.back()) warn_not_enforced(options, *json);
    }
    return Exit::done;
}

int delete_acls(const RemoteOptions& options, const AclOptions& filter) {
    const std::string query = query_of(filter);
    const auto found = call(options, "GET", options.url, "/api/v1/security/acls" + query);
    if (!found) return report(options.output, found.error());
    const std::size_t count = (*found)["acls"].size();
    if (count == 0)
        return report(options.output,
                      {Code::not_found, "no ACL is like that; `millrace acl list` shows all"});
    if (!options.yes && !confirm(fmt::format("delete {} ACLs?", count))) {
        report(options.output, {Code::invalid_argument, with_help(fmt::format("not deleted: {} ACLs", count),
                                                                  "--yes deletes without asking")});
        return Exit::usage;
    }
    const auto json = call(options, "DELETE", options.url, "/api/v1/security/acls" + query);
    if (!json) return report(options.output, json.error());
    print_rows(options.output, kAclColumns, (*json)["deleted"]);
    return Exit::done;
}

int list_tokens(const RemoteOptions& options) {
    return list(options, "/api/v1/security/tokens", "tokens", {"name", "role", "created_ms"});
}

int add_token(const RemoteOptions& options, const TokenOptions& token) {
    const Json body = {{"name", token.name}, {"role", token.role}};
    const auto json = call(options, "POST", options.url, "/api/v1/security/tokens", body);
    if (!json) return report(options.output, json.error());
    if (options.output.format == Format::table) {
        std::printf("%s\n", json->value("token", "").c_str());
    } else {
        print_rows(options.output, {"name", "role", "token"}, Json::array({*json}));
    }
    if (!options.output.quiet) {
        std::fprintf(stderr,
                     "token %s (%s): keep it, it is not shown again; from now on everybody needs one\n",
                     token.name.c_str(), token.role.c_str());
    }
    return Exit::done;
}

int delete_token(const RemoteOptions& options, const std::string& name) {
    if (!options.yes && !confirm("delete token " + name + "?")) {
        report(options.output,
               {Code::invalid_argument, with_help("not deleted: " + name, "--yes deletes without asking")});
        return Exit::usage;
    }
    const auto json = call(options, "DELETE", options.url, "/api/v1/security/tokens/" + encode(name));
    if (!json) return report(options.output, json.error());
    if (!options.output.quiet) std::fprintf(stderr, "deleted token %s\n", name.c_str());
    return Exit::done;
}

}  // namespace mr::cli
