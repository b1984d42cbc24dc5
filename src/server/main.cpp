#include "server/server_main.hpp"

int main(int argc, char** argv) { return sealwright::server::sealwrightd_main(argc, argv); }
