# site.sh: a small site on simulated hardware, in one folder: two SoftHSM tokens, the ceremony's bindings, the configuration of signer and daemon. Sourced by
# simulators/demo and by simulators/site/prepare. Needs SEALWRIGHT_ROOT, and BIN where the programs are.
#
#   DIR/softhsm/              the tokens, their PINs as credentials files
#   DIR/bindings.toml         of ceremonies/scripts/two-tier.toml
#   DIR/ceremony/             the bundle;  DIR/ceremony-head.txt: what a ceremony would have on paper
#   DIR/profiles/             of the daemon
#   DIR/tpm/NAME/             simulated TPMs, and DIR/tpm-vendor/, their manufacturer: where the site takes attested devices
#   DIR/signer.toml, DIR/sealwrightd.toml
#   DIR/state/, DIR/run/      of the daemon and the signer

SITE_SCRIPT="$SEALWRIGHT_ROOT/ceremonies/scripts/two-tier.toml"

# site_tokens DIR: makes the tokens "sealwright-root" and "sealwright-online".
site_tokens() {
    local dir=$1
    "$SEALWRIGHT_ROOT/simulators/softhsm/provision" --folder "$dir/softhsm" --init "$BIN/softhsm_init" \
        --token sealwright-root "$dir/softhsm/root.pin" "$dir/softhsm/root.so-pin" \
        --token sealwright-online "$dir/softhsm/online.pin" "$dir/softhsm/online.so-pin" >/dev/null
}

site_softhsm_module() { python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["module"])' "$1/softhsm/softhsm.json"; }

# site_environment DIR: what processes that load SoftHSM need.
site_environment() { export SOFTHSM2_CONF="$1/softhsm/softhsm2.conf"; }

# site_bindings DIR HTTP_PORT: production bindings on simulated tokens; the people are roles.
site_bindings() {
    local dir=$1 http=$2 module
    module=$(site_softhsm_module "$dir")
    cat >"$dir/bindings.toml" <<EOF
# A ceremony on simulated tokens. A site's own bindings name its HSMs by serial number and its people by name.
format = 1
mode = "production"
place = "simulators/demo"

[[token]]
role = "root"
module = "$module"
label = "sealwright-root"
pin = { file = "softhsm/root.pin" }

[[token]]
role = "online"
module = "$module"
label = "sealwright-online"
pin = { file = "softhsm/online.pin" }

[[person]]
role = "operator"
name = "Simulated operator"
initials = "SO"

[[person]]
role = "custodian"
name = "Simulated custodian"
initials = "SC"

[[person]]
role = "witness"
name = "Simulated witness"
initials = "SW"

[values]
organization = "Sealwright Demo"
root_name = "Sealwright Demo Root CA"
issuing_name = "Sealwright Demo Issuing CA 1"
root_crl = "http://127.0.0.1:$http/crl/root.crl"
root_issuer = "http://127.0.0.1:$http/aia/root.cer"
crl = "http://127.0.0.1:$http/crl/issuing.crl"
issuer = "http://127.0.0.1:$http/aia/issuing.cer"
ocsp = "http://127.0.0.1:$http/ocsp"

[names]
tls = ["ca.demo.sealwright.test", "localhost"]

[logs]
transcript = "ca.demo.sealwright.test/ceremony/two-tier-1"
audit = "ca.demo.sealwright.test/audit"
EOF
}

# site_ceremony DIR: holds the ceremony; everything is confirmed unattended, and the transcript says so.
site_ceremony() {
    local dir=$1
    "$BIN/sealwright" ceremony run "$SITE_SCRIPT" --bindings "$dir/bindings.toml" --out "$dir/ceremony" --head-file "$dir/ceremony-head.txt" --yes
}

# site_tpm DIR NAME PROFILE: makes the simulated TPM DIR/tpm/NAME (simulators/swtpm/provision), and its manufacturer if need be. Before site_configuration, which
# then lets the daemon trust that manufacturer. One that another manufacturer makes: site_tpm DIR NAME PROFILE VENDOR_FOLDER.
site_tpm() {
    "$SEALWRIGHT_ROOT/simulators/swtpm/provision" --folder "$1/tpm/$2" --vendor "${4:-$1/tpm-vendor}" --profile "$3"
}

# site_configuration DIR HTTP_PORT HTTPS_PORT [MODULE]: MODULE is what the signer loads instead of SoftHSM (the faulty module).
site_configuration() {
    local dir=$1 http=$2 https=$3 module
    module=${4:-$(site_softhsm_module "$dir")}
    mkdir -p "$dir/profiles" "$dir/state" "$dir/run"
    chmod 700 "$dir/state" "$dir/run"
    cp "$SEALWRIGHT_ROOT"/simulators/site/profiles/*.toml "$dir/profiles/"
    cat "$dir/ceremony/artefacts/issuing.pem" "$dir/ceremony/artefacts/root.pem" >"$dir/ca-chain.pem"
    local attestation=''
    if [ -e "$dir/tpm-vendor/root.pem" ]; then
        cp "$SEALWRIGHT_ROOT"/simulators/site/tpm-profiles/*.toml "$dir/profiles/"
        attestation=$(printf '[attestation]\nroots = "%s"\nintermediates = "%s"' "$dir/tpm-vendor/root.pem" "$dir/tpm-vendor/issuer.pem")
    fi
    cat >"$dir/signer.toml" <<EOF
format = 1
socket = "$dir/run/signer.sock"
journal = "$dir/run/signer.journal"
module = "$module"
allowed_uids = [$(id -u)]
lanes = 4
keys_file = "$dir/ceremony/artefacts/signer-keys.toml"

[token]
label = "sealwright-online"
pin = { file = "$dir/softhsm/online.pin" }

# SoftHSM keeps its tokens in this folder. The counting module of the tests writes beside it.
[token.sandbox]
write = ["$dir"]
EOF
    cat >"$dir/sealwrightd.toml" <<EOF
format = 1
state = "$dir/state"

[listen]
https = "127.0.0.1:$https"
http = "127.0.0.1:$http"
admin = "$dir/run/admin.sock"

[ca]
certificate = "$dir/ceremony/artefacts/issuing.pem"
chain = "$dir/ca-chain.pem"
root_crl = "$dir/ceremony/artefacts/root.crl"

[tls]
certificate = "$dir/ceremony/artefacts/tls-chain.pem"

[ocsp]
certificate = "$dir/ceremony/artefacts/ocsp.pem"

[crl]
file = "$dir/state/issuing.crl"

[audit]
key = "$dir/ceremony/artefacts/audit-key.pem"
origin = "ca.demo.sealwright.test/audit"

[signer]
socket = "$dir/run/signer.sock"
# Here one user runs both; a site gives the signer a user of its own.
allow_same_user = true

[profiles]
directory = "$dir/profiles"

[urls]
crl = "http://127.0.0.1:$http/crl/issuing.crl"
ocsp = "http://127.0.0.1:$http/ocsp"
issuer = "http://127.0.0.1:$http/aia/issuing.cer"

$attestation
EOF
}

# free_port PREFERRED: that port of the loopback, or another if it is taken.
free_port() {
    python3 - "$1" <<'EOF'
import socket, sys
for port in (int(sys.argv[1]), 0):
    try:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            print(s.getsockname()[1])
            break
    except OSError:
        pass
EOF
}

# start_and_wait NAME LOG COMMAND...: starts a program that writes a byte to --ready-fd when it serves; its process id is in STARTED_PID.
start_and_wait() {
    local name=$1 log=$2 fifo
    shift 2
    fifo=$(mktemp -u)
    mkfifo "$fifo"
    "$@" --ready-fd 9 9>"$fifo" >>"$log" 2>&1 </dev/null &
    STARTED_PID=$!
    # head ends at the first byte, or when the program ends and its descriptor closes without one.
    if [ "$(timeout 60 head -c 1 "$fifo" | wc -c)" -ne 1 ]; then
        rm -f "$fifo"
        say "$name did not start; the end of $log:"
        tail -n 15 "$log" >&2
        return 1
    fi
    rm -f "$fifo"
}
