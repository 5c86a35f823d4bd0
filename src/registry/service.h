// What Confluent's Schema Registry answers, without HTTP: each operation gives JSON or an error with
// Confluent's code. Reads answer at once from the published view; changes are checked against it, proposed,
// and answered when durable; a change that lost a race is checked again. Thread: any one at a time for each
// call; answers of changes come on the sync thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "registry/registry.h"

namespace mr::registry {

/// HTTP status is code / 100 for five digits, the code itself for three.
struct ServiceError {
    std::int32_t code = 500;
    std::string message;
};
template <class T>
using Outcome = std::expected<T, ServiceError>;
/// JSON text, or an error.
using Answer = std::move_only_function<void(Outcome<std::string>)>;

struct RegisterRequest {
    std::string subject;
    SchemaType type = SchemaType::avro;
    std::string text{};
    std::vector<Reference> references{};
    std::int32_t id = 0;       ///< IMPORT mode only
    std::int32_t version = 0;  ///< IMPORT mode only
};

struct ListOptions {
    std::string prefix{};
    bool deleted = false;  ///< soft-deleted ones too
    bool deleted_only = false;
    std::size_t offset = 0;
    std::optional<std::size_t> limit{};
};

class RegistryService {
  public:
    using Submit = std::function<bool(std::unique_ptr<journal::Proposal>)>;
    RegistryService(Registry& registry, Submit submit);
    ~RegistryService();

    [[nodiscard]] std::string subjects(const ListOptions& options) const;
    [[nodiscard]] Outcome<std::string> versions(const std::string& subject, const ListOptions& options) const;
    /// `version` is a number, "latest" or "-1".
    [[nodiscard]] Outcome<std::string> version(const std::string& subject, const std::string& version,
                                               bool deleted, bool schema_only) const;
    [[nodiscard]] Outcome<std::string> referenced_by(const std::string& subject,
                                                     const std::string& version) const;
    [[nodiscard]] Outcome<std::string> schema_by_id(std::int32_t id, bool schema_only,
                                                    bool fetch_max_id) const;
    [[nodiscard]] Outcome<std::string> subjects_of_id(std::int32_t id, bool deleted) const;
    [[nodiscard]] Outcome<std::string> versions_of_id(std::int32_t id, bool deleted) const;
    [[nodiscard]] std::string schemas(const ListOptions& options, bool latest_only) const;
    /// POST /subjects/{s}: is this schema registered there?
    [[nodiscard]] Outcome<std::string> lookup(const RegisterRequest& request, bool deleted) const;
    /// POST /compatibility/…; no version: all of them, by the subject's level.
    [[nodiscard]] Outcome<std::string> test_compatibility(const RegisterRequest& request,
                                                          const std::optional<std::string>& version,
                                                          bool verbose) const;
    [[nodiscard]] Outcome<std::string> config(const std::string& subject, bool default_to_global) const;
    [[nodiscard]] Outcome<std::string> mode(const std::string& subject, bool default_to_global) const;

    /// The parsed schema of that id in a view.
    [[nodiscard]] Outcome<ParsedPtr> parsed_schema(const RegistryView& view, std::int32_t id) const;

    void register_schema(RegisterRequest request, Answer answer);
    void delete_version(const std::string& subject, const std::string& version, bool permanent,
                        Answer answer);
    void delete_subject(const std::string& subject, bool permanent, Answer answer);
    void set_config(const std::string& subject, Rules rules, Answer answer);
    void delete_config(const std::string& subject, Answer answer);
    void set_mode(const std::string& subject, Mode mode, bool force, Answer answer);
    void delete_mode(const std::string& subject, Answer answer);

  private:
    struct Resolved {
        ParsedPtr schema;
        std::string text;
    };
    Outcome<Resolved> parse(const RegistryView& view, const RegisterRequest& request, bool is_new) const;
    /// Parsed form of a stored schema; kept, because every registration compares with several.
    Outcome<ParsedPtr> stored(const RegistryView& view, std::int32_t id, int depth) const;
    Outcome<std::vector<ParsedPtr>> targets(const RegistryView& view,
                                            const std::vector<Reference>& references, int depth) const;
    [[nodiscard]] Outcome<std::vector<std::string>> incompatibilities(const RegistryView& view,
                                                                      const Subject* subject,
                                                                      const ParsedSchema& schema) const;
    /// What a change comes to, looked at with one view.
    struct Plan {
        std::optional<Change> change{};  ///< nothing: `ready` is the answer
        std::string ready{};
        std::function<std::string(const ChangeResult&)> format{};
    };
    using MakePlan = std::function<Outcome<Plan>(const RegistryView&)>;
    void carry_out(std::string subject, MakePlan make, Answer answer, int attempts = 0);
    Outcome<Plan> plan_registration(const RegistryView& view, const RegisterRequest& request) const;

    Registry& registry_;
    const Submit submit_;
    mutable std::mutex mutex_;
    mutable std::map<std::int32_t, ParsedPtr> parsed_;  // guarded by mutex_
};

}  // namespace mr::registry
