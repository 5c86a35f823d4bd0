// Which parts of a value somebody reads. A decoder may leave the other fields of a ROW NULL, and need not
// look at them. Thread: any (a value).
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace mr::formats {

struct FieldsRead {
    bool all = false;                ///< the value as a whole
    std::vector<FieldsRead> fields;  ///< of a ROW, by index; may be shorter than it

    [[nodiscard]] bool any() const {
        return all || std::ranges::any_of(fields, [](const FieldsRead& f) { return f.any(); });
    }
    [[nodiscard]] FieldsRead of_field(std::size_t i) const {
        if (all) return {.all = true, .fields = {}};
        return i < fields.size() ? fields[i] : FieldsRead{};
    }
};

}  // namespace mr::formats
