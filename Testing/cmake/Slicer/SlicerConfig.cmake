# Stands in for Slicer's build: its macros write down what they were given, one line each, and check it as Slicer does.
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/UseSlicer.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/GenerateConfig.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/Pack.cmake")
set(RECORD "${CMAKE_BINARY_DIR}/record.txt")
file(WRITE "${RECORD}" "")
option(BUILD_TESTING "Register the tests" ON)
set(Slicer_FOUND TRUE)
