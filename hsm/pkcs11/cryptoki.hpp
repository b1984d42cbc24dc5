// cryptoki.hpp: the PKCS#11 C header as this room sees it, with the names of 3.x that p11-kit's 2.40 header lacks. Only
// .cpp files and internal headers of hsm/pkcs11 (and the PKCS#11 simulators) include it.
#pragma once

#include <p11-kit/pkcs11.h>

#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID (0x4UL)
#endif
#ifndef CKA_OBJECT_VALIDATION_FLAGS
#define CKA_OBJECT_VALIDATION_FLAGS (0x617UL)
#endif
// PKCS#11 3.0: EdDSA's parameters; 3.2: ML-DSA (OASIS pkcs11t.h).
struct CK_EDDSA_PARAMS_3_0 {
    CK_BBOOL ph_flag;
    CK_ULONG context_length;
    CK_BYTE* context;
};
#ifndef CKK_ML_DSA
#define CKK_ML_DSA (0x4aUL)
#define CKM_ML_DSA_KEY_PAIR_GEN (0x1cUL)
#define CKM_ML_DSA (0x1dUL)
#define CKA_PARAMETER_SET (0x61dUL)
#define CKP_ML_DSA_44 (1UL)
#define CKP_ML_DSA_65 (2UL)
#define CKP_ML_DSA_87 (3UL)
#endif
// PKCS#11 2.40, 2.1.21: CK_RSA_AES_KEY_WRAP_PARAMS.
struct CK_RSA_AES_KEY_WRAP_PARAMS_2_40 {
    CK_ULONG aes_key_bits;
    CK_RSA_PKCS_OAEP_PARAMS* oaep;
};
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP (0x210bUL)
#endif
#ifndef CKF_TOKEN_INITIALIZED
#define CKF_TOKEN_INITIALIZED (1UL << 10)
#endif
