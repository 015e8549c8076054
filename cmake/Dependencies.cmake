# Every library the project uses, as a target; all are Debian packages listed in tools/setup.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlidec libbrotlienc)

add_library(re2::re2 ALIAS PkgConfig::RE2)
add_library(zstd ALIAS PkgConfig::ZSTD)
add_library(xxhash ALIAS PkgConfig::XXHASH)
add_library(brotli ALIAS PkgConfig::BROTLI)

# Asio and Beast compiled once, in one translation unit each, instead of in every user.
add_library(tapedeck_asio STATIC cmake/asio.cpp cmake/beast.cpp)
target_compile_definitions(tapedeck_asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                                BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(tapedeck_asio PUBLIC Boost::headers Threads::Threads)
add_library(asio ALIAS tapedeck_asio)

target_link_libraries(tapedeck_precompiled PRIVATE tapedeck_options Boost::headers fmt::fmt Threads::Threads)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_precompile_headers(tapedeck_precompiled PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp)
endif()
