#include "tpm/response_code.hpp"

#include <gmock/gmock.h>
#include <tss2/tss2_tpm2_types.h>

namespace sealwright::tpm::test {
namespace {

using testing::HasSubstr;

TEST(ResponseCode, IsReadWithoutTheParameterThatItIsAbout) {
    EXPECT_EQ(base_code(0x9a2), static_cast<TSS2_RC>(TPM2_RC_BAD_AUTH));   // session 1
    EXPECT_EQ(base_code(0x1df), static_cast<TSS2_RC>(TPM2_RC_INTEGRITY));  // parameter 1
    EXPECT_EQ(base_code(0x902), static_cast<TSS2_RC>(TPM2_RC_OBJECT_MEMORY));
    EXPECT_EQ(base_code(0xc0902), static_cast<TSS2_RC>(TPM2_RC_OBJECT_MEMORY)) << "from a resource manager";
    EXPECT_EQ(base_code(0xa000a), 0U) << "from the TCTI";
}

TEST(ResponseCode, IsToldInWordsWithWhatToDo) {
    EXPECT_THAT(tpm_error(0x921, "signing").public_detail(), HasSubstr("TPM: signing: the TPM is locked out"));
    EXPECT_THAT(tpm_error(0x921, "signing").public_detail(), HasSubstr("\n"));
    EXPECT_THAT(tpm_error(0x921, "signing").private_detail(), HasSubstr("0x921"));
    EXPECT_THAT(tpm_error(0x120, "signing").public_detail(), HasSubstr("firmware's setup"));
    EXPECT_EQ(tpm_error(0x1df, "loading a key").code(), ErrorCode::invalid_signature);
    EXPECT_EQ(tpm_error(0x2c4, "signing").code(), ErrorCode::token) << "a code that nobody explains";
    EXPECT_EQ(tpm_error(0xa000a, "signing").code(), ErrorCode::unavailable);
    EXPECT_TRUE(check(0, "signing"));
}

}  // namespace
}  // namespace sealwright::tpm::test
