# Sealed PINs and locations in the signer's files; the verifier's reading of the journal.
sealwright_fuzz(sealed_pin SOURCES targets/sealed_pin.cpp LINK sealwright_signer_rules sealwright_boundary_none)
sealwright_fuzz(key_register SOURCES targets/key_register.cpp LINK sealwright_signer_rules sealwright_boundary_none)
sealwright_fuzz(verifier_journal SOURCES targets/verifier_journal.cpp LINK sealwright_verifier sealwright_signer_rules sealwright_boundary_none)
