# What `cmake --install` puts where (FHS, GNUInstallDirs): programs, manual pages, units, profiles, ceremony scripts, completion, documents.
# Configuration and state are made by the operator: docs/operations/.
include(GNUInstallDirs)

set(SEALWRIGHT_DATA_DIR "${CMAKE_INSTALL_DATADIR}/sealwright")

# Programs for people go to bin, services to sbin. A room that is not built yet has no program to install.
foreach(program IN ITEMS sealwright sealwright-verify sealwright-device)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endforeach()
foreach(program IN ITEMS sealwrightd sealwright-signer)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}")
  endif()
endforeach()

foreach(section IN ITEMS 1 5 8)
  file(GLOB pages CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/man/*.${section}")
  if(pages)
    install(FILES ${pages} DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}")
  endif()
endforeach()

install(FILES "${PROJECT_SOURCE_DIR}/src/cli/completion/sealwright.bash"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME sealwright)
if(TARGET sealwright-device)
  install(FILES "${PROJECT_SOURCE_DIR}/src/device/completion/sealwright-device.bash"
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME sealwright-device)
endif()

# Units and example configurations stand beside the service that they are for. A distribution puts units elsewhere than a prefix does.
set(SEALWRIGHT_UNIT_DIR "lib/systemd/system" CACHE STRING "Where systemd units are installed, below the prefix or absolute")
foreach(room IN ITEMS src/server hsm/signer_process src/device)
  file(GLOB units CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${room}/*.service" "${PROJECT_SOURCE_DIR}/${room}/*.socket" "${PROJECT_SOURCE_DIR}/${room}/*.timer")
  if(units)
    install(FILES ${units} DESTINATION "${SEALWRIGHT_UNIT_DIR}")
  endif()
  file(GLOB examples CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${room}/*.example.toml")
  if(examples)
    install(FILES ${examples} DESTINATION "${CMAKE_INSTALL_DOCDIR}/examples")
  endif()
endforeach()

install(DIRECTORY "${PROJECT_SOURCE_DIR}/ceremonies/scripts/" DESTINATION "${SEALWRIGHT_DATA_DIR}/ceremonies"
  FILES_MATCHING PATTERN "*.toml")

if(EXISTS "${PROJECT_SOURCE_DIR}/src/profile/profiles")
  install(DIRECTORY "${PROJECT_SOURCE_DIR}/src/profile/profiles/" DESTINATION "${SEALWRIGHT_DATA_DIR}/profiles" FILES_MATCHING PATTERN "*.toml")
endif()

install(FILES "${PROJECT_SOURCE_DIR}/README.md" "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/docs/" DESTINATION "${CMAKE_INSTALL_DOCDIR}" FILES_MATCHING PATTERN "*.md")
