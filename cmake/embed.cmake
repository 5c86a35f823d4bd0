# mr_embed(<out.cc> ENTRIES name=path …): writes a source file that carries files as bytes of the binary
# (src/serve/http/embedded.h). The assembler reads them (.incbin): nothing is turned into text on the way.
function(mr_embed out)
  cmake_parse_arguments(E "" "" "ENTRIES" ${ARGN})
  list(SORT E_ENTRIES)
  set(body "// Written by cmake/embed.cmake: do not edit.\n#include \"serve/http/embedded.h\"\n\n")
  set(table "")
  set(paths "")
  set(i 0)
  foreach(entry IN LISTS E_ENTRIES)
    string(REGEX MATCH "^([^=]*)=(.*)$" ignored "${entry}")
    set(name "${CMAKE_MATCH_1}")
    set(path "${CMAKE_MATCH_2}")
    list(APPEND paths "${path}")
    string(APPEND body
      "asm(\".section .rodata\\nmr_embedded_${i}:\\n.incbin \\\"${path}\\\"\\nmr_embedded_end_${i}:\\n.byte 0\\n"
      ".global mr_embedded_${i}\\n.global mr_embedded_end_${i}\\n.previous\\n\");\n"
      "extern \"C\" const char mr_embedded_${i}[];\nextern \"C\" const char mr_embedded_end_${i}[];\n")
    string(APPEND table
      "        {\"${name}\", {mr_embedded_${i}, static_cast<std::size_t>(mr_embedded_end_${i} - mr_embedded_${i})}},\n")
    math(EXPR i "${i} + 1")
  endforeach()
  string(APPEND body "\nnamespace mr::serve {\n\nstd::span<const EmbeddedFile> embedded_files() {\n"
    "    static const EmbeddedFile files[] = {\n${table}    };\n    return files;\n}\n\n}  // namespace mr::serve\n")
  file(CONFIGURE OUTPUT ${out} CONTENT "${body}" @ONLY)
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${paths}")
endfunction()
