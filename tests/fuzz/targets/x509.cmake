# The parsers of src/asn1, src/crypto and src/x509.
sealwright_fuzz(der_reader SOURCES targets/der_reader.cpp LINK sealwright_asn1)
sealwright_fuzz(spki SOURCES targets/spki.cpp LINK sealwright_crypto)
foreach(target IN ITEMS name general_names extensions certificate csr crl ocsp_request ocsp_response path)
  sealwright_fuzz(${target} SOURCES targets/${target}.cpp LINK sealwright_x509 sealwright_crypto sealwright_asn1)
endforeach()
