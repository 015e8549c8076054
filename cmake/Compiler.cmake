# Warnings, sanitizers and ccache: what holds for every target of the project.
find_program(CCACHE ccache)
if(CCACHE)  # the sloppiness is what ccache asks for beside precompiled headers
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

add_library(tapedeck_options INTERFACE)
target_compile_options(tapedeck_options INTERFACE -pthread -Wall -Wextra -Wshadow -Wconversion -Werror)
target_include_directories(tapedeck_options INTERFACE ${PROJECT_SOURCE_DIR})
if(TAPEDECK_SANITIZE)
  add_compile_options(-fsanitize=${TAPEDECK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TAPEDECK_SANITIZE})
  if(TAPEDECK_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-tsan)  # Asio's fences, which ThreadSanitizer does not see; its mutexes it does
  endif()
endif()

# The standard library, Boost's result and fmt are parsed once: it saves a third of a clean build. g++ only, so that the
# clang build proves that each file includes what it uses.
#   tapedeck_precompile(TARGET...)
add_library(tapedeck_precompiled STATIC ${PROJECT_SOURCE_DIR}/cmake/precompiled.cpp)
function(tapedeck_precompile)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    foreach(target ${ARGN})
      target_precompile_headers(${target} REUSE_FROM tapedeck_precompiled)
    endforeach()
  endif()
endfunction()
