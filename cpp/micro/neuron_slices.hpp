// Division of a population into slices: the unit of work of a thread. It depends on nothing but the size.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/neuron_block.hpp"

namespace mesopop {

class NeuronSlices {
 public:
  explicit NeuronSlices(std::int64_t size) : size_(size) {
    // What a slice receives in a step stays in the cache; small populations are not worth a second thread.
    const std::int64_t count =
        size <= kSmall ? 1 : kMultiple * ((size + kMultiple * kWidth - 1) / (kMultiple * kWidth));
    width_ = padded_to_block((size + count - 1) / count);
  }

  std::int64_t count() const { return (size_ + width_ - 1) / width_; }
  std::int64_t width() const { return width_; }
  std::int64_t first(std::int64_t slice) const { return slice * width_; }
  std::int64_t last(std::int64_t slice) const { return std::min((slice + 1) * width_, size_); }
  std::int64_t size() const { return size_; }

 private:
  static constexpr std::int64_t kSmall = 4096, kWidth = 16384, kMultiple = 4;

  std::int64_t size_;
  std::int64_t width_;
};

}  // namespace mesopop
