# Debian 12's packages (DESIGN D1), found once for all layers.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS unit_test_framework json)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(Poco 1.11 REQUIRED COMPONENTS Foundation Util Net Data DataSQLite)
find_package(pugixml REQUIRED)
find_package(expat CONFIG REQUIRED)
find_package(LibXml2 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(date CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)

# Proton has no CMake configuration and its .pc files name two that do not exist.
find_path(PROTON_INCLUDE proton/proactor.h REQUIRED)
find_library(PROTON_LIBRARY qpid-proton REQUIRED)
add_library(Proton::engine UNKNOWN IMPORTED)
set_target_properties(Proton::engine PROPERTIES
  IMPORTED_LOCATION ${PROTON_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${PROTON_INCLUDE})

# What the executables allocate with: much is made on one thread and freed on another, where glibc's
# allocator is slow (tests/bench/README.md). Sanitizers bring an allocator of their own.
add_library(masar_allocator INTERFACE)
find_library(TCMALLOC_LIBRARY libtcmalloc_minimal.so.4)
if(TCMALLOC_LIBRARY AND NOT MASAR_SANITIZE)
  target_link_libraries(masar_allocator INTERFACE ${TCMALLOC_LIBRARY})
elseif(NOT MASAR_SANITIZE)
  message(STATUS "libtcmalloc_minimal (Debian: libtcmalloc-minimal4, by ops/setup) is not there: "
    "the executables allocate with the C library")
endif()
