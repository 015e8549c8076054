# tapedeck_folder(NAME MAY_INCLUDE folders... USES libraries...)
#   Makes the static library tapedeck_NAME (alias tapedeck::NAME) of NAME/*.cpp, and remembers NAME for tests/CMakeLists.txt.
function(tapedeck_folder name)
  cmake_parse_arguments(ARG "" "" "MAY_INCLUDE;USES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${name}/*.cpp ${PROJECT_SOURCE_DIR}/${name}/*/*.cpp)
  add_library(tapedeck_${name} STATIC ${sources})
  add_library(tapedeck::${name} ALIAS tapedeck_${name})
  list(TRANSFORM ARG_MAY_INCLUDE PREPEND tapedeck::)
  target_link_libraries(tapedeck_${name} PUBLIC tapedeck_options Boost::headers Threads::Threads ${ARG_MAY_INCLUDE}
                                         PRIVATE fmt::fmt ${ARG_USES})
  tapedeck_precompile(tapedeck_${name})
  set_property(GLOBAL APPEND PROPERTY TAPEDECK_FOLDERS ${name})
  set_property(GLOBAL PROPERTY TAPEDECK_USES_${name} "${ARG_USES}")
endfunction()
