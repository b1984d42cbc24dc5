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
#ifndef CKF_TOKEN_INITIALIZED
#define CKF_TOKEN_INITIALIZED (1UL << 10)
#endif
