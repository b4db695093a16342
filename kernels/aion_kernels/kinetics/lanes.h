// Eight numbers side by side: one of each of eight members of a batch.
//
// A stiff reactor is too small to fill a vector register with its own numbers, so a register holds
// the same number of eight reactors.  GCC and Clang turn the operators on these types into the
// widest instructions that the processor has.  Exponential and logarithm are written out, because
// the C library's do not vectorise without options that change other arithmetic too.

#ifndef AION_KINETICS_LANES_H_
#define AION_KINETICS_LANES_H_

#include <cmath>
#include <cstdint>

namespace aion::kinetics {

constexpr int kLanes = 8;
typedef double Lanes __attribute__((vector_size(8 * kLanes)));
typedef int64_t Mask __attribute__((vector_size(8 * kLanes)));  // all bits set where true

inline Lanes all(double x) { return Lanes{} + x; }
inline Lanes select(Mask where, Lanes yes, Lanes no) {
  return (Lanes)((where & (Mask)yes) | (~where & (Mask)no));
}
inline Lanes minimum(Lanes a, Lanes b) { return select(a < b, a, b); }
inline Lanes maximum(Lanes a, Lanes b) { return select(a > b, a, b); }

inline bool any(Mask mask) {
  int64_t bits = 0;
  for (int lane = 0; lane < kLanes; ++lane) bits |= mask[lane];
  return bits != 0;
}

inline double smallest(Lanes x) {
  double found = x[0];
  for (int lane = 1; lane < kLanes; ++lane) found = x[lane] < found ? x[lane] : found;
  return found;
}

inline double largest(Lanes x) { return -smallest(-x); }

inline Lanes square_root(Lanes x) {
  Lanes root;
  for (int lane = 0; lane < kLanes; ++lane) root[lane] = std::sqrt(x[lane]);
  return root;
}

// e^x to about one unit in the last place: x = n ln 2 + r, Taylor to r^13; 0 below -708.
inline Lanes exp(Lanes x) {
  const Mask vanishes = x < -708.0;
  x = minimum(maximum(x, all(-708.0)), all(709.0));
  const double shift = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to a whole number
  const Lanes shifted = x * 1.4426950408889634 + shift;
  const Lanes whole = shifted - shift;
  const Lanes r = (x - whole * 0x1.62e42fee00000p-1) - whole * 0x1.a39ef35793c76p-33;
  Lanes sum = all(1.0 / 6227020800.0);
  const double factors[] = {1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0,
                            1.0 / 40320.0,     1.0 / 5040.0,     1.0 / 720.0,     1.0 / 120.0,
                            1.0 / 24.0,        1.0 / 6.0,        0.5,             1.0,
                            1.0};
  for (const double factor : factors) sum = sum * r + factor;
  const Mask scale = ((Mask)shifted + 1023) << 52;  // the low bits of `shifted` hold n
  return select(vanishes, Lanes{}, sum * (Lanes)scale);
}

// ln x of normal positive numbers: x = 2^k (1 + f), series in f / (2 + f) with minimax factors.
inline Lanes log(Lanes x) {
  const Mask bits = (Mask)x;
  Mask exponent = (bits >> 52) - 1023;
  Lanes m = (Lanes)((bits & 0x000fffffffffffffLL) | 0x3ff0000000000000LL);
  const Mask large = m > 1.4142135623730951;
  m = select(large, 0.5 * m, m);
  exponent = exponent - large;  // true is minus one
  const Lanes k = __builtin_convertvector(exponent, Lanes);
  const Lanes f = m - 1.0, s = f / (2.0 + f), z = s * s;
  const double factors[] = {1.531383769920937332e-01, 1.818357216161805012e-01,
                            2.222219843214978396e-01, 2.857142874366239149e-01,
                            3.999999999940941908e-01, 6.666666666666735130e-01};
  Lanes sum = all(1.479819860511658591e-01);
  for (const double factor : factors) sum = sum * z + factor;
  const Lanes half = 0.5 * f * f;
  const Lanes low = k * 0x1.a39ef35793c76p-33;
  return k * 0x1.62e42fee00000p-1 - ((half - (s * (half + sum * z) + low)) - f);
}

// A number with its derivatives by temperature and by one other quantity.
struct Dual {
  Lanes value, by_temperature, by_other;
};

inline Dual constant(double x) { return {all(x), Lanes{}, Lanes{}}; }
inline Dual chain(Dual x, Lanes value, Lanes slope) {
  return {value, slope * x.by_temperature, slope * x.by_other};
}
inline Dual operator+(Dual a, Dual b) {
  return {a.value + b.value, a.by_temperature + b.by_temperature, a.by_other + b.by_other};
}
inline Dual operator-(Dual a, Dual b) {
  return {a.value - b.value, a.by_temperature - b.by_temperature, a.by_other - b.by_other};
}
inline Dual operator*(Dual a, Dual b) {
  return {a.value * b.value, a.by_temperature * b.value + a.value * b.by_temperature,
          a.by_other * b.value + a.value * b.by_other};
}
inline Dual operator*(double a, Dual b) {
  return {a * b.value, a * b.by_temperature, a * b.by_other};
}
inline Dual operator+(Dual a, double b) { return {a.value + b, a.by_temperature, a.by_other}; }
inline Dual inverse(Dual x) { return chain(x, 1.0 / x.value, -1.0 / (x.value * x.value)); }
inline Dual operator/(Dual a, Dual b) { return a * inverse(b); }
inline Dual exp(Dual x) {
  const Lanes value = exp(x.value);
  return chain(x, value, value);
}
// ln x, constant below 1e-300 where it would have no derivative.
inline Dual log(Dual x) {
  const Mask tiny = !(x.value > 1e-300);
  const Lanes safe = select(tiny, all(1e-300), x.value);
  return chain(x, log(safe), select(tiny, Lanes{}, 1.0 / safe));
}

}  // namespace aion::kinetics

#endif  // AION_KINETICS_LANES_H_
