#include "cli/template.h"

namespace mr::cli {

std::vector<std::pair<std::string, std::string>> project_template() {
    return {
        {"millrace.yaml",
         R"(# Settings of this project; `millrace run --help` lists all. Each can be overridden with -X key=value.
name: my-pipeline
topics:
  orders: {partitions: 1}
)"},
        {"streams/orders.sql", R"(-- A table over a Kafka topic: one JSON object a record, for instance
--   {"order_id": "SO-1", "site": "LYON", "amount": 12.50, "placed_at": "2026-01-31T10:00:00Z"}
CREATE TABLE orders (
  order_id  STRING NOT NULL,
  site      STRING NOT NULL,
  amount    DECIMAL(12, 2),
  placed_at TIMESTAMP_LTZ(3) NOT NULL,
  WATERMARK FOR placed_at AS placed_at - INTERVAL '1' SECOND
) WITH (
  'connector' = 'kafka', 'topic' = 'orders', 'scan.startup.mode' = 'earliest-offset',
  'format' = 'json', 'json.timestamp-format.standard' = 'ISO-8601'
);
)"},
        {"pipelines/live.sql",
         R"(-- Kept up to date event by event; read it with `millrace view show orders_by_site` or on the dashboard.
CREATE MATERIALIZED VIEW orders_by_site AS
SELECT site, COUNT(*) AS orders, SUM(amount) AS amount, MAX(placed_at) AS last_at
FROM orders
GROUP BY site;
)"},
        {"dashboards/live.yaml", R"(title: Orders
panels:
  - {type: tile, title: Orders, view: orders_by_site, aggregate: sum, value: orders}
  - {type: tile, title: Amount, view: orders_by_site, aggregate: sum, value: amount}
  - {type: top, title: Orders by site, view: orders_by_site, label: site, value: orders, sort: orders desc}
)"},
        {"tests/orders.slt", R"(# Two orders of one site are one row.
produce orders
{"order_id": "SO-1", "site": "LYON", "amount": 12.50, "placed_at": "2026-01-31T10:00:00Z"}
{"order_id": "SO-2", "site": "LYON", "amount": 7.50, "placed_at": "2026-01-31T10:00:01Z"}

settle

query rowsort
SELECT site, orders, amount FROM orders_by_site
----
LYON 2 20.00
)"},
        {".gitignore", ".millrace/\n"},
        {"README.md", R"(# My pipeline

    millrace run .            # start it; the dashboard is at http://127.0.0.1:8080/
    millrace test .           # run tests/*.slt on a virtual clock

Send it an order:

    echo '{"order_id":"SO-1","site":"LYON","amount":12.5,"placed_at":"2026-01-31T10:00:00Z"}' |
        kcat -P -b 127.0.0.1:9092 -t orders
)"},
    };
}

}  // namespace mr::cli
