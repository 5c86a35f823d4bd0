#include "engine/internal/registry.h"

#include <string>

namespace mr::engine::internal {

void Registry::add_row_maker(std::string name, RowMaker maker, Strictness strictness, bool deterministic) {
    add(std::move(name),
        [maker = std::move(maker), strictness, deterministic](const plan::Expr& call,
                                                              Kernels args) -> Result<KernelPtr> {
            MR_TRY(RowFunction function, maker(call));
            return row_kernel(call.type, std::move(args), strictness, std::move(function), deterministic);
        });
}

const Maker* Registry::find(std::string_view name) const {
    const auto found = makers_.find(std::string(name));
    return found == makers_.end() ? nullptr : &found->second;
}

const Registry& registry() {
    static const Registry made = [] {
        Registry r;
        add_arithmetic(r);
        add_comparison(r);
        add_logic(r);
        add_conditional(r);
        add_cast(r);
        add_math(r);
        add_text(r);
        add_text_forms(r);
        add_patterns(r);
        add_encoding(r);
        add_time(r);
        add_time_format(r);
        add_json(r);
        add_json_making(r);
        add_collections(r);
        return r;
    }();
    return made;
}

}  // namespace mr::engine::internal
