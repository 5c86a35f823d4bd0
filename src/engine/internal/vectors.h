// Loops over fixed-width columns: validity is merged by bytes, values are computed without looking at it.
// Thread: any.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "engine/internal/kernel.h"

namespace mr::engine::internal {

/// Room for `n` values of T in the storage a Column takes over.
template <class T>
struct FixedOut {
    std::vector<Int128> storage;
    T* data;
    explicit FixedOut(std::size_t n)
        : storage((n * sizeof(T) + sizeof(Int128) - 1) / sizeof(Int128)),
          data(reinterpret_cast<T*>(storage.data())) {}
};

/// Bits of a boolean column.
struct BitsOut {
    std::vector<Int128> storage;
    std::uint8_t* data;
    explicit BitsOut(std::size_t n)
        : storage((n + 127) / 128), data(reinterpret_cast<std::uint8_t*>(storage.data())) {}
    void set(std::size_t i, bool v) {
        if (v) data[i >> 3] = static_cast<std::uint8_t>(data[i >> 3] | (1U << (i & 7)));
    }
};

/// Where a result is not NULL because no argument is.
struct Validity {
    std::vector<std::uint8_t> bits;  ///< empty: everywhere
    bool nowhere = false;            ///< a constant argument is NULL

    void clear(std::size_t row, std::size_t rows) {
        if (bits.empty()) bits.assign((rows + 7) / 8, 0xff);
        bits[row >> 3] = static_cast<std::uint8_t>(bits[row >> 3] & ~(1U << (row & 7)));
    }
    [[nodiscard]] bool test(std::size_t row) const {
        return bits.empty() || ((bits[row >> 3] >> (row & 7)) & 1) != 0;
    }
};

inline Validity merge_validity(std::initializer_list<const Vec*> args, std::size_t rows) {
    Validity out;
    for (const Vec* v : args) {
        const auto bits = v->column->validity();
        if (bits.empty()) continue;
        if (v->constant) {
            if (v->column->is_null(0)) out.nowhere = true;
            continue;
        }
        const std::size_t bytes = (rows + 7) / 8;
        if (out.bits.empty()) {
            out.bits.assign(bits.begin(), bits.begin() + static_cast<std::ptrdiff_t>(bytes));
        } else {
            for (std::size_t i = 0; i < bytes; ++i)
                out.bits[i] = static_cast<std::uint8_t>(out.bits[i] & bits[i]);
        }
    }
    return out;
}

/// out[i] = op(a[i], b[i]).
template <class T, class R, class Op>
Vec binary_fixed(const DataType& type, const Vec& a, const Vec& b, std::size_t rows, Op op) {
    const bool constant = a.constant && b.constant;
    const std::size_t n = constant ? 1 : rows;
    Validity v = merge_validity({&a, &b}, n);
    if (v.nowhere) return null_vec(type);
    FixedOut<R> out(n);
    const T* x = a.column->template values<T>();
    const T* y = b.column->template values<T>();
    if (b.constant && !constant) {
        const T k = y[0];
        for (std::size_t i = 0; i < n; ++i) out.data[i] = op(x[i], k);
    } else if (a.constant && !constant) {
        const T k = x[0];
        for (std::size_t i = 0; i < n; ++i) out.data[i] = op(k, y[i]);
    } else {
        for (std::size_t i = 0; i < n; ++i) out.data[i] = op(x[i], y[i]);
    }
    return {Column::fixed(type, n, std::move(out.storage), std::move(v.bits)), constant};
}

/// out[i] = op(a[i]).
template <class T, class R, class Op>
Vec unary_fixed(const DataType& type, const Vec& a, std::size_t rows, Op op) {
    const std::size_t n = a.constant ? 1 : rows;
    Validity v = merge_validity({&a}, n);
    if (v.nowhere) return null_vec(type);
    FixedOut<R> out(n);
    const T* x = a.column->template values<T>();
    for (std::size_t i = 0; i < n; ++i) out.data[i] = op(x[i]);
    return {Column::fixed(type, n, std::move(out.storage), std::move(v.bits)), a.constant};
}

/// Bits of `test(i)` for i in 0..n.
template <class Test>
BitsOut pack_bits(std::size_t n, Test test) {
    BitsOut out(n);
    std::size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        unsigned byte = 0;
        for (unsigned k = 0; k < 8; ++k) byte |= static_cast<unsigned>(test(i + k)) << k;
        out.data[i >> 3] = static_cast<std::uint8_t>(byte);
    }
    for (; i < n; ++i) out.set(i, test(i));
    return out;
}

/// Bits of op(a[i], b[i]).
template <class T, class Op>
Vec compare_fixed(const DataType& type, const Vec& a, const Vec& b, std::size_t rows, Op op) {
    const bool constant = a.constant && b.constant;
    const std::size_t n = constant ? 1 : rows;
    Validity v = merge_validity({&a, &b}, n);
    if (v.nowhere) return null_vec(type);
    const T* x = a.column->template values<T>();
    const T* y = b.column->template values<T>();
    BitsOut out(0);
    if (b.constant && !constant) {
        const T k = y[0];
        out = pack_bits(n, [&](std::size_t i) { return op(x[i], k); });
    } else if (a.constant && !constant) {
        const T k = x[0];
        out = pack_bits(n, [&](std::size_t i) { return op(k, y[i]); });
    } else {
        out = pack_bits(n, [&](std::size_t i) { return op(x[i], y[i]); });
    }
    return {Column::fixed(type, n, std::move(out.storage), std::move(v.bits)), constant};
}

}  // namespace mr::engine::internal
