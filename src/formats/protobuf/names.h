// The messages and enums of a .proto file by their full names, and what the file's syntax makes of their
// fields. Thread: any (immutable; refers to the File, which must outlive it).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/protobuf/proto_file.h"

namespace mr::formats::protobuf {

/// What proto2, proto3 and editions differ in; of a file, and of a field that says otherwise.
struct Features {
    bool proto3 = false;
    bool implicit = false;  ///< a scalar that is its default is as one that is not there
    bool packed = false;
    bool closed = false;     ///< enums
    bool delimited = false;  ///< messages are groups
    bool required = false;
};
Features features_of(const File& file);
Features features_of(const Field& field, Features of_file);

class Names {
  public:
    struct Found {
        const Message* message = nullptr;
        const Enum* enumeration = nullptr;
        std::string name{};
        Features features{};
    };

    void add(const File& file);
    /// A name as it stands in message `scope`: looked for from the inside out, with a leading dot as it is.
    [[nodiscard]] std::optional<Found> find(std::string scope, std::string_view type) const;
    /// "Order", "shop.Order" or a Java class, "com.acme.Shop$Order": by as much of its end as there is.
    [[nodiscard]] std::vector<std::string> messages_named(std::string_view wanted) const;
    [[nodiscard]] std::optional<Found> at(const std::string& full) const;

  private:
    void add(const std::vector<Message>& messages, const std::vector<Enum>& enums, const std::string& scope,
             const Features& features);
    std::map<std::string, Found> all_;
};

}  // namespace mr::formats::protobuf
