#include "hsm/signer_process/signer_main.hpp"

int main(int argc, char** argv) { return sealwright::hsm::signer_process::signer_main(argc, argv); }
