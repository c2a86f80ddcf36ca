// One function per topic of the module.
#pragma once

#include <pybind11/pybind11.h>

namespace mesopop {

void bind_build_info(pybind11::module_& m);
void bind_ensemble(pybind11::module_& m);
void bind_numerics(pybind11::module_& m);

}  // namespace mesopop
