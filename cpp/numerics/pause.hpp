// Tells the processor that a loop is waiting.
#pragma once

namespace mesopop {

inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

}  // namespace mesopop
