// What the Kafka listener may be told, and its limits with the arithmetic behind them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "net/address.h"

namespace mr::serve::kafka {

/// The one broker of this cluster, as clients see it.
inline constexpr std::int32_t kNodeId = 1;

struct Options {
    /// What clients know the cluster by. Empty: the random one that is in the journal since the first start.
    std::string cluster_id{};
    /// What Metadata and FindCoordinator tell clients to connect to; port 0 until the listener is bound.
    net::HostPort advertise{"127.0.0.1", 0};

    bool auto_create_topics = true;      ///< Kafka's auto.create.topics.enable
    std::int32_t num_partitions = 1;     ///< of topics created without a number
    bool delete_topics = true;           ///< Kafka's delete.topic.enable
    std::string log_directory = "data";  ///< the name DescribeLogDirs shows

    /// One Produce request: twice the journal's largest entry (16 MiB), so that a full batch and its
    /// neighbours fit.
    std::size_t produce_bytes_max = 32U << 20;
    /// Any request before its sender has authenticated (Kafka's sasl.server.max.receive.size).
    std::size_t unauthenticated_bytes_max = 512U << 10;
    /// Any other request: the metadata and assignments of 2,000 group members with 4 KiB each.
    std::size_t request_bytes_max = 8U << 20;
    /// Requests being received or waiting, over all connections; beyond it the connection holding most goes.
    std::size_t received_bytes_max = 256U << 20;
    /// Produce requests of one connection that may be on their way to the disk at once. Clients keep at most
    /// 5 in flight when idempotent; everything else is answered one by one.
    std::size_t produce_in_flight_max = 8;
    /// One Fetch answer, whatever the client asks for (Kafka's fetch.max.bytes is 55 MiB): bounds what a slow
    /// reader can pin.
    std::size_t fetch_bytes_max = 16U << 20;
    /// A connection with more than this unsent gets no further request processed until it has drained.
    std::size_t unsent_bytes_max = 1U << 20;
    /// Answers not yet taken, over all connections: 16 of the largest. Beyond it the connection owed most
    /// goes; above half of it Fetch answers stay below unsent_bytes_max where batches allow.
    std::size_t unsent_total_bytes_max = 256U << 20;
    std::int64_t fetch_wait_max_ms = 60'000;
    /// Kafka's max.connections; for whoever makes the listener (net::TcpServerOptions).
    std::size_t connections_max = 4'096;
    std::size_t fetch_sessions_max = 1'000;     ///< Kafka's max.incremental.fetch.session.cache.slots
    std::int64_t idle_connection_ms = 600'000;  ///< Kafka's connections.max.idle.ms
};

}  // namespace mr::serve::kafka
