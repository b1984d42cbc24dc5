# What comes by HTTP: requests with their framing, targets, bodies of enrolment and of the admin API, OCSP in a path; and the daemon's own configuration.
sealwright_fuzz(http_request SOURCES targets/http_request.cpp LINK sealwright_http_server sealwright_beast sealwright_boundary_none)
sealwright_fuzz(http_target SOURCES targets/http_target.cpp LINK sealwright_http_server)
sealwright_fuzz(ocsp_get_path SOURCES targets/ocsp_get_path.cpp LINK sealwright_protocols_ocsp sealwright_boundary_none)
sealwright_fuzz(native_body SOURCES targets/native_body.cpp LINK sealwright_protocols_native sealwright_test_support sealwright_boundary_none)
sealwright_fuzz(admin_body SOURCES targets/admin_body.cpp LINK sealwright_protocols_admin sealwright_test_support sealwright_boundary_none)
sealwright_fuzz(daemon_config SOURCES targets/daemon_config.cpp LINK sealwright_server_main sealwright_boundary_none)
sealwright_fuzz(native_attestation SOURCES targets/native_attestation.cpp LINK sealwright_protocols_native sealwright_fake_device sealwright_test_support sealwright_boundary_none)
