#include "bindings/state.hpp"

#include <pybind11/numpy.h>

#include <map>
#include <stdexcept>

namespace py = pybind11;

namespace mesopop {

namespace {

class Reader final : public StateVisitor {
 public:
  py::dict state;
  void field(const std::string& name, double& value) override { put(name, &value, 1); }
  void field(const std::string& name, std::int64_t& value) override { put(name, &value, 1); }
  void field(const std::string& name, std::vector<double>& v) override { put(name, v.data(), v.size()); }
  void field(const std::string& name, std::vector<std::int64_t>& v) override { put(name, v.data(), v.size()); }

 private:
  template <class T>
  void put(const std::string& name, const T* values, std::size_t size) {
    state[py::str(name)] = py::array_t<T>(static_cast<py::ssize_t>(size), values);
  }
};

// Checks every field, and with `commit` also writes it.
class Writer final : public StateVisitor {
 public:
  Writer(const py::dict& state, bool commit) : state_(state), commit_(commit) {}
  std::size_t seen = 0;

  void field(const std::string& name, double& value) override { scalar(name, value); }
  void field(const std::string& name, std::int64_t& value) override { scalar(name, value); }
  void field(const std::string& name, std::vector<double>& values) override { vector(name, values); }
  void field(const std::string& name, std::vector<std::int64_t>& values) override { vector(name, values); }

 private:
  template <class T>
  py::array_t<T> find(const std::string& name) {
    ++seen;
    if (!state_.contains(name)) throw std::invalid_argument("state lacks the field '" + name + "'");
    const py::object values = state_[py::str(name)];
    if (!py::isinstance<py::array_t<T>>(values) || values.cast<py::array>().ndim() != 1) {
      throw std::invalid_argument("state field '" + name + "' has the wrong type or shape");
    }
    return values.cast<py::array_t<T, py::array::c_style>>();
  }

  template <class T>
  void scalar(const std::string& name, T& value) {
    const auto values = find<T>(name);
    if (values.size() != 1) throw std::invalid_argument("state field '" + name + "' must have one value");
    if (name == "step" && *values.data() < 0) throw std::invalid_argument("state field 'step' must not be negative");
    if (commit_) value = *values.data();
  }

  template <class T>
  void vector(const std::string& name, std::vector<T>& target) {
    const auto values = find<T>(name);
    // Age bins come and go, all columns of a population together; everything else has a size given by the network.
    const std::size_t bins = name.find("/bins/");
    const bool resizable = bins != std::string::npos;
    if (resizable) {
      const auto [known, first] = bins_.try_emplace(name.substr(0, bins), values.size());
      if (!first && known->second != values.size()) {
        throw std::invalid_argument("state fields '" + name.substr(0, bins) + "/bins' have unequal lengths");
      }
    }
    if (!resizable && static_cast<std::size_t>(values.size()) != target.size()) {
      throw std::invalid_argument("state field '" + name + "' has " + std::to_string(values.size()) +
                                  " values, expected " + std::to_string(target.size()));
    }
    if (commit_) target.assign(values.data(), values.data() + values.size());
  }

  const py::dict& state_;
  bool commit_;
  std::map<std::string, py::ssize_t> bins_;
};

}  // namespace

py::dict read_state(Engine& engine) {
  Reader reader;
  engine.visit(reader);
  return reader.state;
}

void write_state(Engine& engine, const py::dict& state) {
  Writer check(state, false);
  engine.visit(check);
  if (check.seen != state.size()) throw std::invalid_argument("state has fields that this network does not have");
  const py::dict before = read_state(engine);
  try {
    Writer commit(state, true);
    engine.visit(commit);
  } catch (...) {
    Writer undo(before, true);  // fields that fit, but values that do not
    engine.visit(undo);
    throw;
  }
}

}  // namespace mesopop
