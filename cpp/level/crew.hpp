// Threads that stand by while one of them leads, and share its work when it calls. They meet several times in a step:
// who waits looks for some microseconds whether the others are there, and then sleeps, so that on a busy machine the
// processor goes to whoever is awaited. (At the end of a parallel region of OpenMP threads may wait for milliseconds
// without giving it away.)
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>

namespace mesopop {

class Crew {
 public:
  explicit Crew(int size) : size_(size) {}

  int size() const { return size_; }

  // Calls lead() on this thread; meanwhile the others stand by.
  template <class Lead>
  void run(const Lead& lead) {
    run(&call<Lead>, &lead);
  }

  // Calls work(part) for every part; only from within lead().
  template <class Work>
  void each(std::int64_t parts, const Work& work) {
    each(parts, &call_part<Work>, &work);
  }

 private:
  using Call = void (*)(const void* what);
  using CallPart = void (*)(const void* what, std::int64_t part);

  template <class Lead>
  static void call(const void* lead) {
    (*static_cast<const Lead*>(lead))();
  }
  template <class Work>
  static void call_part(const void* work, std::int64_t part) {
    (*static_cast<const Work*>(work))(part);
  }

  void run(Call lead, const void* what);
  void each(std::int64_t parts, CallPart work, const void* what);
  void stand_by(int member);
  void do_parts_of(int member);
  template <class Ready>
  void wait_until(const Ready& ready);
  void wake();

  int size_;
  // The work at hand, set before `round_` goes up.
  std::int64_t parts_ = 0;
  CallPart work_ = nullptr;  // null: there will be no more
  const void* what_ = nullptr;
  std::exception_ptr error_;  // the last that a part has thrown

  std::atomic<std::uint64_t> round_{0};  // works begun
  std::atomic<int> busy_{0};             // members that have not finished the work at hand
  std::atomic<int> asleep_{0};
  std::mutex mutex_;
  std::condition_variable woken_;
};

}  // namespace mesopop
