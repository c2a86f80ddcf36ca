#include "level/crew.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

#include "numerics/pause.hpp"

namespace mesopop {

namespace {

// Looks before going to sleep: some tens of microseconds, what waking up takes.
constexpr int kLooks = 1000;

}  // namespace

void Crew::run(Call lead, const void* what) {
  std::exception_ptr error;  // must not leave the parallel region
#ifdef _OPENMP
#pragma omp parallel num_threads(size_)
  {
    // There may be fewer than were asked for.
#pragma omp single
    size_ = omp_get_num_threads();
    const int member = omp_get_thread_num();
    if (member > 0) {
      stand_by(member);
    } else {
      try {
        lead(what);
      } catch (...) {
        error = std::current_exception();
      }
      work_ = nullptr;
      ++round_;
      wake();
    }
  }
#else
  size_ = 1;
  lead(what);
#endif
  if (error) std::rethrow_exception(error);
}

void Crew::each(std::int64_t parts, CallPart work, const void* what) {
  parts_ = parts;
  work_ = work;
  what_ = what;
  error_ = nullptr;
  busy_ = size_ - 1;
  ++round_;
  wake();
  do_parts_of(0);
  wait_until([&] { return busy_ == 0; });
  if (error_) std::rethrow_exception(error_);
}

void Crew::stand_by(int member) {
  for (std::uint64_t done = 0;; ++done) {
    wait_until([&] { return round_ != done; });
    if (!work_) return;
    do_parts_of(member);
    if (--busy_ == 0) wake();
  }
}

// Each member has its own range of parts, always the same, which stays in its cache.
void Crew::do_parts_of(int member) {
  const std::int64_t first = parts_ * member / size_, last = parts_ * (member + 1) / size_;
  for (std::int64_t part = first; part < last; ++part) {
    try {
      work_(what_, part);
    } catch (...) {
      const std::lock_guard<std::mutex> alone(mutex_);
      error_ = std::current_exception();
    }
  }
}

template <class Ready>
void Crew::wait_until(const Ready& ready) {
  for (int look = 0; look < kLooks; ++look) {
    if (ready()) return;
    pause();
  }
  std::unique_lock<std::mutex> lock(mutex_);
  // Counted before the last look, so that whoever makes it ready after that look sees that somebody sleeps.
  ++asleep_;
  woken_.wait(lock, ready);
  --asleep_;
}

void Crew::wake() {
  if (asleep_ == 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  woken_.notify_all();
}

}  // namespace mesopop
