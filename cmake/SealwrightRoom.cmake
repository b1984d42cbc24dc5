# sealwright_room(NAME [COLD] [TOGETHER] [ALONE ...] SOURCES ... PUBLIC ... PRIVATE ...): one static library a room, and the flags every target shares.
#
# The target is sealwright_<NAME>. Includes start at src/ and at the top of the tree: "base/result.hpp", "hsm/signer.hpp".
# Every room shares one precompiled header of standard headers and Outcome (src/base/pch.hpp).
# TOGETHER compiles a room's files four at a time, which saves a quarter: their headers are read once. Names in their unnamed namespaces must then differ, and
# a file whose classes hold what is in one stands under ALONE. -DSEALWRIGHT_TOGETHER=OFF compiles each file by itself, for whoever edits much; the sanitized
# builds do, so that a file which lives by another one's includes is found.

find_program(SEALWRIGHT_CCACHE ccache)
if(SEALWRIGHT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A precompiled header defeats ccache unless these are said.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime;${SEALWRIGHT_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${SEALWRIGHT_CCACHE}")
endif()

add_library(sealwright_flags INTERFACE)
target_compile_options(sealwright_flags INTERFACE
  -Wall -Wextra -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wconversion>
  -fstack-protector-strong -fno-omit-frame-pointer)
if(SEALWRIGHT_WERROR)
  target_compile_options(sealwright_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(sealwright_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  # gcc collects garbage while it compiles; what fits into this many kB needs none, which saves a twentieth of the time.
  target_compile_options(sealwright_flags INTERFACE --param=ggc-min-heapsize=1048576)
  # gcc 12 reports false positives of these inside libstdc++ at -O2 (GCC bugs 105329, 105562, 107852).
  target_compile_options(sealwright_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict -Wno-maybe-uninitialized
    -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-dangling-pointer>)
endif()
if(SEALWRIGHT_SANITIZE)
  target_compile_options(sealwright_flags INTERFACE -fsanitize=${SEALWRIGHT_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sealwright_flags INTERFACE -fsanitize=${SEALWRIGHT_SANITIZE})
else()
  target_compile_options(sealwright_flags INTERFACE $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
endif()
# What a test checks is optimised, the test's own code is not: that halves the time in which the tests are compiled.
set(_is_test_code $<AND:$<CONFIG:Release,RelWithDebInfo>,$<BOOL:$<TARGET_PROPERTY:SEALWRIGHT_TEST_CODE>>>)
target_compile_options(sealwright_flags INTERFACE $<${_is_test_code}:-O0> $<${_is_test_code}:-U_FORTIFY_SOURCE>)
# COLD rooms wait for people, files and networks: what the optimiser would still find there is not worth half of their build time.
set(_is_cold $<AND:$<CONFIG:Release,RelWithDebInfo>,$<BOOL:$<TARGET_PROPERTY:SEALWRIGHT_COLD>>>)
target_compile_options(sealwright_flags INTERFACE $<${_is_cold}:-O1>)
target_link_options(sealwright_flags INTERFACE -Wl,-z,relro,-z,now)
# gold links in half the time of the default linker, whose package it comes with.
find_program(SEALWRIGHT_GOLD ld.gold)
if(SEALWRIGHT_GOLD AND NOT SEALWRIGHT_SANITIZE AND NOT CMAKE_EXE_LINKER_FLAGS MATCHES "-fuse-ld")
  target_link_options(sealwright_flags INTERFACE -fuse-ld=gold)
endif()
target_compile_definitions(sealwright_flags INTERFACE BOOST_ALL_NO_LIB BOOST_ASIO_NO_DEPRECATED SEALWRIGHT_VERSION="${PROJECT_VERSION}")

function(_sealwright_flags target)
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}/src" "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target} PUBLIC sealwright_flags)
  # Programs would be compiled with -fPIE, which a header precompiled with -fPIC does not serve; code for a library serves a program too.
  target_compile_options(${target} PRIVATE -fPIC)
endfunction()

function(_sealwright_common target)
  _sealwright_flags(${target})
  if(target STREQUAL "sealwright_base")
    target_precompile_headers(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src/base/pch.hpp")
  else()
    target_precompile_headers(${target} REUSE_FROM sealwright_base)
  endif()
endfunction()

function(sealwright_room name)
  cmake_parse_arguments(ROOM "COLD;TOGETHER" "" "ALONE;SOURCES;PUBLIC;PRIVATE" ${ARGN})
  set(target sealwright_${name})
  add_library(${target} STATIC ${ROOM_SOURCES} ${ROOM_ALONE})
  set_target_properties(${target} PROPERTIES SEALWRIGHT_COLD ${ROOM_COLD})
  if(ROOM_TOGETHER AND SEALWRIGHT_TOGETHER)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
    set_source_files_properties(${ROOM_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  _sealwright_common(${target})
  target_link_libraries(${target} PUBLIC ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE})
endfunction()

# sealwright_program(NAME SOURCES ... LINK ...): an executable with the shared flags; its name is the target's.
function(sealwright_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  set_target_properties(${name} PROPERTIES SEALWRIGHT_COLD ON)  # a main function
  _sealwright_common(${name})
  target_link_libraries(${name} PRIVATE sealwright_base ${PROGRAM_LINK})
endfunction()

# sealwright_test_code(TARGET): the flags of tests and their precompiled header, which holds GoogleTest's besides the rooms'.
function(sealwright_test_code target)
  _sealwright_flags(${target})
  target_link_libraries(${target} PUBLIC sealwright_base GTest::gmock)
  set_target_properties(${target} PROPERTIES SEALWRIGHT_TEST_CODE ON)
  if(NOT TARGET sealwright_test_headers)
    add_library(sealwright_test_headers OBJECT "${PROJECT_SOURCE_DIR}/tests/support/pch.cpp")
    sealwright_test_code(sealwright_test_headers)
    target_precompile_headers(sealwright_test_headers PRIVATE "${PROJECT_SOURCE_DIR}/tests/support/pch.hpp")
  endif()
  if(NOT target STREQUAL "sealwright_test_headers")
    target_precompile_headers(${target} REUSE_FROM sealwright_test_headers)
  endif()
endfunction()

# sealwright_test(NAME [TOGETHER] SOURCES ... LINK ... [LABELS ...] [TIMEOUT seconds] [ENVIRONMENT ...]): a GoogleTest program as one CTest.
# Give a slow test the label "slow": tests/run --fast leaves it out. TOGETHER compiles its files four at a time, where their headers take longer to read than they do
# themselves; names in their unnamed namespaces must then differ.
function(sealwright_test name)
  cmake_parse_arguments(TEST "TOGETHER" "TIMEOUT" "SOURCES;LINK;LABELS;ENVIRONMENT" ${ARGN})
  add_executable(test_${name} ${TEST_SOURCES})
  if(TEST_TOGETHER)
    set_target_properties(test_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 4)
  endif()
  sealwright_test_code(test_${name})
  target_link_libraries(test_${name} PRIVATE ${TEST_LINK} GTest::gtest_main)
  set_target_properties(test_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 300)
  endif()
  if(SEALWRIGHT_SANITIZE)
    math(EXPR TEST_TIMEOUT "4 * ${TEST_TIMEOUT}")  # AddressSanitizer's slow walks up the stack make SoftHSM's start five seconds long
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS "${TEST_LABELS}")
  if(TEST_ENVIRONMENT)
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${TEST_ENVIRONMENT}")
  endif()
endfunction()
