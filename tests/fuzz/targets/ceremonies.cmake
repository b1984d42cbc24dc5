# Scripts, bindings and transcripts of ceremonies; notes and entries that the verifier reads.
sealwright_fuzz(ceremony_script SOURCES targets/ceremony_script.cpp LINK sealwright_ceremony sealwright_boundary_none)
sealwright_fuzz(verifier_formats SOURCES targets/verifier_formats.cpp LINK sealwright_verifier sealwright_ceremony_format sealwright_boundary_none)
sealwright_fuzz(verifier_profile SOURCES targets/verifier_profile.cpp LINK sealwright_verifier sealwright_boundary_none)
