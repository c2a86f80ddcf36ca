// Complete state of an engine as named fields. Every class lists its state once, in visit(); reading, writing and
// checking are visitors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace mesopop {

class StateVisitor {
 public:
  virtual ~StateVisitor() = default;
  virtual void field(const std::string& name, double& value) = 0;
  virtual void field(const std::string& name, std::int64_t& value) = 0;
  virtual void field(const std::string& name, std::vector<double>& values) = 0;
  virtual void field(const std::string& name, std::vector<std::int64_t>& values) = 0;
};

}  // namespace mesopop
