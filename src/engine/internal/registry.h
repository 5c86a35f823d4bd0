// Kernels by canonical function name. A family is a file with an add_… function; the test walks
// plan::all_functions() and asks for each. Thread: any (constant after first use).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "engine/internal/kernel.h"

namespace mr::engine::internal {

/// Compiles one call; the arguments are compiled already.
using Maker = std::function<Result<KernelPtr>(const plan::Expr& call, Kernels args)>;
/// A row function for a call: looks at types and literals once.
using RowMaker = std::function<Result<RowFunction>(const plan::Expr& call)>;

class Registry {
  public:
    void add(std::string name, Maker maker) { makers_[std::move(name)] = std::move(maker); }
    void add_row(std::string name, RowFunction function, Strictness strictness = Strictness::strict) {
        add_row_maker(
            std::move(name), [function](const plan::Expr&) -> Result<RowFunction> { return function; },
            strictness);
    }
    void add_row_maker(std::string name, RowMaker maker, Strictness strictness = Strictness::strict,
                       bool deterministic = true);
    [[nodiscard]] const Maker* find(std::string_view name) const;

  private:
    std::unordered_map<std::string, Maker> makers_;
};

void add_arithmetic(Registry& registry);
void add_comparison(Registry& registry);
void add_logic(Registry& registry);
void add_conditional(Registry& registry);
void add_cast(Registry& registry);
void add_math(Registry& registry);
void add_text(Registry& registry);
void add_text_forms(Registry& registry);
void add_patterns(Registry& registry);
void add_encoding(Registry& registry);
void add_time(Registry& registry);
void add_time_format(Registry& registry);
void add_json(Registry& registry);
void add_json_making(Registry& registry);
void add_collections(Registry& registry);

const Registry& registry();

/// A call of a library's function (plan/native_function.h).
KernelPtr native_kernel(const plan::Expr& call, Kernels args);

/// Every value an expression of one type may be cast to another: the row function of CAST (`fails`: a value
/// that does not fit is an error) and TRY_CAST.
Result<Value> cast_value(const Value& value, const DataType& from, const DataType& to);
KernelPtr cast_kernel(KernelPtr arg, const DataType& to, bool try_cast);

}  // namespace mr::engine::internal
