#include "cli/kafka_producer.h"

#include <librdkafka/rdkafka.h>

#include <map>

namespace mr::cli {

struct KafkaProducer::Impl {
    rd_kafka_t* handle = nullptr;
    std::map<std::string, rd_kafka_topic_t*> topics;
    std::uint64_t acknowledged = 0;
    std::uint64_t failed = 0;
    std::string first_error;
    std::string why;       ///< the connection failed last
    bool refused = false;  ///< the broker does not know who asks
    std::string address;
    std::string token_file;  ///< constant once there is a handle

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        for (const auto& [name, topic] : topics) rd_kafka_topic_destroy(topic);
        if (handle != nullptr) rd_kafka_destroy(handle);
    }

    static void delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
        auto* self = static_cast<Impl*>(opaque);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            ++self->acknowledged;
            return;
        }
        if (self->failed++ == 0) self->first_error = rd_kafka_err2str(message->err);
    }
    static void noted(rd_kafka_t*, int error, const char* reason, void* opaque) {
        auto* self = static_cast<Impl*>(opaque);
        // That all brokers are down says less than why.
        if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) self->why = reason;
        self->refused = self->refused || error == RD_KAFKA_RESP_ERR__AUTHENTICATION;
    }
    /// Until one answers; not longer where it does not know who asks.
    Status await_broker(int timeout_ms) {
        constexpr int kStepMs = 5'000;
        rd_kafka_resp_err_t answer = RD_KAFKA_RESP_ERR_NO_ERROR;
        for (int waited = 0; waited < timeout_ms && !refused; waited += kStepMs) {
            const struct rd_kafka_metadata* metadata = nullptr;
            answer = rd_kafka_metadata(handle, 0, nullptr, &metadata, kStepMs);
            if (answer == RD_KAFKA_RESP_ERR_NO_ERROR) {
                rd_kafka_metadata_destroy(metadata);
                return {};
            }
            rd_kafka_poll(handle, 0);
        }
        if (refused)
            return fail(Code::permission_denied, "the Kafka broker at {} refuses us: {}", address, why);
        return fail(Code::unavailable, "no Kafka broker answers at {}: {}; is the node running?", address,
                    why.empty() ? rd_kafka_err2str(answer) : why);
    }
};

namespace {

constexpr int kConnectMs = 5'000;
/// A node that asks who is there answers after some more turns.
constexpr int kLoginMs = 15'000;

Status configure(rd_kafka_conf_t* conf, const KafkaClientSettings& settings) {
    std::map<std::string, std::string> all = {
        {"enable.idempotence", "true"},    {"linger.ms", "0"},
        {"partitioner", "murmur2_random"}, {"queue.buffering.max.messages", "200000"},
        {"message.timeout.ms", "120000"},  {"log_level", "3"},
        {"client.id", "millrace-cli"},
    };
    for (const auto& [key, value] : settings.properties) all[key] = value;
    char error[512];
    for (const auto& [key, value] : all) {
        if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK)
            return fail(Code::invalid_argument, "{}: {}", key, error);
    }
    return {};
}

/// On librdkafka's own thread, when a token is wanted and again before it expires.
void refresh_token(rd_kafka_t* handle, const char* /*config*/, void* opaque) {
    const auto token = read_bearer_token(static_cast<KafkaProducer::Impl*>(opaque)->token_file);
    char error[512];
    if (!token) {
        rd_kafka_oauthbearer_set_token_failure(handle, token.error().message.c_str());
    } else if (rd_kafka_oauthbearer_set_token(handle, token->text.c_str(), token->expires_ms,
                                              token->principal.c_str(), nullptr, 0, error,
                                              sizeof error) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_oauthbearer_set_token_failure(handle, error);
    }
}

}  // namespace

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::connect(const KafkaClientOptions& options) {
    MR_TRY(const KafkaClientSettings settings, kafka_client_settings(options));
    auto impl = std::make_unique<Impl>();
    impl->token_file = settings.token_file;
    impl->address = settings.properties.at("bootstrap.servers");
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    if (const Status known = configure(conf, settings); !known) {
        rd_kafka_conf_destroy(conf);
        return std::unexpected(known.error());
    }
    rd_kafka_conf_set_opaque(conf, impl.get());
    rd_kafka_conf_set_dr_msg_cb(conf, &Impl::delivered);
    rd_kafka_conf_set_error_cb(conf, &Impl::noted);
    if (!settings.token_file.empty()) {
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, &refresh_token);
        rd_kafka_conf_enable_sasl_queue(conf, 1);
    }
    char error[512];
    impl->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (impl->handle == nullptr) {
        rd_kafka_conf_destroy(conf);
        return fail(Code::invalid_argument, "librdkafka: {}", error);
    }
    if (!settings.token_file.empty()) rd_kafka_sasl_background_callbacks_enable(impl->handle);
    MR_TRY_VOID(
        impl->await_broker(settings.properties.contains("security.protocol") ? kLoginMs : kConnectMs));
    return std::make_unique<KafkaProducer>(std::move(impl));
}

KafkaProducer::KafkaProducer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaProducer::~KafkaProducer() = default;

Status KafkaProducer::send(const std::string& topic, std::string_view key, std::string_view value,
                           std::int64_t timestamp_ms, std::int32_t partition) {
    rd_kafka_topic_t*& handle = impl_->topics[topic];
    if (handle == nullptr) handle = rd_kafka_topic_new(impl_->handle, topic.c_str(), nullptr);
    for (;;) {
        const auto error =
            rd_kafka_producev(impl_->handle, RD_KAFKA_V_RKT(handle),
                              RD_KAFKA_V_PARTITION(partition < 0 ? RD_KAFKA_PARTITION_UA : partition),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_KEY(key.empty() ? nullptr : key.data(), key.size()),
                              RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                              RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_END);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            return fail(Code::io_error, "cannot produce to {}: {}", topic, rd_kafka_err2str(error));
        }
        rd_kafka_poll(impl_->handle, 100);
    }
    rd_kafka_poll(impl_->handle, 0);
    return {};
}

Status KafkaProducer::flush(int timeout_ms) {
    const auto error = rd_kafka_flush(impl_->handle, timeout_ms);
    if (impl_->failed > 0) {
        return fail(Code::io_error, "{} records were not acknowledged: {}", impl_->failed,
                    impl_->first_error);
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return fail(Code::unavailable, "not all records were acknowledged in time");
    return {};
}

Result<std::int64_t> KafkaProducer::end_offset(const std::string& topic, std::int32_t partition) {
    std::int64_t low = 0, high = 0;
    const auto error =
        rd_kafka_query_watermark_offsets(impl_->handle, topic.c_str(), partition, &low, &high, 5'000);
    if (error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
        error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
        return 0;
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail(Code::unavailable, "cannot ask for the end of {}: {}", topic, rd_kafka_err2str(error));
    }
    return high;
}

std::uint64_t KafkaProducer::acknowledged() const {
    return impl_->acknowledged;
}

}  // namespace mr::cli
