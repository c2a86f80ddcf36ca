#include <pybind11/pybind11.h>

#include "bindings/topics.hpp"

PYBIND11_MODULE(_core, m) {
  m.doc() = "Compiled core of mesopop. Internal: use the functions of the package.";
  mesopop::bind_build_info(m);
  mesopop::bind_ensemble(m);
  mesopop::bind_numerics(m);
}
