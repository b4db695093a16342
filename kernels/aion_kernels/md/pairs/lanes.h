// Vectors that hold the pairs of a tile: four atoms against four, or as many rows of that as fit.
//
// Lane 4a+b is atom a of the first cluster against atom b of the second.  The vectors are those of
// the compiler, so the same code serves every processor; only what it compiles badly is spelt out.

#ifndef AION_MD_LANES_H_
#define AION_MD_LANES_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace aion::md {

constexpr int kAtoms = 4;  // in a cluster

#if defined(__AVX512F__)
constexpr int kRegister = 64;
#elif defined(__AVX__)
constexpr int kRegister = 32;
#else
constexpr int kRegister = 16;
#endif

// Vectors of W lanes hold W/4 rows of a tile.
template <typename T>
struct Vector;
template <>
struct Vector<float> {
  static constexpr int W = kRegister / 4;
  typedef float V __attribute__((vector_size(W * 4)));
  typedef int32_t I __attribute__((vector_size(W * 4)));
  typedef float Four __attribute__((vector_size(16)));
  typedef float FourLoose __attribute__((vector_size(16), aligned(4)));
};
template <>
struct Vector<double> {
  static constexpr int W = kRegister / 8 < 4 ? 4 : kRegister / 8;
  typedef double V __attribute__((vector_size(W * 8)));
  typedef int64_t I __attribute__((vector_size(W * 8)));
  typedef double Four __attribute__((vector_size(32)));
  typedef double FourLoose __attribute__((vector_size(32), aligned(8)));
};

template <typename T>
using V = typename Vector<T>::V;
template <typename T>
using I = typename Vector<T>::I;
template <typename T>
using Four = typename Vector<T>::Four;

template <typename T>
inline Four<T> load_four(const T* p) {
  return *reinterpret_cast<const typename Vector<T>::FourLoose*>(p);
}

// b0 b1 b2 b3 b0 b1 b2 b3 ...; a compiler left alone goes through memory, which stalls.
template <typename T>
inline V<T> repeat(const T* b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (V<T>)_mm512_broadcast_f32x4(_mm_loadu_ps(b));
  else return (V<T>)_mm512_broadcast_f64x4(_mm256_loadu_pd(b));
#else
  V<T> out;
  for (int lane = 0; lane < Vector<T>::W; ++lane) out[lane] = b[lane % kAtoms];
  return out;
#endif
}

// a0 a0 a0 a0 a1 a1 a1 a1 ... from the rows that one vector holds, beginning at `row`
template <typename T>
inline V<T> spread(const T* a, int row) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    const __m512i rows = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
    return (V<T>)_mm512_permutexvar_ps(rows, _mm512_broadcast_f32x4(_mm_loadu_ps(a)));
  } else {
    const __m512i rows = row == 0 ? _mm512_set_epi64(1, 1, 1, 1, 0, 0, 0, 0)
                                  : _mm512_set_epi64(3, 3, 3, 3, 2, 2, 2, 2);
    return (V<T>)_mm512_permutexvar_pd(rows, _mm512_broadcast_f64x4(_mm256_loadu_pd(a)));
  }
#else
  V<T> out;
  for (int lane = 0; lane < Vector<T>::W; ++lane) out[lane] = a[row + lane / kAtoms];
  return out;
#endif
}

// The sum over rows: what acts on each atom of the second cluster.
template <typename T>
inline Four<T> sum_rows(V<T> v) {
  if constexpr (Vector<T>::W == 16) {
    auto eight = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                 __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    return __builtin_shufflevector(eight, eight, 0, 1, 2, 3) +
           __builtin_shufflevector(eight, eight, 4, 5, 6, 7);
  } else if constexpr (Vector<T>::W == 8) {
    return __builtin_shufflevector(v, v, 0, 1, 2, 3) + __builtin_shufflevector(v, v, 4, 5, 6, 7);
  } else {
    return v;
  }
}

// 1/x to the last place or two; a hardware division takes longer than all else in a pair.
inline V<float> reciprocal(V<float> x) {
#if defined(__AVX512F__)
  const V<float> y = (V<float>)_mm512_rcp14_ps((__m512)x);
  return y * (2.0f - x * y);
#else
  return 1.0f / x;
#endif
}
inline V<double> reciprocal(V<double> x) {
#if defined(__AVX512F__)
  V<double> y = (V<double>)_mm512_rcp14_pd((__m512d)x);
  y = y * (2.0 - x * y);
  return y * (2.0 - x * y);
#else
  return 1.0 / x;
#endif
}

template <typename T>
inline V<T> root(V<T> x) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (V<T>)_mm512_sqrt_ps((__m512)x);
  else return (V<T>)_mm512_sqrt_pd((__m512d)x);
#else
  V<T> out;
  for (int lane = 0; lane < Vector<T>::W; ++lane) out[lane] = std::sqrt(x[lane]);
  return out;
#endif
}

// exp(-y) for y >= 0: 2^-n times a Taylor polynomial on |rest| <= ln2/2.
template <typename T>
inline V<T> exp_minus(V<T> y) {
  constexpr bool single = sizeof(T) == 4;
  constexpr T most = single ? T(80) : T(700);
  y = y < most ? y : V<T>{} + most;
  // Adding and taking away 1.5 * 2^(bits of the fraction) rounds to a whole number.
  constexpr T magic = single ? T(12582912.0) : T(6755399441055744.0);
  const V<T> shifted = y * T(1.4426950408889634074) + magic;
  const V<T> n = shifted - magic;
  constexpr T high = single ? T(0.693359375) : T(6.93145751953125e-1);
  constexpr T low = single ? T(-2.12194440e-4) : T(1.42860682030941723212e-6);
  const V<T> x = (n * high - y) + n * low;
  constexpr int terms = single ? 7 : 13;
  V<T> sum = V<T>{} + T(1);
  for (int k = terms; k >= 1; --k) sum = T(1) + sum * x * (T(1) / T(k));
  I<T> bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  constexpr int fraction = single ? 23 : 52;
  I<T> one;
  const V<T> unit = V<T>{} + T(1);
  std::memcpy(&one, &unit, sizeof(one));
  const I<T> power = one - (bits << fraction);  // the low bits of `shifted` are n
  V<T> scale;
  std::memcpy(&scale, &power, sizeof(scale));
  return sum * scale;
}

// Whether any lane of `a` is below `limit`.
template <typename T>
inline bool any_below(V<T> a, T limit) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    return _mm512_cmp_ps_mask((__m512)a, _mm512_set1_ps(limit), _CMP_LT_OQ) != 0;
  } else {
    return _mm512_cmp_pd_mask((__m512d)a, _mm512_set1_pd(limit), _CMP_LT_OQ) != 0;
  }
#else
  bool found = false;
  for (int lane = 0; lane < Vector<T>::W; ++lane) found |= a[lane] < limit;
  return found;
#endif
}

}  // namespace aion::md

#endif  // AION_MD_LANES_H_
