// The compiled network from the nested dictionary that mesopop.compiled writes.
#pragma once

#include <pybind11/pybind11.h>

#include "model/network.hpp"

namespace mesopop {

NetworkSpec network_from_dict(const pybind11::dict& description);

}  // namespace mesopop
