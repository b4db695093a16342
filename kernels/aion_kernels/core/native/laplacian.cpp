// out[i, j] = wy (f[i-1, j] - 2 f[i, j] + f[i+1, j]) + wx (f[i, j-1] - 2 f[i, j] + f[i, j+1])
//
// The field carries a halo of one cell, so the loop has no boundary and no branch: each row of the
// result reads three rows, which stay in cache, and is one vector loop.

#include "native.h"

namespace {

namespace ffi = aion::ffi;

// Rows are handed to threads in pieces of at least this many cells: starting a thread costs some
// microseconds, which is the time of about this many cells.
constexpr int64_t kCellsPerPiece = 32768;

template <typename T>
void laplacian_row(const T* __restrict above, const T* __restrict here, const T* __restrict below,
                   T wy, T wx, int64_t columns, T* __restrict out) {
  for (int64_t j = 0; j < columns; ++j) {
    const T twice = here[j + 1] + here[j + 1];
    out[j] = wy * (above[j + 1] - twice + below[j + 1]) + wx * (here[j] - twice + here[j + 2]);
  }
}

ffi::Error laplacian_impl(ffi::ThreadPool pool, ffi::AnyBuffer field, ffi::AnyBuffer weights,
                          ffi::Result<ffi::AnyBuffer> result) {
  if (weights.element_type() != field.element_type()) {
    return ffi::Error::InvalidArgument("laplacian: field and weights differ in type");
  }
  return aion::for_real_type(field.element_type(), [&](auto real) {
    using T = decltype(real);
    const auto batch = aion::batch_of(*result, 2);
    const int64_t rows = result->dimensions()[batch.size()];
    const int64_t columns = result->dimensions()[batch.size() + 1];
    const aion::Members<const T> fields(field, 2, batch);
    const aion::Members<const T> weight_pairs(weights, 1, batch);
    const aion::Members<T> results(*result, 2, batch);

    const int64_t grain = kCellsPerPiece / std::max<int64_t>(columns, 1) + 1;
    aion::parallel_for(pool, aion::product(batch) * rows, grain, [&](int64_t begin, int64_t end) {
      while (begin < end) {  // the rows of one member after another
        const int64_t member = begin / rows;
        const int64_t last = std::min(end, (member + 1) * rows);
        const int64_t first = begin - member * rows;
        const T* above = fields[member] + first * (columns + 2);
        const T* weight = weight_pairs[member];
        T* out = results[member] + first * columns;
        for (; begin < last; ++begin, above += columns + 2, out += columns) {
          laplacian_row(above, above + (columns + 2), above + 2 * (columns + 2), weight[0],
                        weight[1], columns, out);
        }
      }
    });
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(laplacian, laplacian_impl,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());
