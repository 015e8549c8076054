# Warnings, sanitizers and ccache: what holds for every target of the project.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(tapedeck_options INTERFACE)
target_compile_options(tapedeck_options INTERFACE -Wall -Wextra -Wshadow -Wconversion -Werror)
target_include_directories(tapedeck_options INTERFACE ${PROJECT_SOURCE_DIR})
if(TAPEDECK_SANITIZE)
  add_compile_options(-fsanitize=${TAPEDECK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TAPEDECK_SANITIZE})
  if(TAPEDECK_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options(-Wno-tsan)  # Asio's fences, which ThreadSanitizer does not see; its mutexes it does
  endif()
endif()
