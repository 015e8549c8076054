# The report's page, its style and scripts, and Chart.js, built into the replay library: a report is one offline file.
find_file(CHART_JS chart.min.js PATHS /usr/share/javascript/chart.js NO_DEFAULT_PATH REQUIRED)
set(report_files ${PROJECT_SOURCE_DIR}/replay/report_page.html ${PROJECT_SOURCE_DIR}/replay/report_page.css
                 ${PROJECT_SOURCE_DIR}/replay/report_page.js ${CHART_JS})
set(report_source ${PROJECT_BINARY_DIR}/replay/report_embedded.cpp)
set(report_names kPage kStyle kScript kChartJs)
add_custom_command(
  OUTPUT ${report_source}
  COMMAND ${CMAKE_COMMAND} "-DOUT=${report_source}" "-DNAMES=${report_names}" "-DFILES=${report_files}"
          -P ${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake
  DEPENDS ${report_files} ${PROJECT_SOURCE_DIR}/cmake/EmbedFiles.cmake
  VERBATIM)
target_sources(tapedeck_replay PRIVATE ${report_source})
target_compile_definitions(tapedeck_replay PRIVATE TAPEDECK_VERSION="${PROJECT_VERSION}")
