sealwright_fuzz(key_backup SOURCES targets/key_backup.cpp LINK sealwright_hsm)
