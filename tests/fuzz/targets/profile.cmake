# The TOML of profiles, the linter, and the template engine before it.
foreach(target IN ITEMS profile lint_certificate lint_crl template)
  sealwright_fuzz(${target} SOURCES targets/${target}.cpp LINK sealwright_profile sealwright_x509 sealwright_crypto sealwright_asn1)
endforeach()
