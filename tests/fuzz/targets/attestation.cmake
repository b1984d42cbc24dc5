# The readers of TPM evidence, and the verifier as a whole. Seeds: what swtpm wrote (tests/unit/attestation/data), and the software TPM of tests/support.
foreach(target IN ITEMS tpm_public tpm_attest tpm_signature ek_certificate attestation_record attestation_evidence)
  sealwright_fuzz(${target} SOURCES targets/${target}.cpp LINK sealwright_attestation sealwright_x509 sealwright_crypto sealwright_asn1)
endforeach()
target_compile_definitions(fuzz_attestation_evidence PRIVATE SEALWRIGHT_ATTESTATION_DATA="${PROJECT_SOURCE_DIR}/tests/unit/attestation/data")
