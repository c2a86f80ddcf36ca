// Bins ordered from the oldest to the newest, column by column, in a window that slides through its storage: bins join
// at the back and leave at the front without moving the others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/state.hpp"
#include "numerics/simd.hpp"

namespace mesopop {

// Steps between two passes of merging: rare enough to cost little, frequent enough that few bins gather in between.
inline constexpr std::int64_t kMergeInterval = 8;

class BinTable {
 public:
  explicit BinTable(std::size_t columns) : columns_(columns, std::vector<double>(kInitialCapacity, 0.0)) {}

  std::size_t size() const { return end_ - begin_; }
  std::size_t columns() const { return columns_.size(); }

  // First bin of a column; values up to the next multiple of kLanes may be read and written. What stands there is
  // finite, and zero in columns that kernels multiply into themselves.
  double* column(std::size_t c) { return columns_[c].data() + begin_; }
  const double* column(std::size_t c) const { return columns_[c].data() + begin_; }

  // Adds a bin of zeros at the back and returns its position.
  std::size_t append() {
    if (end_ + 1 + kLanes > columns_.front().size()) make_room();
    for (auto& column : columns_) column[end_] = 0.0;
    return end_++ - begin_;
  }

  void drop_front() { ++begin_; }

  // One pass from the oldest to the newest bin: drops those that `empty(bin)` and lets the previous remaining bin
  // absorb those that are `close(previous, bin)` by `absorb(previous, bin)`.
  template <class Empty, class Close, class Absorb>
  void reduce(Empty empty, Close close, Absorb absorb) {
    const std::size_t count = size();
    // Most bins are neither empty nor close to their neighbour: runs of them are found and moved as a whole.
    const auto next_to_go = [&](std::size_t from) {
      while (from < count && !empty(from) && !(from > 0 && close(from - 1, from))) ++from;
      return from;
    };
    std::size_t bin = next_to_go(0);
    if (bin == count) return;
    std::size_t kept = bin;
    while (bin < count) {
      if (empty(bin)) {
        ++bin;
      } else if (kept > 0 && close(kept - 1, bin)) {
        absorb(kept - 1, bin++);
      } else {
        const std::size_t end = next_to_go(bin + 1);
        move(bin, end, kept);
        kept += end - bin;
        bin = end;
      }
    }
    for (auto& column : columns_) {
      std::fill(column.begin() + static_cast<std::ptrdiff_t>(begin_ + kept),
                column.begin() + static_cast<std::ptrdiff_t>(end_), 0.0);
    }
    end_ = begin_ + kept;
  }

  void visit(StateVisitor& visitor, const std::string& prefix) {
    compact();
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      columns_[c].resize(end_);
      visitor.field(prefix + "/bins/" + std::to_string(c), columns_[c]);
    }
    end_ = columns_.front().size();  // a visitor that writes may bring another number of bins
    for (auto& column : columns_) column.resize(std::max(kInitialCapacity, 2 * (end_ + kLanes)), 0.0);
  }

 private:
  static constexpr std::size_t kInitialCapacity = 64;
  static constexpr std::size_t kShortRun = 16;  // not worth a call of memmove

  void move(std::size_t first, std::size_t last, std::size_t to) {
    if (first == to) return;
    for (auto& column : columns_) {
      double* const window = column.data() + begin_;
      if (last - first < kShortRun) {
        for (std::size_t bin = first; bin < last; ++bin) window[to + bin - first] = window[bin];
      } else {
        std::copy(window + first, window + last, window + to);
      }
    }
  }

  void compact() {
    const std::size_t live = size();
    for (auto& column : columns_) {
      std::copy(column.begin() + static_cast<std::ptrdiff_t>(begin_),
                column.begin() + static_cast<std::ptrdiff_t>(end_), column.begin());
      std::fill(column.begin() + static_cast<std::ptrdiff_t>(live), column.end(), 0.0);
    }
    begin_ = 0;
    end_ = live;
  }

  void make_room() {
    compact();
    // At most half full after making room, so that the copies cost a constant per bin.
    if (end_ > columns_.front().size() / 2) {
      const std::size_t capacity = 2 * columns_.front().size();
      for (auto& column : columns_) column.resize(capacity, 0.0);
    }
  }

  std::vector<std::vector<double>> columns_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace mesopop
