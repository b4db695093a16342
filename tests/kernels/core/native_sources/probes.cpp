// Kernels that only the tests use: one with every kind of attribute, one that shows its threads.

#include <chrono>
#include <cmath>
#include <string_view>
#include <thread>

#include "native.h"

namespace {

namespace ffi = aion::ffi;

// out[k] = sign * scale * values[index[k]] ** exponent; rule "reverse" reads the index backwards.
ffi::Error gather_power_impl(ffi::AnyBuffer values, ffi::AnyBuffer index,
                             ffi::Result<ffi::AnyBuffer> result, int64_t exponent, bool negative,
                             std::string_view rule, double scale) {
  return aion::for_real_type(values.element_type(), [&](auto real) {
    using T = decltype(real);
    const auto batch = aion::batch_of(*result, 1);
    const int64_t count = result->dimensions()[batch.size()];
    const aion::Members<const T> sources(values, 1, batch);
    const aion::Members<const int32_t> indices(index, 1, batch);
    const aion::Members<T> results(*result, 1, batch);
    for (int64_t member = 0; member < aion::product(batch); ++member) {
      for (int64_t k = 0; k < count; ++k) {
        const int64_t read = rule == "reverse" ? count - 1 - k : k;
        const T value = sources[member][indices[member][read]];
        const T power = std::pow(value, static_cast<T>(exponent));
        results[member][k] = static_cast<T>(negative ? -scale : scale) * power;
      }
    }
  });
}

// The thread that handled each item; each item takes a millisecond, so that others get their turn.
ffi::Error threads_impl(ffi::ThreadPool pool, ffi::AnyBuffer, ffi::Result<ffi::AnyBuffer> result) {
  auto* out = static_cast<int64_t*>(result->untyped_data());
  const int64_t count = static_cast<int64_t>(result->element_count()) - 1;
  out[count] = pool.num_threads();
  aion::parallel_for(pool, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      out[k] = static_cast<int64_t>(std::hash<std::thread::id>{}(std::this_thread::get_id()) >> 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  return ffi::Error::Success();
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(gather_power, gather_power_impl,
                              ffi::Ffi::Bind()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<int64_t>("exponent")
                                  .Attr<bool>("negative")
                                  .Attr<std::string_view>("rule")
                                  .Attr<double>("scale"));

XLA_FFI_DEFINE_HANDLER_SYMBOL(threads, threads_impl,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>());
