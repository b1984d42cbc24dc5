#!/usr/bin/env bash
# seeds.sh [FOLDER]: makes the first samples of the X.509 targets with openssl, into FOLDER/<target>/ (default: corpus beside this file).
# Keys are fresh at each run, so that the samples differ in octets and not in kind.
set -euo pipefail
out=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/corpus}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for target in der_reader spki name general_names extensions certificate csr crl ocsp_request ocsp_response path; do mkdir -p "$out/$target"; done

cat > c.cnf <<'CNF'
[req]
distinguished_name = dn
prompt = no
[dn]
C = DE
O = Example
CN = fuzz
[ca]
basicConstraints = critical,CA:TRUE,pathlen:1
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[constrained]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
extendedKeyUsage = serverAuth
certificatePolicies = 1.2.3.4
policyConstraints = critical,requireExplicitPolicy:0
inhibitAnyPolicy = critical,0
nameConstraints = critical,permitted;DNS:example.org,permitted;IP:192.0.2.0/255.255.255.0,permitted;email:example.org,excluded;URI:.bad.example,permitted;dirName:dn
[request]
keyUsage = critical,digitalSignature
subjectAltName = @san
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
certificatePolicies = 1.2.3.4
subjectAltName = @san
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:http://crl.example.org/a.crl
authorityInfoAccess = OCSP;URI:http://ocsp.example.org/
[san]
DNS.1 = www.example.org
DNS.2 = *.example.org
IP.1 = 192.0.2.1
email.1 = a@example.org
URI.1 = https://a.example.org/
RID.1 = 1.2.3.4
otherName.1 = 1.3.6.1.4.1.311.20.2.3;UTF8:u@example.org
dirName.1 = dn
CNF
key() { openssl genpkey -algorithm "$@" 2>/dev/null; }
key EC -pkeyopt ec_paramgen_curve:P-256 > ec.pem
key EC -pkeyopt ec_paramgen_curve:P-384 > ec384.pem
key RSA -pkeyopt rsa_keygen_bits:1024 > rsa.pem
key ED25519 > ed.pem
for k in ec ec384 rsa ed; do
    openssl pkey -in $k.pem -pubout -outform DER -out "$out/spki/$k"
    openssl req -new -key $k.pem -config c.cnf -reqexts request -outform DER -out "$out/csr/$k"
done
openssl req -new -key ec.pem -subj /CN=x -addext subjectAltName=DNS:a.example -out "$out/csr/pem"
openssl req -x509 -key ec.pem -config c.cnf -extensions ca -days 3650 -out root.pem
openssl req -new -key ec384.pem -subj /CN=ca -out ca.csr
openssl x509 -req -in ca.csr -CA root.pem -CAkey ec.pem -set_serial 2 -days 3650 -extfile c.cnf -extensions constrained -out ca.pem 2>/dev/null
openssl req -new -key ec.pem -config c.cnf -out leaf.csr
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ec384.pem -set_serial 3 -days 3650 -extfile c.cnf -extensions leaf -out leaf.pem 2>/dev/null
openssl x509 -req -in leaf.csr -signkey ec.pem -days 3650 -outform DER -out "$out/certificate/version1" 2>/dev/null
for c in root ca leaf; do openssl x509 -in $c.pem -outform DER -out "$out/certificate/$c"; done
cat leaf.pem root.pem > "$out/certificate/pem"
cat "$out/certificate/leaf" "$out/certificate/ca" "$out/certificate/root" > "$out/path/three"
cat "$out/certificate/ca" "$out/certificate/root" > "$out/path/two"
cat "$out/certificate/leaf" "$out/certificate/root" > "$out/path/wrong"

printf '[ca]\ndefault_ca=c\n[c]\ndatabase=index.txt\ncrlnumber=n\ncertificate=root.pem\nprivate_key=ec.pem\ndefault_md=sha256\ndefault_crl_days=7\ncrl_extensions=e\n[e]\nauthorityKeyIdentifier=keyid\nissuingDistributionPoint=critical,@i\n[i]\nfullname=URI:http://a/\nonlyuser=TRUE\n' > crl.cnf
printf 'R\t270101000000Z\t261101000000Z,keyCompromise\t05\tunknown\t/CN=a\nR\t270101000000Z\t261101000000Z\t06\tunknown\t/CN=b\n' > index.txt
echo 01 > n
openssl ca -gencrl -config crl.cnf 2>/dev/null | openssl crl -outform DER -out "$out/crl/entries"
: > index.txt
openssl ca -gencrl -config crl.cnf 2>/dev/null | openssl crl -outform DER -out "$out/crl/empty"

openssl ocsp -issuer root.pem -cert ca.pem -reqout "$out/ocsp_request/nonce" >/dev/null
openssl ocsp -issuer root.pem -cert ca.pem -no_nonce -reqout "$out/ocsp_request/plain" >/dev/null
openssl ocsp -issuer root.pem -cert ca.pem -cert leaf.pem -sha256 -cert ca.pem -signer root.pem -signkey ec.pem -reqout "$out/ocsp_request/signed" >/dev/null
printf 'R\t270101000000Z\t261101000000Z,keyCompromise\t05\tunknown\t/CN=a\nV\t270101000000Z\t\t06\tunknown\t/CN=b\n' > index.txt
openssl ocsp -index index.txt -rsigner root.pem -rkey ec.pem -CA root.pem -issuer root.pem -serial 5 -serial 6 -serial 7 -resp_key_id -ndays 7 -respout "$out/ocsp_response/three" >/dev/null
printf '\x30\x03\x0a\x01\x06' > "$out/ocsp_response/unauthorized"

der_at() { openssl asn1parse -inform DER -in "$1" -strparse "$2" -noout -out "$3"; }
# The value of each extension of the CA and the leaf, behind the octet that names its type (targets/extensions.cpp).
value() { # certificate, name as asn1parse shows it, type, target name
    local at
    at=$(openssl asn1parse -inform DER -in "$out/certificate/$1" | grep -A2 ":$2\$" | grep 'OCTET STRING' | head -1 | sed 's/^ *\([0-9]*\):.*/\1/')
    der_at "$out/certificate/$1" "$at" v
    { printf "\\x$(printf %02x "$3")"; cat v; } > "$out/extensions/$4"
}
value ca 'X509v3 Key Usage' 1 key_usage
value root 'X509v3 Basic Constraints' 2 basic_constraints
value leaf 'X509v3 Extended Key Usage' 3 ext_key_usage
value root 'X509v3 Subject Key Identifier' 4 subject_key_identifier
value leaf 'X509v3 Certificate Policies' 6 certificate_policies
value leaf 'Authority Information Access' 7 authority_info_access
value leaf 'X509v3 CRL Distribution Points' 8 crl_distribution_points
value ca 'X509v3 Name Constraints' 9 name_constraints
value ca 'X509v3 Policy Constraints' 10 policy_constraints
value ca 'X509v3 Inhibit Any Policy' 11 inhibit_any_policy
value leaf 'X509v3 Subject Alternative Name' 0 san
tail -c +2 "$out/extensions/san" > "$out/general_names/all"
rm "$out/extensions/san"
printf '\x05\x30\x05\x80\x03\x01\x02\x03' > "$out/extensions/authority_key_identifier"
printf '\x0c\x30\x03\x81\x01\xff' > "$out/extensions/issuing_distribution_point"
printf '\x00\x30\x0c\x30\x0a\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x00' > "$out/extensions/list"
printf '\x00\x30\x0c\x30\x0a\x06\x03\x55\x1d\x0f\x01\x01\x00\x04\x00' > "$out/extensions/critical_false"

printf '\x30\x1f\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02DE\x31\x10\x30\x0e\x06\x03\x55\x04\x0a\x0c\x07Example' > "$out/name/der"
printf '\x30\x16\x31\x14\x30\x08\x06\x03\x55\x04\x03\x0c\x01\x78\x30\x08\x06\x03\x55\x04\x05\x13\x01\x31' > "$out/name/two_in_one_rdn"
printf '\x30\x10\x31\x0e\x30\x0c\x06\x03\x55\x04\x03\x1e\x05\x00\x4d\x00\xfc\x00' > "$out/name/half_a_character"
printf 'CN=Lu\\C4\\8Di\\C4\\87 \\, x+serialNumber=1,O=Org\\ ,DC=example,1.2.3=#0c0178' > "$out/name/text"
printf 'DNS:www.example.org' > "$out/general_names/dns_text"
printf 'IP:2001:db8::1' > "$out/general_names/ip_text"
printf '\x30\x80\x00\x00' > "$out/der_reader/indefinite"
printf '\x04\x81\x01\x00' > "$out/der_reader/long_length"
printf '\x30\x26\x01\x01\xff\x02\x02\x00\x80\x03\x02\x07\x80\x06\x03\x55\x1d\x0f\x05\x00\x17\x0d261122105729Z\x0a\x01\x01\x04\x00' > "$out/der_reader/types"
cp "$out/certificate/leaf" "$out/der_reader/certificate"
