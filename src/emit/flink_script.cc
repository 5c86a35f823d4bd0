// A script as a file.
#include <fmt/format.h>

#include "emit/flink.h"

namespace mr::emit {

std::string FlinkScript::text() const {
    std::string out;
    const FlinkStatement* before = nullptr;
    for (const FlinkStatement& s : statements) {
        const bool settings = before != nullptr && before->kind == FlinkStatement::Kind::set &&
                              s.kind == FlinkStatement::Kind::set && s.comment.empty();
        if (before != nullptr && !settings) out += "\n";
        if (!s.comment.empty()) out += s.comment + "\n";
        out += s.sql + ";\n";
        before = &s;
    }
    return out;
}

}  // namespace mr::emit
