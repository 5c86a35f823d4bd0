// `millrace user …`, `millrace acl …`, `millrace token …`: who may do what on a running node, over HTTP. Each
// returns an exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/remote.h"

namespace mr::cli {

struct UserOptions {
    std::string user{};
    std::string password_file{};            ///< "-": standard input; empty: asked for on the terminal
    std::vector<std::string> mechanisms{};  ///< empty: SCRAM-SHA-256 and SCRAM-SHA-512
    int iterations = 4'096;
};
int list_users(const RemoteOptions& options);
/// Creates the user, or gives him another password.
int set_user(const RemoteOptions& options, const UserOptions& user);
int delete_user(const RemoteOptions& options, const std::string& user);

/// What is empty is not said: of an ACL, its default; of a filter, anything.
struct AclOptions {
    std::string principal{};
    std::string permission{};
    std::vector<std::string> operations{};
    std::string type{};
    std::string name{};
    std::string pattern{};
    std::string host{};
};
int list_acls(const RemoteOptions& options, const AclOptions& filter);
/// One for each of the operations.
int create_acls(const RemoteOptions& options, const AclOptions& acl);
int delete_acls(const RemoteOptions& options, const AclOptions& filter);

struct TokenOptions {
    std::string name{};
    std::string role = "viewer";
};
int list_tokens(const RemoteOptions& options);
/// Prints the token alone to standard output, the only time it is seen.
int add_token(const RemoteOptions& options, const TokenOptions& token);
int delete_token(const RemoteOptions& options, const std::string& name);

}  // namespace mr::cli
