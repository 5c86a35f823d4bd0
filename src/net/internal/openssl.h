// Ownership of OpenSSL's objects, and its errors as text. For the TLS files of net/ only. Thread: any.
#pragma once

#include <memory>
#include <string>

typedef struct x509_st X509;

namespace mr::net::internal {

template <class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* thing) const { Free(thing); }
};
template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freed<T, Free>>;

/// The oldest error of this thread; the others are forgotten.
std::string openssl_error();
/// "CN=alice,OU=floor,O=example".
std::string subject_of(X509* certificate);

}  // namespace mr::net::internal
