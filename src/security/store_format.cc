// The store's entries and snapshot as bytes. Format: docs/formats/security-store.md
#include "base/bytes.h"
#include "security/store.h"

namespace mr::security {
namespace {

constexpr std::uint8_t kSnapshotVersion = 2;
constexpr std::uint8_t kSnapshotWithoutTokens = 1;
constexpr std::size_t kDigestBytes = 32;

void write(ByteWriter& out, const ScramCredential& credential) {
    out.sized(credential.salt);
    out.u32(credential.iterations);
    out.sized(credential.stored_key);
    out.sized(credential.server_key);
}

ScramCredential read_credential(ByteReader& in) {
    ScramCredential credential;
    credential.salt = in.sized();
    credential.iterations = in.u32();
    credential.stored_key = in.sized();
    credential.server_key = in.sized();
    if (credential.iterations == 0) in.set_bad();
    return credential;
}

ScramMechanism read_mechanism(ByteReader& in) {
    const std::uint8_t value = in.u8();
    if (value != 1 && value != 2) in.set_bad();
    return value == 2 ? ScramMechanism::sha512 : ScramMechanism::sha256;
}

void write(ByteWriter& out, const Acl& acl) {
    out.i8(static_cast<std::int8_t>(acl.type));
    out.i8(static_cast<std::int8_t>(acl.pattern));
    out.i8(static_cast<std::int8_t>(acl.operation));
    out.i8(static_cast<std::int8_t>(acl.permission));
    out.sized(acl.name);
    out.sized(acl.principal);
    out.sized(acl.host);
}

Acl read_acl(ByteReader& in) {
    Acl acl;
    acl.type = static_cast<ResourceType>(in.i8());
    acl.pattern = static_cast<PatternType>(in.i8());
    acl.operation = static_cast<Operation>(in.i8());
    acl.permission = static_cast<Permission>(in.i8());
    acl.name = in.sized();
    acl.principal = in.sized();
    acl.host = in.sized();
    if (!in.bad() && !check_acl(acl)) in.set_bad();
    return acl;
}

void write(ByteWriter& out, const std::vector<Acl>& acls) {
    out.uvarint(acls.size());
    for (const Acl& acl : acls) write(out, acl);
}

std::vector<Acl> read_acls(ByteReader& in) {
    std::vector<Acl> acls;
    const std::uint64_t count = in.uvarint();
    for (std::uint64_t i = 0; i < count && !in.bad(); ++i) acls.push_back(read_acl(in));
    return acls;
}

Role read_role(ByteReader& in) {
    const std::uint8_t value = in.u8();
    if (value < static_cast<std::uint8_t>(Role::viewer) || value > static_cast<std::uint8_t>(Role::admin))
        in.set_bad();
    return static_cast<Role>(value);
}

std::string read_digest(ByteReader& in) {
    std::string digest(in.sized());
    if (digest.size() != kDigestBytes) in.set_bad();
    return digest;
}

}  // namespace

std::string encode(const UsersChanged& entry) {
    std::string bytes;
    ByteWriter out(bytes);
    out.i64(entry.time.value);
    out.uvarint(entry.changes.size());
    for (const UserChange& change : entry.changes) {
        out.u8(change.credential ? 1 : 2);
        out.sized(change.user);
        out.u8(static_cast<std::uint8_t>(change.mechanism));
        if (change.credential) write(out, *change.credential);
    }
    return bytes;
}

Result<UsersChanged> decode_users_changed(std::string_view payload) {
    ByteReader in(payload);
    UsersChanged entry;
    entry.time = TimestampMs(in.i64());
    const std::uint64_t count = in.uvarint();
    for (std::uint64_t i = 0; i < count && !in.bad(); ++i) {
        UserChange change;
        const std::uint8_t what = in.u8();
        if (what != 1 && what != 2) in.set_bad();
        change.user = in.sized();
        change.mechanism = read_mechanism(in);
        if (what == 1) change.credential = read_credential(in);
        entry.changes.push_back(std::move(change));
    }
    MR_TRY_VOID(in.finish("security_users entry"));
    return entry;
}

std::string encode(const AclsChanged& entry) {
    std::string bytes;
    ByteWriter out(bytes);
    out.i64(entry.time.value);
    write(out, entry.removed);
    write(out, entry.added);
    return bytes;
}

Result<AclsChanged> decode_acls_changed(std::string_view payload) {
    ByteReader in(payload);
    AclsChanged entry;
    entry.time = TimestampMs(in.i64());
    entry.removed = read_acls(in);
    entry.added = read_acls(in);
    MR_TRY_VOID(in.finish("security_acls entry"));
    return entry;
}

std::string encode(const TokenChanged& entry) {
    std::string bytes;
    ByteWriter out(bytes);
    out.i64(entry.time.value);
    out.u8(entry.change.role ? 1 : 2);
    out.sized(entry.change.name);
    if (entry.change.role) {
        out.u8(static_cast<std::uint8_t>(*entry.change.role));
        out.sized(entry.change.digest);
    }
    return bytes;
}

Result<TokenChanged> decode_token_changed(std::string_view payload) {
    ByteReader in(payload);
    TokenChanged entry;
    entry.time = TimestampMs(in.i64());
    const std::uint8_t what = in.u8();
    if (what != 1 && what != 2) in.set_bad();
    entry.change.name = in.sized();
    if (what == 1) {
        entry.change.role = read_role(in);
        entry.change.digest = read_digest(in);
    }
    MR_TRY_VOID(in.finish("security_tokens entry"));
    return entry;
}

std::string encode_view(const View& view) {
    std::string bytes;
    ByteWriter out(bytes);
    out.u8(kSnapshotVersion);
    out.uvarint(view.users.size());
    for (const auto& [name, credentials] : view.users) {
        out.sized(name);
        out.uvarint(credentials->size());
        for (const auto& [mechanism, credential] : *credentials) {
            out.u8(static_cast<std::uint8_t>(mechanism));
            write(out, credential);
        }
    }
    write(out, view.acls.find({}));
    out.uvarint(view.tokens.size());
    for (const auto& [digest, token] : view.tokens) {
        out.sized(digest);
        out.sized(token.name);
        out.u8(static_cast<std::uint8_t>(token.role));
        out.i64(token.created.value);
    }
    return bytes;
}

Result<View> decode_view(std::string_view bytes) {
    ByteReader in(bytes);
    const std::uint8_t version = in.u8();
    if (version != kSnapshotVersion && version != kSnapshotWithoutTokens)
        return fail(Code::corrupt, "security snapshot of version {}", version);
    View view;
    const std::uint64_t users = in.uvarint();
    for (std::uint64_t i = 0; i < users && !in.bad(); ++i) {
        std::string name(in.sized());
        Credentials credentials;
        const std::uint64_t count = in.uvarint();
        for (std::uint64_t k = 0; k < count && !in.bad(); ++k) {
            const ScramMechanism mechanism = read_mechanism(in);
            credentials[mechanism] = read_credential(in);
        }
        view.users[std::move(name)] = std::make_shared<const Credentials>(std::move(credentials));
    }
    for (const Acl& acl : read_acls(in)) view.acls.add(acl);
    const std::uint64_t tokens = version == kSnapshotWithoutTokens ? 0 : in.uvarint();
    for (std::uint64_t i = 0; i < tokens && !in.bad(); ++i) {
        std::string digest = read_digest(in);
        Token token;
        token.name = in.sized();
        token.role = read_role(in);
        token.created = TimestampMs(in.i64());
        view.tokens.emplace(std::move(digest), std::move(token));
    }
    MR_TRY_VOID(in.finish("security snapshot"));
    return view;
}

}  // namespace mr::security
