// What an expression is compiled to: a tree of kernels, each of which computes a column for a batch.
//
// Constants are columns of one row (`Vec::constant`). Under a branch that only some rows take,
// `Frame::active` says which: a kernel reports errors for active rows only and may leave anything in the
// others. Thread: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "columnar/column.h"
#include "engine/expr/evaluator.h"
#include "plan/expr.h"

namespace mr::engine::internal {

/// The values of an expression for a batch.
struct Vec {
    ColumnPtr column;
    bool constant = false;  ///< one row stands for all

    [[nodiscard]] std::size_t at(std::size_t row) const { return constant ? 0 : row; }
    [[nodiscard]] bool is_null(std::size_t row) const { return column->is_null(at(row)); }
    [[nodiscard]] const DataType& type() const { return column->type(); }
};

/// A set of rows of a batch.
class Mask {
  public:
    explicit Mask(std::size_t rows) : bits_((rows + 7) / 8, 0) {}
    void set(std::size_t row) {
        const auto bit = static_cast<std::uint8_t>(1U << (row & 7));
        count_ += (bits_[row >> 3] & bit) == 0 ? 1 : 0;
        bits_[row >> 3] = static_cast<std::uint8_t>(bits_[row >> 3] | bit);
    }
    [[nodiscard]] bool test(std::size_t row) const { return ((bits_[row >> 3] >> (row & 7)) & 1) != 0; }
    [[nodiscard]] std::size_t count() const { return count_; }

  private:
    std::vector<std::uint8_t> bits_;
    std::size_t count_ = 0;
};

/// One evaluation of a batch.
struct Frame {
    const EvalInput* input = nullptr;
    std::vector<RowError>* errors = nullptr;
    const Mask* active = nullptr;  ///< nullptr: all rows
    std::uint64_t batch = 0;       ///< grows with each batch; names what kernels have remembered

    [[nodiscard]] std::size_t rows() const { return input->rows; }
    [[nodiscard]] bool is_active(std::size_t row) const { return active == nullptr || active->test(row); }
    void fail(std::size_t row, std::string message) {
        if (is_active(row)) errors->push_back({static_cast<std::uint32_t>(row), std::move(message)});
    }
    /// The same for every active row: an error of a constant.
    void fail_all(const std::string& message) {
        for (std::size_t i = 0; i < rows(); ++i) fail(i, message);
    }
    /// A kernel that computed one row for all reports with this: `row` of `constant` means every row.
    void fail_at(bool constant, std::size_t row, const std::string& message) {
        constant ? fail_all(message) : fail(row, message);
    }
};

class Kernel {
  public:
    explicit Kernel(DataType type) : type_(std::move(type)) {}
    virtual ~Kernel() = default;
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    Vec eval(Frame& frame) {
        // Only what was computed for all rows may be remembered: under a mask other rows hold anything.
        if (!shared_ || frame.active != nullptr) return run(frame);
        if (remembered_ != frame.batch) {
            kept_ = run(frame);
            remembered_ = frame.batch;
        }
        return kept_;
    }
    [[nodiscard]] const DataType& type() const { return type_; }
    /// Several parents use it: compute once a batch.
    void share() { shared_ = true; }
    /// The value, if it is the same for every row of every batch.
    [[nodiscard]] virtual const Vec* constant() const { return nullptr; }
    /// Lets go of the columns of the last batch.
    void forget() {
        kept_ = {};
        remembered_ = 0;
    }

  protected:
    virtual Vec run(Frame& frame) = 0;

  private:
    DataType type_;
    bool shared_ = false;
    std::uint64_t remembered_ = 0;
    Vec kept_;
};
using KernelPtr = std::shared_ptr<Kernel>;
using Kernels = std::vector<KernelPtr>;

/// A kernel from a lambda `Vec(Frame&)`.
template <class F>
KernelPtr make_kernel(DataType type, F body) {
    class Made final : public Kernel {
      public:
        Made(DataType t, F f) : Kernel(std::move(t)), body_(std::move(f)) {}

      protected:
        Vec run(Frame& frame) override { return body_(frame); }

      private:
        F body_;
    };
    return std::make_shared<Made>(std::move(type), std::move(body));
}

KernelPtr constant_kernel(const DataType& type, const Value& value);
Vec constant_vec(const DataType& type, const Value& value);
inline Vec null_vec(const DataType& type) {
    return constant_vec(type, Value::null());
}
/// All rows of it: a constant repeated.
ColumnPtr expand(const Vec& v, const DataType& type, std::size_t rows);

/// What a row function sees of its row. It ends in exactly one of the setters.
class RowCall {
  public:
    RowCall(std::span<const Vec> args, ColumnBuilder& out, Frame& frame)
        : args_(args), out_(out), frame_(frame) {}

    [[nodiscard]] std::size_t size() const { return args_.size(); }
    [[nodiscard]] const Column& column(std::size_t i) const { return *args_[i].column; }
    [[nodiscard]] std::size_t row_of(std::size_t i) const { return args_[i].at(row_); }
    [[nodiscard]] bool is_null(std::size_t i) const { return args_[i].is_null(row_); }
    [[nodiscard]] std::string_view text(std::size_t i) const { return column(i).text(row_of(i)); }
    [[nodiscard]] std::int64_t integer(std::size_t i) const { return column(i).integer(row_of(i)); }
    [[nodiscard]] double real(std::size_t i) const { return column(i).real(row_of(i)); }
    [[nodiscard]] bool boolean(std::size_t i) const { return column(i).boolean(row_of(i)); }
    [[nodiscard]] Int128 decimal(std::size_t i) const { return column(i).decimal(row_of(i)); }
    [[nodiscard]] Value value(std::size_t i) const { return column(i).value(row_of(i)); }
    [[nodiscard]] const DataType& type(std::size_t i) const { return column(i).type(); }
    [[nodiscard]] const EvalInput& input() const { return *frame_.input; }
    [[nodiscard]] std::size_t row() const { return row_; }

    void null() { out_.append_null(); }
    void set(std::string_view v) { out_.append_text(v); }
    void set_integer(std::int64_t v) { out_.append_integer(v); }
    void set_real(double v) { out_.append_real(v); }
    void set_boolean(bool v) { out_.append_boolean(v); }
    void set_decimal(Int128 v) { out_.append_decimal(v); }
    void set_value(const Value& v) { out_.append_value(v); }
    void copy(std::size_t i) { out_.append_from(column(i), row_of(i)); }
    [[nodiscard]] ColumnBuilder& out() { return out_; }
    [[nodiscard]] const DataType& out_type() const { return out_.type(); }
    /// NULL, and the row is set aside with this reason.
    void fail(const std::string& message) {
        frame_.fail_at(constant_, row_, message);
        out_.append_null();
    }

    void move_to(std::size_t row, bool constant) {
        row_ = row;
        constant_ = constant;
    }

  private:
    std::span<const Vec> args_;
    ColumnBuilder& out_;
    Frame& frame_;
    std::size_t row_ = 0;
    bool constant_ = false;
};
using RowFunction = std::function<void(RowCall&)>;

enum class Strictness : std::uint8_t {
    strict,   ///< NULL if any argument is NULL; the function is not asked
    lenient,  ///< the function looks itself
};

/// A kernel that calls a function row by row.
KernelPtr row_kernel(DataType type, Kernels args, Strictness strictness, RowFunction function,
                     bool deterministic = true);

/// The text of a literal argument, if it is one and not NULL.
std::optional<std::string> literal_text(const plan::Expr& call, std::size_t i);
std::optional<std::int64_t> literal_integer(const plan::Expr& call, std::size_t i);

}  // namespace mr::engine::internal
