// admin_protocol.hpp: the operators' API on the Unix socket (docs/protocols/admin.md): HTTP and JSON, the principal as
// the kernel names it, each route behind a role.
#pragma once

#include "http_server/router.hpp"
#include "protocols/admin/ports.hpp"

namespace sealwright::protocols::admin {

// http_status is this protocol's one table of errors.
unsigned http_status(ErrorCode code) noexcept;

// add_routes serves everything under /v1. ports must outlive the router.
void add_routes(http_server::Router& router, const Ports& ports);

}  // namespace sealwright::protocols::admin
