// main.cpp: sealwright-device, the device's side of enrolment.
#include "device/device_main.hpp"

int main(int argc, char** argv) { return sealwright::device::device_main(argc, argv); }
