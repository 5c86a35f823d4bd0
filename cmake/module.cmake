# mr_module(<name> SRCS … HDRS … DEPS … [LIBS …] [TESTS …])
#
# One static library a module, its public headers verified to be self-contained, and one test binary
# `<name>_test` of everything in TESTS. DEPS are modules (of a lower layer only), LIBS are third-party targets of
# cmake/deps.cmake that stay private to the module.
add_library(mr_flags INTERFACE)
target_compile_options(mr_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror)
target_include_directories(mr_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(MILLRACE_SANITIZE)
  target_compile_options(mr_flags INTERFACE -fsanitize=${MILLRACE_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(mr_flags INTERFACE -fsanitize=${MILLRACE_SANITIZE})
  # A check at every pointer used doubles the time to compile, and the address sanitizer stops at a null pointer by itself.
  if(MILLRACE_SANITIZE MATCHES undefined)
    target_compile_options(mr_flags INTERFACE -fno-sanitize=null,alignment,object-size,vptr)
  endif()
  # Asio has fences beside its locks, which that sanitizer does not follow; the locks suffice.
  if(MILLRACE_SANITIZE MATCHES thread)
    target_compile_options(mr_flags INTERFACE -Wno-tsan)
  endif()
  # GCC 12's flow analysis reports false positives under the sanitizers' instrumentation.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(mr_flags INTERFACE -Wno-maybe-uninitialized -Wno-stringop-overflow)
  endif()
endif()
if(MILLRACE_FUZZ)
  # Every library carries coverage instrumentation; only the targets of fuzz/ link libFuzzer's main.
  # Clang warns about other things than GCC (and about GCC's headers): here they are not errors.
  target_compile_options(mr_flags INTERFACE -fsanitize=fuzzer-no-link -Wno-error)
endif()

# The standard library read once, not by every file: a fifth of what a tree at -O0 takes to build. Only where a sanitizer is, so that the
# release tree still shows an include that is missing. mr_precompiled(<target>) uses it.
if(MILLRACE_SANITIZE AND NOT MILLRACE_FUZZ)
  # What ccache asks for before it reuses objects that were made with one.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CMAKE_CXX_COMPILER_LAUNCHER})
  foreach(kind library test)
    add_library(mr_pch_${kind} OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cc)
    target_link_libraries(mr_pch_${kind} PRIVATE mr_flags fmt::fmt)
    target_precompile_headers(mr_pch_${kind} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled_${kind}.h)
  endforeach()
  target_link_libraries(mr_pch_test PRIVATE GTest::gtest)
endif()
function(mr_precompiled target kind)
  if(TARGET mr_pch_${kind})
    target_precompile_headers(${target} REUSE_FROM mr_pch_${kind})
  endif()
endfunction()

function(mr_module name)
  cmake_parse_arguments(M "" "" "SRCS;HDRS;DEPS;LIBS;TESTS" ${ARGN})
  add_library(mr_${name} STATIC ${M_SRCS})
  if(NOT M_SRCS)
    message(FATAL_ERROR "module ${name} has no sources")
  endif()
  target_sources(mr_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_SOURCE_DIR}/src FILES ${M_HDRS})
  foreach(dep IN LISTS M_DEPS)
    if(NOT MILLRACE_LAYER_${dep} LESS MILLRACE_LAYER_${name})
      message(FATAL_ERROR "module ${name} must not depend on ${dep}: not a lower layer (docs/ARCHITECTURE.md)")
    endif()
    target_link_libraries(mr_${name} PUBLIC mr_${dep})
  endforeach()
  target_link_libraries(mr_${name} PUBLIC mr_flags fmt::fmt PRIVATE ${M_LIBS})
  mr_precompiled(mr_${name} library)
  if(MILLRACE_TESTS AND M_TESTS)
    add_executable(${name}_test ${M_TESTS})
    target_link_libraries(${name}_test PRIVATE mr_${name} ${M_LIBS} GTest::gtest GTest::gtest_main)
    mr_precompiled(${name}_test test)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES LABELS "${name};unit" TIMEOUT 600)
  endif()
endfunction()
