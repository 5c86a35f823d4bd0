#include "cli/kafka_client.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "security/jwt.h"

namespace mr::cli {
namespace {

using Properties = std::map<std::string, std::string>;

constexpr std::string_view kTokenUrl = "sasl.oauthbearer.token.endpoint.url";
constexpr std::string_view kFileUrl = "file://";
/// Of Java's clients only: classes that do there what librdkafka does by itself.
constexpr std::array<std::string_view, 6> kOfJava = {"sasl.login.callback.handler.class",
                                                     "sasl.client.callback.handler.class",
                                                     "key.serializer",
                                                     "value.serializer",
                                                     "ssl.truststore.password",
                                                     "ssl.truststore.type"};

std::string_view trim(std::string_view text) {
    const std::size_t from = text.find_first_not_of(" \t\r");
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

Status add_line(Properties& out, std::string_view line, const std::string& where) {
    const std::size_t sign = line.find('=');
    const std::string_view key = trim(line.substr(0, sign));
    if (sign == std::string_view::npos || key.empty())
        return fail(Code::invalid_argument, "{}: expected KEY=VALUE", where);
    out[std::string(key)] = trim(line.substr(sign + 1));
    return {};
}

Status add_file(Properties& out, const std::string& file) {
    std::ifstream in(file);
    if (!in) return fail(Code::not_found, "cannot read {}", file);
    int number = 0;
    for (std::string line, more; std::getline(in, more);) {
        ++number;
        line += trim(more);
        if (line.ends_with('\\')) {
            line.pop_back();
            continue;
        }
        if (!line.empty() && line[0] != '#' && line[0] != '!')
            MR_TRY_VOID(add_line(out, line, fmt::format("{}, line {}", file, number)));
        line.clear();
    }
    return {};
}

/// `name="…"` of a JAAS entry.
std::optional<std::string> jaas_option(std::string_view entry, std::string_view name) {
    const std::string wanted = fmt::format(" {}=\"", name);
    const std::size_t at = entry.find(wanted);
    if (at == std::string_view::npos) return std::nullopt;
    std::string value;
    for (std::size_t i = at + wanted.size(); i < entry.size() && entry[i] != '"'; ++i) {
        if (entry[i] == '\\' && i + 1 < entry.size()) ++i;
        value += entry[i];
    }
    return value;
}

std::optional<std::string> take(Properties& from, std::string_view key) {
    const auto it = from.find(std::string(key));
    if (it == from.end()) return std::nullopt;
    std::string value = std::move(it->second);
    from.erase(it);
    return value;
}

/// Stores: PEM files are files to librdkafka; a PKCS12 key store it reads itself, a trust store of Java
/// nobody but Java.
Status translate_stores(Properties& all) {
    const std::string trust_type = take(all, "ssl.truststore.type").value_or("JKS");
    if (auto file = take(all, "ssl.truststore.location")) {
        if (trust_type != "PEM") {
            return fail(
                Code::invalid_argument,
                "ssl.truststore.location: a store of the type {} is for Java; give the certificates as a "
                "PEM file: ssl.ca.location",
                trust_type);
        }
        all["ssl.ca.location"] = std::move(*file);
    }
    const std::string key_type = take(all, "ssl.keystore.type").value_or("PKCS12");
    if (key_type == "PEM") {
        if (auto file = take(all, "ssl.keystore.location")) {
            all["ssl.certificate.location"] = *file;
            all["ssl.key.location"] = std::move(*file);
        }
        take(all, "ssl.keystore.password");
    } else if (key_type != "PKCS12") {
        return fail(Code::invalid_argument,
                    "ssl.keystore.type: {} is for Java; a key store is PKCS12 or PEM here", key_type);
    }
    return {};
}

Status translate(KafkaClientSettings& settings) {
    Properties& all = settings.properties;
    MR_TRY_VOID(translate_stores(all));
    for (const std::string_view key : kOfJava) take(all, key);
    if (const auto jaas = take(all, "sasl.jaas.config")) {
        if (auto user = jaas_option(*jaas, "username")) all["sasl.username"] = std::move(*user);
        if (auto password = jaas_option(*jaas, "password")) all["sasl.password"] = std::move(*password);
    }
    if (const auto check = all.find("ssl.endpoint.identification.algorithm");
        check != all.end() && check->second.empty()) {
        check->second = "none";
    }
    if (const auto url = all.find(std::string(kTokenUrl));
        url != all.end() && url->second.starts_with(kFileUrl)) {
        settings.token_file = url->second.substr(kFileUrl.size());
        all.erase(url);
    }
    return {};
}

}  // namespace

Result<KafkaClientSettings> kafka_client_settings(const KafkaClientOptions& options) {
    KafkaClientSettings out;
    out.properties["bootstrap.servers"] = options.bootstrap;
    if (!options.config_file.empty()) MR_TRY_VOID(add_file(out.properties, options.config_file));
    for (const std::string& property : options.properties)
        MR_TRY_VOID(add_line(out.properties, property, "--command-property"));
    MR_TRY_VOID(translate(out));
    return out;
}

Result<BearerToken> read_bearer_token(const std::string& file) {
    std::ifstream in(file);
    if (!in) return fail(Code::not_found, "cannot read the token in {}", file);
    BearerToken out;
    const std::string whole(std::istreambuf_iterator<char>(in), {});
    out.text = trim(std::string_view(whole).substr(0, whole.find('\n')));
    const std::size_t first = out.text.find('.');
    const std::size_t second = first == std::string::npos ? first : out.text.find('.', first + 1);
    if (second == std::string::npos) return fail(Code::invalid_argument, "{} holds no JWT", file);
    MR_TRY(const std::string claims,
           security::base64url_decode(std::string_view(out.text).substr(first + 1, second - first - 1)));
    const auto json = nlohmann::json::parse(claims, nullptr, false);
    if (!json.is_object() || !json.contains("exp") || !json["exp"].is_number())
        return fail(Code::invalid_argument, "{}: the token does not say when it expires (exp)", file);
    out.expires_ms = static_cast<std::int64_t>(json["exp"].get<double>() * 1'000);
    // Only for what the client writes into its log; who it is, is the broker's to decide.
    out.principal = json.contains("sub") && json["sub"].is_string() ? json["sub"].get<std::string>() : "";
    return out;
}

}  // namespace mr::cli
