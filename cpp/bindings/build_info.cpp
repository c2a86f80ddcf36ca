#include <pybind11/stl.h>

#include "bindings/topics.hpp"
#include "kernels/kernels.hpp"

namespace py = pybind11;

namespace mesopop {

void bind_build_info(py::module_& m) {
  m.def("build_info", [] {
    py::dict info;
    info["compiler"] = MESOPOP_COMPILER;
    info["flags"] = MESOPOP_FLAGS;
#ifdef _OPENMP
    info["openmp"] = std::to_string(_OPENMP);
#else
    info["openmp"] = py::none();
#endif
    info["instruction_sets"] = compiled_instruction_sets();
    info["instruction_set"] = best_instruction_set();
    return info;
  });
}

}  // namespace mesopop
