// Functions of shared libraries as the binder and the engine see them; `native` loads them
// (docs/sql/user-functions.md). A function is immutable and keeps its library loaded. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "columnar/column.h"
#include "plan/expr.h"

namespace mr::plan {

class NativeFunction {
  public:
    struct Description {
        std::string name;       ///< in the library's table
        std::string arguments;  ///< as SQL writes types: "DOUBLE, STRING"
        std::string result;
        bool null_on_null = false;  ///< NULL where an argument is; such rows are not passed
        bool is_volatile = false;   ///< the same arguments may give another result
        std::string library;        ///< below functions/
        std::uint64_t digest = 0;   ///< of the library's bytes
    };
    struct RowError {
        std::size_t row = 0;
        std::string message;
    };

    virtual ~NativeFunction() = default;
    [[nodiscard]] virtual const Description& description() const = 0;
    /// One column an argument, of its type and of `rows` rows each; the result is of exactly `type`. Rows in
    /// `errors` have failed, and are NULL whatever the type says. REQUIRES: rows > 0, is_native_type() of
    /// all.
    [[nodiscard]] virtual ColumnPtr call(std::span<const ColumnPtr> arguments, std::size_t rows,
                                         const DataType& type, std::vector<RowError>& errors) const = 0;
};
using NativeFunctionPtr = std::shared_ptr<const NativeFunction>;

/// What CREATE FUNCTION … USING LIBRARY looks into.
class NativeLibraries {
  public:
    virtual ~NativeLibraries() = default;
    /// An error reads "what is wrong; what to do".
    virtual Result<NativeFunctionPtr> find(std::string_view library, std::string_view function) = 0;
};

/// May values of this type be arguments and results? Not: texts of bounded length, MAP, intervals.
bool is_native_type(const DataType& type);
/// "DISTANCE_KM@1f0c…": other bytes of the library are another function.
std::string native_name(std::string_view name, const NativeFunction& function);
/// Is `expr` itself a call whose result may differ from time to time by what its library says?
bool is_volatile(const Expr& expr);

}  // namespace mr::plan
