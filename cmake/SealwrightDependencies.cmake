# Third-party libraries, each behind one imported target, so that a room names what it uses and nothing else reaches it.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(tomlplusplus REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(P11KIT REQUIRED IMPORTED_TARGET p11-kit-1)

# libp11 ships a pkg-config file on Debian; only its module loading is used (hsm/pkcs11/module.cpp).
pkg_check_modules(LIBP11 REQUIRED IMPORTED_TARGET libp11)

# tpm2-tss: marshalling for the verifier of attestations, and the enhanced system API with its transports for src/tpm alone.
pkg_check_modules(TSS2_MU REQUIRED IMPORTED_TARGET tss2-mu)
pkg_check_modules(TSS2_ESYS REQUIRED IMPORTED_TARGET tss2-esys tss2-tctildr tss2-mu tss2-rc)

pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)

# The PKCS#11 headers alone: programs must not link p11-kit itself.
add_library(sealwright_pkcs11_headers INTERFACE)
target_include_directories(sealwright_pkcs11_headers SYSTEM INTERFACE ${P11KIT_INCLUDE_DIRS})

# Debian builds toml++ as a shared library; header-only mode costs seconds per file.
add_library(sealwright_toml INTERFACE)
target_link_libraries(sealwright_toml INTERFACE tomlplusplus::tomlplusplus)
