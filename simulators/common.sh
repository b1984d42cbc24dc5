# common.sh: what simulators/demo and tests/run share: finding the tree, installing Debian packages that are missing, building. Sourced by bash.

set -euo pipefail

SEALWRIGHT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SEALWRIGHT_VAR="$SEALWRIGHT_ROOT/var"

# What it takes to build, and what the demo and the tests use besides. Boost is named with its version: the unversioned packages of Debian 12 are 1.74.
BUILD_PACKAGES=(g++ cmake ninja-build ccache pkg-config
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev libp11-dev libp11-kit-dev
    libtomlplusplus-dev libcli11-dev libseccomp-dev libspdlog-dev libfmt-dev libsqlite3-dev libtss2-dev)
RUN_PACKAGES=(softhsm2 openssl curl gnutls-bin python3 binutils swtpm swtpm-tools tpm2-tools tpm2-openssl tpm2-abrmd libtss2-tcti-tabrmd0
    dbus-daemon)
TEST_PACKAGES=(libgtest-dev libgmock-dev libbenchmark-dev sqlite3 man-db groff opensc ca-certificates)

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$(basename "$0"): $*"
    exit 1
}

# as_root runs a command with the rights to install packages.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        die "packages are missing and this is neither root nor is there sudo; as root run: apt-get install $*"
    fi
}

# install_missing installs those of its arguments that dpkg does not know as installed.
install_missing() {
    local package missing=()
    for package in "$@"; do
        if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
            missing+=("$package")
        fi
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "installing: ${missing[*]}"
    mkdir -p "$SEALWRIGHT_VAR"
    local log="$SEALWRIGHT_VAR/apt.log"
    if ! { as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        die "apt-get failed; the whole output is in $log"
    fi
}

# build_preset PRESET TESTS [TARGET...] configures (if need be) and builds targets of a preset; all of them when none is named. TESTS is ON, or OFF to
# do without the packages that only tests need; a folder that was configured with tests keeps them.
build_preset() {
    local preset=$1 tests=$2
    shift 2
    if [ "$tests" = OFF ] && grep -qs '^SEALWRIGHT_TESTS:BOOL=ON' "$SEALWRIGHT_VAR/build/$preset/CMakeCache.txt"; then tests=ON; fi
    local log="$SEALWRIGHT_VAR/build-$preset.log" started=$SECONDS
    mkdir -p "$SEALWRIGHT_VAR"
    say "building ($preset); the whole output goes to ${log#"$SEALWRIGHT_ROOT"/}"
    if ! { (cd "$SEALWRIGHT_ROOT" && cmake --preset "$preset" -DSEALWRIGHT_TESTS="$tests") && cmake --build "$SEALWRIGHT_VAR/build/$preset" ${1:+--target "$@"}; } >"$log" 2>&1; then
        grep -E -A 6 'error|FAILED' "$log" | head -n 60 >&2 || tail -n 40 "$log" >&2
        die "the build failed; the whole output is in $log"
    fi
    say "built in $((SECONDS - started)) s"
}
