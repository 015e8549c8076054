# Run as a script (cmake -DOUT=x.cpp -DNAMES="a;b" -DFILES="path;path" -P EmbedFiles.cmake): writes the files' bytes into
# a C++ source as string_views tapedeck::replay::embedded::NAME.
set(text "#include <string_view>\n\nnamespace tapedeck::replay::embedded {\n\n")
foreach(name file IN ZIP_LISTS NAMES FILES)
  file(READ "${file}" content)
  string(FIND "${content}" ")_embedded_\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${file} holds the end mark of its own embedding")
  endif()
  string(APPEND text "extern const std::string_view ${name};\nconst std::string_view ${name} = R\"_embedded_(${content})_embedded_\";\n\n")
endforeach()
string(APPEND text "}  // namespace tapedeck::replay::embedded\n")
file(WRITE "${OUT}" "${text}")
