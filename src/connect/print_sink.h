// A table with 'connector' = 'print': every change of its rows as a line, "+I[1, lamp, null]" for a row that
// came and
// "-D[1, lamp, null]" for one that went, as Flink's Row prints itself; an update is both. It prints what is
// computed while the node runs: nobody's answer depends on it, so no position is kept. Options:
// 'print-identifier'
// ("orders> +I[…]"), 'standard-error'. Thread: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "connect/table_reader.h"

namespace mr::connect {

class PrintSink {
  public:
    /// Takes whole lines, for standard output or, with true, standard error.
    using Out = std::function<void(std::string_view, bool)>;
    static Result<std::unique_ptr<PrintSink>> open(broker::Broker& broker, const plan::TablePtr& table,
                                                   Out out);

    /// Prints what came; number of lines.
    Result<std::size_t> run_once();

    /// For open().
    PrintSink(plan::TablePtr table, std::unique_ptr<TableReader> reader, Out out);

  private:
    const plan::TablePtr table_;
    const std::unique_ptr<TableReader> reader_;
    const Out out_;
    std::string prefix_;
    bool error_ = false;
};

/// As Java prints the value: "2024-01-31T10:05", "[1, 2]", "{a=1}", "null".
std::string java_text(const Value& value, const DataType& type);

}  // namespace mr::connect
