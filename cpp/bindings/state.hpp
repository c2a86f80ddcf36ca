// Engine state as a dictionary of NumPy arrays, and back.
#pragma once

#include <pybind11/pybind11.h>

#include "engine/engine.hpp"

namespace mesopop {

pybind11::dict read_state(Engine& engine);

// Throws std::invalid_argument if a field is missing, unknown or of the wrong shape; the engine is then unchanged.
void write_state(Engine& engine, const pybind11::dict& state);

}  // namespace mesopop
