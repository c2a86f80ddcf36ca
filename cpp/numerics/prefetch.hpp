// A hint that a place in memory is about to be changed.
#pragma once

namespace mesopop {

inline void prefetch_for_writing([[maybe_unused]] const void* place) {
#if defined(__GNUC__) || defined(__clang__)
  __builtin_prefetch(place, 1);
#endif
}

}  // namespace mesopop
