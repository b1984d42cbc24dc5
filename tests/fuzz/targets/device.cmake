# What a device reads from its CA, and what of it it keeps.
sealwright_fuzz(device_answers SOURCES targets/device_answers.cpp LINK sealwright_device sealwright_boundary_none)
