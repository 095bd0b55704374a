# Builds cutaway._cuda, where nvcc is: a module of its own, so that it cannot break the CPU's. It needs
# no CUDA library at run time but the driver's, which it looks for when it is used.
include(CheckLanguage)
if(NOT CMAKE_CUDA_COMPILER)
  unset(CMAKE_CUDA_COMPILER CACHE)  # it may be there by now
endif()
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  if(CUTAWAY_CUDA STREQUAL "ON")
    message(FATAL_ERROR
      "CUTAWAY_CUDA=ON needs nvcc, which was not found. Install the CUDA toolkit; if it is there, "
      "say where: CUDACXX=/usr/local/cuda/bin/nvcc CUTAWAY_CUDA=ON pip install . "
      "Without a GPU, leave CUTAWAY_CUDA out.")
  endif()
  message(STATUS "cutaway: no nvcc was found, so cutaway is built without CUDA")
  return()
endif()

execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --version OUTPUT_VARIABLE nvcc_version)
string(REGEX MATCH "release ([0-9]+\\.[0-9]+)" _ "${nvcc_version}")
set(nvcc_version ${CMAKE_MATCH_1})
if(nvcc_version VERSION_LESS 12.0)
  if(CUTAWAY_CUDA STREQUAL "ON")
    message(FATAL_ERROR
      "CUTAWAY_CUDA=ON needs nvcc 12.0 or newer, found ${nvcc_version}: ${CMAKE_CUDA_COMPILER}. "
      "Install a newer CUDA toolkit, or say where one is: CUDACXX=/usr/local/cuda/bin/nvcc")
  endif()
  message(STATUS "cutaway: nvcc ${nvcc_version} is older than 12.0, so cutaway is built without CUDA")
  return()
endif()

# Every architecture since Turing, and code for those to come. Never `native`: where no GPU is, it
# would build for the oldest.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
  set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90-real)
  if(nvcc_version VERSION_GREATER_EQUAL 12.8)
    list(APPEND CMAKE_CUDA_ARCHITECTURES 100-real 120)
  else()
    list(APPEND CMAKE_CUDA_ARCHITECTURES 90-virtual)
  endif()
endif()
enable_language(CUDA)
message(STATUS "cutaway: building for CUDA architectures ${CMAKE_CUDA_ARCHITECTURES}")

add_library(cutaway_gpu STATIC cpp/cuda/gpu.cu)
set_target_properties(cutaway_gpu PROPERTIES
  CUDA_STANDARD 17
  CUDA_STANDARD_REQUIRED ON
  CUDA_RUNTIME_LIBRARY Static
  CUDA_VISIBILITY_PRESET hidden
  POSITION_INDEPENDENT_CODE ON)
target_include_directories(cutaway_gpu PRIVATE cpp)
string(REPLACE ";" " " architectures "${CMAKE_CUDA_ARCHITECTURES}")
target_compile_definitions(cutaway_gpu PRIVATE CUTAWAY_CUDA_ARCHITECTURES="${architectures}")
# Divisions and roots within 2 ulp: exact ones would more than double the code.
target_compile_options(cutaway_gpu PRIVATE
  -prec-div=false -prec-sqrt=false -lineinfo --threads=2  # lines cost no speed, and sanitizers tell them
  -Xcompiler=-Wall,-Wextra)
if(CUTAWAY_WERROR)  # a register that is spilled is one, too
  target_compile_options(cutaway_gpu PRIVATE
    -Werror=all-warnings -Xcompiler=-Werror -Xptxas=--warn-on-spills,--warning-as-error)
endif()

pybind11_add_module(_cuda MODULE
  cpp/bindings/cuda_module.cpp cpp/cuda/answers.cpp cpp/cuda/cuda_core.cpp cpp/cuda/plan.cpp cpp/cuda/steps.cpp)
set_target_properties(_cuda PROPERTIES CUDA_RUNTIME_LIBRARY Static LINKER_LANGUAGE CXX)
target_link_libraries(_cuda PRIVATE cutaway_gpu ${CMAKE_DL_LIBS})
list(APPEND modules _cuda)
