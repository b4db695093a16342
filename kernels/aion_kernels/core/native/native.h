// What every native kernel shares: batches, types and threads.
//
// A kernel is a function of one member's arrays.  jax.vmap puts leading dimensions in front of every
// buffer, each of the batch's size or of size 1 where all members share the array; Members finds
// the array of one member without copying the shared ones.  parallel_for spreads the work over
// XLA's own threads, so that native kernels and compiled programs never compete for cores.

#ifndef AION_NATIVE_H_
#define AION_NATIVE_H_

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "xla/ffi/api/ffi.h"

namespace aion {

namespace ffi = ::xla::ffi;

// The arrays of a batch's members inside one buffer; the last `rank` dimensions are the member's.
template <typename T>
class Members {
 public:
  // `batch` are the leading dimensions of a result, which are never shared.
  Members(ffi::AnyBuffer buffer, size_t rank, ffi::Span<const int64_t> batch)
      : data_(static_cast<T*>(buffer.untyped_data())), dims_(buffer.dimensions()), batch_(batch) {
    for (size_t d = dims_.size() - rank; d < dims_.size(); ++d) size_ *= dims_[d];
  }

  T* operator[](int64_t member) const {
    int64_t offset = 0;
    int64_t stride = size_;
    for (size_t d = batch_.size(); d-- > 0;) {
      const int64_t index = member % batch_[d];
      member /= batch_[d];
      if (dims_[d] != 1) offset += index * stride;
      stride *= dims_[d];
    }
    return data_ + offset;
  }

 private:
  T* data_;
  ffi::Span<const int64_t> dims_;
  ffi::Span<const int64_t> batch_;
  int64_t size_ = 1;
};

// The leading dimensions of a result whose member has `rank` dimensions, and their product.
inline ffi::Span<const int64_t> batch_of(ffi::AnyBuffer result, size_t rank) {
  const auto dims = result.dimensions();
  return ffi::Span<const int64_t>(dims.begin(), dims.size() - rank);
}

inline int64_t product(ffi::Span<const int64_t> dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

// Calls `body(T{})` with T the C++ type of the array's elements: float or double.
template <typename Body>
ffi::Error for_real_type(ffi::DataType type, Body&& body) {
  switch (type) {
    case ffi::DataType::F32:
      body(float{});
      return ffi::Error::Success();
    case ffi::DataType::F64:
      body(double{});
      return ffi::Error::Success();
    default:
      return ffi::Error::InvalidArgument("a native kernel takes float32 or float64 arrays");
  }
}

// Calls `body(begin, end)` on pieces of [0, count) of at least `grain` items, on XLA's threads.
//
// The caller works too, and waits only for pieces that another thread has already begun.  So it
// cannot deadlock when every thread of the pool runs a kernel that waits, which is what XLA does
// with independent calls.  A helper that arrives late finds no piece left and never touches `body`,
// which by then may be gone.
template <typename Body>
void parallel_for(ffi::ThreadPool& pool, int64_t count, int64_t grain, const Body& body) {
  const int64_t threads = std::max<int64_t>(pool.num_threads(), 1);
  // Four pieces a thread even out threads that start late or are interrupted.
  const int64_t piece = std::max({grain, (count + 4 * threads - 1) / (4 * threads), int64_t{1}});
  const int64_t pieces = (count + piece - 1) / piece;
  if (pieces <= 1 || threads == 1) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }

  struct Progress {
    std::atomic<int64_t> begun{0};
    int64_t finished = 0;
    std::mutex mutex;
    std::condition_variable all_finished;
  };
  auto progress = std::make_shared<Progress>();

  auto work = [progress, pieces, piece, count, &body] {
    int64_t finished = 0;
    for (int64_t p; (p = progress->begun.fetch_add(1)) < pieces; ++finished) {
      body(p * piece, std::min(count, (p + 1) * piece));
    }
    if (finished == 0) return;
    std::lock_guard<std::mutex> lock(progress->mutex);
    progress->finished += finished;
    if (progress->finished == pieces) progress->all_finished.notify_one();
  };

  for (int64_t helper = 1; helper < std::min(threads, pieces); ++helper) {
    pool.Schedule([work] { work(); });
  }
  work();
  std::unique_lock<std::mutex> lock(progress->mutex);
  progress->all_finished.wait(lock, [&] { return progress->finished == pieces; });
}

}  // namespace aion

#endif  // AION_NATIVE_H_
