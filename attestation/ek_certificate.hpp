// ek_certificate.hpp: the certificate of an endorsement key as it comes out of a TPM's NV memory. Known deviations of
// manufacturers are read and reported one by one; everything else that is broken is refused. What was signed is
// verified as it stands, octet by octet. ek_trust.hpp looks for who signed it.
#pragma once

#include "attestation/tpm_structs.hpp"
#include "x509/certificate.hpp"

namespace sealwright::attestation {

// EkQuirk is a deviation that was tolerated, and where.
struct EkQuirk {
    std::string text;
    Part part;
};

// EkCertificate: parsed, and no signature verified. Parts are places in the octets that were given.
struct EkCertificate {
    Bytes der;  // without header and padding
    Part whole, tbs, validity, subject_key, extensions, alternative_name;
    Bytes signed_octets;  // the TBSCertificate as it stands
    Bytes signature_algorithm, signature;
    NameDer issuer;  // with SETs in the order of DER, as the issuer has it
    std::string issuer_text;
    UtcTime not_before{}, not_after{};
    SpkiDer spki;  // with id-rsaEncryption, also where the certificate says id-RSAES-OAEP
    x509::Extensions extensions_list;
    std::vector<EkQuirk> quirks;
    // Of the SAN's directoryName (TCG EK Credential Profile: 2.23.133.2.1 to .3) and of SubjectDirectoryAttributes;
    // empty where absent.
    std::string manufacturer, model, version, specification;
};

// parse_ek_certificate: too_large past kMaxEkCertificate, malformed otherwise.
Result<EkCertificate> parse_ek_certificate(ByteView octets);

// relaxed_key_usage reads keyUsage also where zero bits stand at its end, which DER forbids (X.690 11.2.2) and the
// certificates of a large manufacturer have; nothing for what is no BIT STRING of up to nine bits, or has none set.
std::optional<x509::KeyUsage> relaxed_key_usage(ByteView value);

// is_vendor_id says whether a manufacturer is written as TCG's registry has it: "id:" and eight hexadecimal digits.
bool is_vendor_id(std::string_view manufacturer) noexcept;
// simulator_of names the simulator whose vendor this is; empty for all others.
std::string_view simulator_of(std::string_view manufacturer) noexcept;

// printable gives text from outside in visible ASCII, everything else as \xNN, cut behind limit characters.
std::string printable(std::string_view text, std::size_t limit = 128);

}  // namespace sealwright::attestation
