// checkpoint_vectors.hpp: made by make_checkpoint_vectors.py (pyca/cryptography); do not edit.
// clang-format off
#pragma once

#include <string_view>

namespace sealwright::audit::vectors {

inline constexpr std::string_view kOrigin = "ca.example/audit";
inline constexpr std::string_view kEd25519Spki = "302a300506032b657003210077aaba0cb1b28218a26d84c70a1b574744925d82f8fb878d97d1ab9ab088c097";
inline constexpr std::string_view kEd25519Vkey = "ca.example/audit+480c2284+AXequgyxsoIYom2ExwobV0dEkl2C+PuHjZfRq5qwiMCX";
inline constexpr std::string_view kEd25519Note = "ca.example/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n— ca.example/audit SAwihHPE1wC/mTynvq/4YpLG+lDBJo4231MQf5MkO3WNjXY9RkUTg8uaUXCrG2T4eEOjgaNovCFrHK+13l/KsTp2Twg=\n";
inline constexpr std::string_view kP256Spki = "3059301306072a8648ce3d020106082a8648ce3d0301070342000486375684dc782a2994054cfa7dcb59853a97f732dd1bbf3676743760a32ff353a2da278f4a3a61c2f4b0e97f85225f01c8a7a60f1385e4504e20040a55a05200";
inline constexpr std::string_view kP256Vkey = "ca.example/audit+18b56fa0+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIY3VoTceCoplAVM+n3LWYU6l/cy3Ru/NnZ0N2CjL/NTotonj0o6YcL0sOl/hSJfAcinpg8TheRQTiAEClWgUgA=";
inline constexpr std::string_view kP256Note = "ca.example/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n— ca.example/audit GLVvoDBGAiEAxkW8f6Wfn0cdYYTz9bmuR+/ChvbHIP8uZw+gK9RlXw0CIQCUI/i23s+NKpbfiiq4LrTzC2tITxhgz3D2ldoFLHmBHg==\n";
inline constexpr std::string_view kP384Spki = "3076301006072a8648ce3d020106052b810400220362000486475ee76f9aee7cb9b8dda8bd0d9c193ab3dab8a477663fe21545d0d684cba95588fe84c53b7eb8f969e24bf8e3d76ed88c9908d245b6c566cd7237ceb892c0a5fdc3e70eb206e3cc172a07ce93ce02fb955820caa557cab80fbdef430ae064";
inline constexpr std::string_view kP384Vkey = "ca.example/audit+0494fade+AjB2MBAGByqGSM49AgEGBSuBBAAiA2IABIZHXudvmu58ubjdqL0NnBk6s9q4pHdmP+IVRdDWhMupVYj+hMU7frj5aeJL+OPXbtiMmQjSRbbFZs1yN864ksCl/cPnDrIG48wXKgfOk84C+5VYIMqlV8q4D73vQwrgZA==";
inline constexpr std::string_view kP384Note = "ca.example/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n— ca.example/audit BJT63jBkAjBS4XLE0KIduNmZDsN9MtlfzZc8xBeF4KtapS2MTK0Xs8aGXtPXnGWoUUxy8s3gOYYCMBjJkGR09U727GSLPNqcZIIemlHtYNGIf69D+csHfxZ+haI5F1fJqPwJRq/ej9316Q==\n";

}  // namespace sealwright::audit::vectors
