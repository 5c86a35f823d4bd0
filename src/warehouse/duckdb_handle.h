// DuckDB's C handles as objects that close themselves. Only warehouse/ includes this (and so duckdb.h).
#pragma once

#include <duckdb.h>

#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

namespace mr::warehouse {

/// Owns one C handle and destroys it with `Destroy`.
template <class Handle, void (*Destroy)(Handle*)>
class Owned {
  public:
    Owned() = default;
    explicit Owned(Handle handle) : handle_(handle) {}
    ~Owned() { reset(); }
    Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
    Owned& operator=(Owned&& other) noexcept {
        if (this != &other) {
            reset();
            handle_ = std::exchange(other.handle_, Handle{});
        }
        return *this;
    }
    [[nodiscard]] Handle get() const { return handle_; }
    /// For C functions that fill a handle in.
    [[nodiscard]] Handle* out() {
        reset();
        return &handle_;
    }
    void reset() {
        if (handle_ != Handle{}) Destroy(&handle_);
        handle_ = Handle{};
    }

  private:
    Handle handle_{};
};

inline void close_appender(duckdb_appender* appender) {
    duckdb_appender_destroy(appender);
}

using DatabaseHandle = Owned<duckdb_database, duckdb_close>;
using ConnectionHandle = Owned<duckdb_connection, duckdb_disconnect>;
using PreparedHandle = Owned<duckdb_prepared_statement, duckdb_destroy_prepare>;
using StatementsHandle = Owned<duckdb_extracted_statements, duckdb_destroy_extracted>;
using PendingHandle = Owned<duckdb_pending_result, duckdb_destroy_pending>;
using AppenderHandle = Owned<duckdb_appender, close_appender>;
using ChunkHandle = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using TypeHandle = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;

/// A result is a struct, not a pointer.
class ResultHandle {
  public:
    ResultHandle() = default;
    ~ResultHandle() { duckdb_destroy_result(&result_); }
    ResultHandle(const ResultHandle&) = delete;
    ResultHandle& operator=(const ResultHandle&) = delete;
    [[nodiscard]] duckdb_result* get() { return &result_; }

  private:
    duckdb_result result_{};
};

/// Runs a statement whose rows nobody wants.
Status execute(duckdb_connection connection, const std::string& sql);
/// 'text' with quotes doubled.
std::string literal(std::string_view text);
/// "name" with quotes doubled.
std::string quote(std::string_view identifier);

}  // namespace mr::warehouse
