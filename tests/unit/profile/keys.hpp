// keys.hpp: public keys for tests, as base64 of their SubjectPublicKeyInfo. Made by "openssl genpkey ... | openssl pkey
// -pubout -outform DER | base64 -w0".
#pragma once

#include <string_view>

namespace sealwright::profile::testing {

inline constexpr std::string_view kRsa1024 =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDC1o2Gn49eIVrdeRClUuvW2zEdHMqbI/Ii+nA+8DcztPd1gMZnHFyx7F9KsMBd"
    "uts27KiSrrrpdSw3EHqJIz4aPsHxHWcvqAVuX8GLKjEp3I1iNi2tgrLS+TyV9Vu67FiDosHbkVhyJ2bBjZfo/Uegj8PjuriYFj9T"
    "hyUxy5Sc9QIDAQAB";
inline constexpr std::string_view kRsa2048 =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxsp9kixn4qU+yg/WLDEbicR/ybxYnBiLnGoeA+v8g6pR8e6F7NWsZ9Zd"
    "cOC2IKTk+NPTnlejORh5lXfnKcG4XHI+FQKMcHeZi9iTf+ThJ2MsxjsEJF046lgtN8lwZwzFAr7MVegovGlq0Uu6lB36bJfiTc4H"
    "PRYfJFuYWGQa1b14QRgVTY3j/Gq4kQ5wuIsVtACnfxnY8nHHiZnvTL6Ia3FPmDm7l7W+OY8qax9R9qtr0cejB9qQiZsUlwgu34mV"
    "vnIrilmmkFCkmCxzHleNF8EZxiqj+d3np9G0mBalbnS+aDMSA736hUG7mGOUirlXJg0T9awDqIoTFz2lB1KPxQIDAQAB";
inline constexpr std::string_view kRsa3072 =
    "MIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAt0y/YLG1Z9MuWSuISxxlA4iHLBgaxm2bvxSyc+beYmo2Bms+8vcaEYZf"
    "be+6/wEUOxfx1tRFttxmJTM6I9uALVeNOgUd8XHqPE2jsX8wxptHYygQksy+e8ib9qEeDAYDszyhUbfLM74bQMHKSfaXlIDtd/NZ"
    "x7LILnmahlBHqfI0gbBY8fkiElspFwl/x/nr4E0mPZxnb8wceCYzEfB/+I/xYvBXENEFls3QOHlyyBwCG4OIhVLCVwIvE/F+PBGM"
    "DeC1snWpmxlqw8FZfdmO0DXyzT/fFfiXZq6jHXuIQ/2/HWw8tAq75aHbB+hTpoF90EFcLMggOYZO0wM6nH7LKoYLr1H0wKdWmIuy"
    "rODASJq9Kdvk3e69q8FeD2r/KX2wPwMButRTsWi8Qj3zEgPpev7rE+ZkDVgZzkzjyLmI+CJyTI6PL1zPhDPI0ORQOToMJ4u0mhwP"
    "BaAX29maUi/mc+TdES7LO2r9pg1n9QYgwBjWjgNzeo06EpGNJIbR8JhVAgMBAAE=";
inline constexpr std::string_view kP256 =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElp1qpioO1orwnLIKLEuQ/JnbSB0A0xdNTtSPEUHQ/4L+di8/h/KuCbuELG0wvfQU"
    "eVaJDitqasQ/6BslB7xqQw==";
inline constexpr std::string_view kOtherP256 =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4XXXPQNBxTFhgYY9G6ugSt16eXUcRXzGU/oz67QZvcDV6rycSn4y80tifkghPXHW"
    "ifqkXhOa1MnbE6sI8hi/aQ==";
inline constexpr std::string_view kP384 =
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEw4Ro1SxboKTXTbSbmvO36eoezKgzwY/HYTeLHNA9ym10xIZxPkWt7931CIelVu4yJyL5"
    "Lp6xXf0pwSYjQEeSATET0acCbHSF3mHVCOEXSjBuklkRG89YAerP6jHCuqc9";
inline constexpr std::string_view kP521 =
    "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAOQLZpd94mv3pK7FUjbLqOSWYN9HLPWSWcsCW26jerJOpuskOI2czrVYJ4kcP+9O2"
    "XMqBIZCFX5gVJQBE8Ch7nWUBCnxD7tI93a4lxsJUy49w4DleXxIx7SMiuCX3TJ3dEj1ter9cDyOZ0iuGFfgp9RtIbcuida3lbq6+"
    "ndfLCK1nzeU=";
inline constexpr std::string_view kEd25519 = "MCowBQYDK2VwAyEA0tI+J5TlGqUVHAg4T3LwZKkXOvclPY3GKPxCIa1fDJs=";
inline constexpr std::string_view kEd448 =
    "MEMwBQYDK2VxAzoA+jI7iSPx1zZfAXDcOqr78ER0iXr+m8r8tNQTomJV8deQomg8SP/9qt0lDIK9kRVFS3YlwPVzhysA";

}  // namespace sealwright::profile::testing
