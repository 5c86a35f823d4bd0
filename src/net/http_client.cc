#include "net/http_client.h"

#include <curl/curl.h>

#include "base/check.h"

namespace mr::net {
namespace {

struct Sink {
    HttpAnswer& answer;
    std::size_t body_bytes_max;
    bool too_long = false;
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
    Sink& sink = *static_cast<Sink*>(user);
    if (sink.answer.body.size() + size * count > sink.body_bytes_max) {
        sink.too_long = true;
        return 0;
    }
    sink.answer.body.append(data, size * count);
    return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
    Sink& sink = *static_cast<Sink*>(user);
    std::string_view line(data, size * count);
    while (line.ends_with('\n') || line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (line.starts_with("HTTP/")) {
        sink.answer.headers.clear();  // of a "100 Continue" before
    } else if (colon != std::string_view::npos) {
        std::string_view value = line.substr(colon + 1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        sink.answer.headers.emplace_back(line.substr(0, colon), value);
    }
    return size * count;
}

}  // namespace

class HttpClient::Impl {
  public:
    Impl() {
        // Once a process; libcurl counts the calls.
        MR_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
        handle = curl_easy_init();
        MR_CHECK(handle != nullptr);
    }
    ~Impl() {
        curl_easy_cleanup(handle);
        curl_global_cleanup();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    CURL* handle = nullptr;
};

HttpClient::HttpClient() : impl_(std::make_unique<Impl>()) {}
HttpClient::~HttpClient() = default;

Result<HttpAnswer> HttpClient::call(const HttpCall& call) {
    CURL* const curl = impl_->handle;
    curl_easy_reset(curl);
    HttpAnswer answer;
    Sink sink{answer, call.body_bytes_max};
    curl_slist* headers = nullptr;
    for (const auto& [name, value] : call.headers) {
        headers = curl_slist_append(headers, fmt::format("{}: {}", name, value).c_str());
    }
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    if (!call.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, call.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout_ms));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &sink);
    if (call.method == "HEAD") {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (call.method != "GET" || !call.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    }
    const CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (sink.too_long) {
        return fail(Code::resource_exhausted, "the answer of {} exceeds {} bytes", call.url,
                    call.body_bytes_max);
    }
    if (code != CURLE_OK) {
        return fail(code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL ? Code::invalid_argument
                                                                                      : Code::unavailable,
                    "no answer from {}: {}", call.url, curl_easy_strerror(code));
    }
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
    return answer;
}

}  // namespace mr::net
