// The threads that share the work of one engine. What is done in parts must not depend on who does them: parts are
// fixed, and each writes what no other touches.
#pragma once

#include <cstdint>
#include <exception>

#include "level/crew.hpp"

namespace mesopop {

class Team {
 public:
  // Threads that are called together for every work: for few and long works.
  explicit Team(int size = 1) : size_(size) {}
  // Threads that stand by: for many short ones.
  explicit Team(Crew& crew) : size_(crew.size()), crew_(&crew) {}

  // Calls work(part) for every part.
  template <class Work>
  void each(std::int64_t parts, const Work& work) const {
    if (size_ == 1 || parts == 1) {
      for (std::int64_t part = 0; part < parts; ++part) work(part);
      return;
    }
    if (crew_) {
      crew_->each(parts, work);
      return;
    }
    std::exception_ptr error;  // must not leave the parallel region
#pragma omp parallel for schedule(static) num_threads(size_)
    for (std::int64_t part = 0; part < parts; ++part) {
      try {
        work(part);
      } catch (...) {
#pragma omp critical
        error = std::current_exception();
      }
    }
    if (error) std::rethrow_exception(error);
  }

 private:
  int size_;
  Crew* crew_ = nullptr;
};

}  // namespace mesopop
