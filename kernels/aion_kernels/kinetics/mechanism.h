// Production rates of a mechanism and all their derivatives, for eight members at once.
//
// The tables are those of mechanism.py, in its order; rate_constants.py and rates.py say what is
// computed.  Here it is done reaction by reaction: rate constants carry their derivatives by
// temperature and by [M] or pressure with them, products are differentiated factor by factor, and
// what every concentration does through [M] or the pressure is added to a whole row at the end.

#ifndef AION_KINETICS_MECHANISM_H_
#define AION_KINETICS_MECHANISM_H_

#include <string>
#include <utility>
#include <vector>

#include "lanes.h"
#include "native.h"

namespace aion::kinetics {

constexpr double kGasConstant = 8314.46261815324;
constexpr double kLn10 = 2.302585092994046;
constexpr double kLargestExponent = 690.7755278982137;  // ln 1e300
constexpr int kTables = 29;                             // arrays that make a mechanism

// A table of numbers with up to four dimensions, row by row.
template <typename T>
struct Table {
  const T* data = nullptr;
  int64_t size[4] = {1, 1, 1, 1};
  const T* row(int64_t i) const { return data + i * size[1] * size[2] * size[3]; }
};

struct Rates {
  std::vector<Lanes> made;            // kmol/m3/s
  std::vector<Lanes> by_temperature;  // at fixed concentrations
  std::vector<Lanes> by_amount;       // row: species made, column: concentration
  std::vector<Lanes> heat_capacity, heat_capacity_slope, enthalpy;  // cp/R, its slope, h/RT
};

class Mechanism {
 public:
  // `args` begins with the tables; their leading dimensions, all one, number `batch`.
  Mechanism(const ffi::RemainingArgs& args, size_t batch) {
    int next = 0;
    auto real = [&](size_t rank) { return table<double>(args, next++, batch, rank); };
    auto whole = [&](size_t rank) { return table<int32_t>(args, next++, batch, rank); };
    boundaries_ = real(2), coefficients_ = real(3), reference_pressure_ = real(0);
    weights_ = real(1), composition_ = real(2), arrhenius_ = real(2), reversible_ = real(1);
    forward_ = whole(2), forward_orders_ = real(2), backward_ = whole(2), backward_orders_ = real(2);
    net_ = whole(2), net_coefficients_ = real(2), body_ = whole(1), body_multiplies_ = real(1);
    body_default_ = real(1), body_excess_ = real(2);
    falloff_ = whole(1), falloff_low_ = real(2), falloff_form_ = whole(1);
    falloff_parameters_ = real(2), falloff_activated_ = real(1);
    plog_ = whole(1), plog_pressure_ = real(2), plog_rates_ = real(4);
    chebyshev_ = whole(1), chebyshev_temperatures_ = real(2), chebyshev_pressures_ = real(2);
    chebyshev_coefficients_ = real(3);
    species_ = weights_.size[0], reactions_ = arrhenius_.size[0];
    form_.assign(reactions_, {kArrhenius, 0});
    for (int64_t i = 0; i < falloff_.size[0]; ++i) form_[falloff_.data[i]] = {kFalloff, i};
    for (int64_t i = 0; i < plog_.size[0]; ++i) form_[plog_.data[i]] = {kPlog, i};
    for (int64_t i = 0; i < chebyshev_.size[0]; ++i) form_[chebyshev_.data[i]] = {kChebyshev, i};
    excess_.resize(body_default_.size[0]);
    for (size_t b = 1; b < excess_.size(); ++b) {
      for (int64_t k = 0; k < species_; ++k) {
        const double more = body_excess_.row(b)[k];
        if (more != 0) excess_[b].push_back({k, more});
      }
    }
  }

  int64_t species() const { return species_; }

  Rates rates() const {
    Rates r;
    for (auto* part : {&r.made, &r.by_temperature, &r.heat_capacity, &r.heat_capacity_slope,
                       &r.enthalpy}) {
      part->resize(species_ + 1);  // one more for unused slots
    }
    r.by_amount.resize((species_ + 1) * species_);
    return r;
  }

  // c has one more entry than species: it is one.
  void evaluate(Lanes temperature, const Lanes* c, bool slopes, Rates& out) const {
    Point at{temperature, log(temperature), 1.0 / temperature};
    thermodynamics(at, out);
    Lanes sum{};
    for (int64_t k = 0; k < species_; ++k) sum += c[k];
    at.sum = sum, at.pressure = kGasConstant * temperature * sum;
    at.log_pressure = log(maximum(at.pressure, all(1e-300)));
    const Lanes log_standard = log(reference_pressure_.data[0] / kGasConstant * at.inverse);
    std::vector<Lanes>&made = out.made, &heat = out.by_temperature, &rows = out.by_amount;
    std::fill(made.begin(), made.end(), Lanes{});
    if (slopes) {
      std::fill(heat.begin(), heat.end(), Lanes{});
      std::fill(rows.begin(), rows.end(), Lanes{});
    }
    thread_local std::vector<Lanes> of_sum;  // derivative by every concentration alike
    of_sum.assign(species_ + 1, Lanes{});

    for (int64_t r = 0; r < reactions_; ++r) {
      const int body = body_.data[r];
      const Lanes partner = body ? partners(body, c, sum) : all(1.0);
      const Dual k = forward(r, at, partner);
      const int32_t* net = net_.row(r);
      const double* nu = net_coefficients_.row(r);
      Lanes back{}, back_slope{};  // k_r / k_f and its derivative
      if (reversible_.data[r] > 0) {
        Lanes gibbs{}, enthalpy{};
        double growth = 0;
        for (int64_t s = 0; s < net_.size[1]; ++s) {
          gibbs += nu[s] * gibbs_[net[s]], enthalpy += nu[s] * out.enthalpy[net[s]];
          growth += nu[s];
        }
        const Lanes exponent = gibbs - growth * log_standard;
        back = exp(minimum(exponent, all(kLargestExponent)));
        back_slope = select(exponent < kLargestExponent, back * (growth - enthalpy) * at.inverse,
                            Lanes{});
      }
      Lanes by_forward[kSlots], by_backward[kSlots];
      const Lanes ahead = product(forward_, forward_orders_, r, c, by_forward);
      const Lanes behind = reversible_.data[r] > 0
                               ? product(backward_, backward_orders_, r, c, by_backward)
                               : Lanes{};
      const bool multiplies = body_multiplies_.data[r] > 0;
      const Lanes m = multiplies ? partner : all(1.0);
      const Lanes difference = ahead - back * behind;
      const Lanes q = m * k.value * difference;
      for (int64_t s = 0; s < net_.size[1]; ++s) made[net[s]] += nu[s] * q;
      if (!slopes) continue;

      const bool by_pressure = form_[r].first == kPlog || form_[r].first == kChebyshev;
      const Lanes of_k = m * k.by_other * difference;  // by [M] (falloff) or pressure
      const Lanes of_partner = (multiplies ? k.value * difference : Lanes{}) +
                               (by_pressure ? Lanes{} : of_k);
      const Lanes of_all = (by_pressure ? of_k * kGasConstant * temperature : Lanes{}) +
                           (body ? body_default_.data[body] * of_partner : Lanes{});
      Lanes q_heat = m * (k.by_temperature * difference - k.value * back_slope * behind);
      if (by_pressure) q_heat += of_k * at.pressure * at.inverse;
      const Lanes mk = m * k.value, mk_back = mk * back;
      for (int64_t s = 0; s < net_.size[1]; ++s) {
        const double v = nu[s];
        if (v == 0) continue;
        const int64_t i = net[s];
        Lanes* row = &rows[i * species_];
        heat[i] += v * q_heat;
        of_sum[i] += v * of_all;
        for (int64_t j = 0; j < forward_.size[1]; ++j) {
          const int64_t from = forward_.row(r)[j];
          if (from < species_) row[from] += v * mk * by_forward[j];
        }
        if (reversible_.data[r] > 0) {
          for (int64_t j = 0; j < backward_.size[1]; ++j) {
            const int64_t from = backward_.row(r)[j];
            if (from < species_) row[from] -= v * mk_back * by_backward[j];
          }
        }
        if (body) {
          for (const auto& [from, more] : excess_[body]) row[from] += v * more * of_partner;
        }
      }
    }
    if (!slopes) return;
    for (int64_t i = 0; i < species_; ++i) {
      Lanes* row = &rows[i * species_];
      for (int64_t j = 0; j < species_; ++j) row[j] += of_sum[i];
    }
  }

  static constexpr int kSlots = 16;  // more than any reaction has on a side

 private:
  enum Form { kArrhenius, kFalloff, kPlog, kChebyshev };

  struct Point {
    Lanes temperature, log_temperature, inverse;
    Lanes sum{}, pressure{}, log_pressure{};
  };

  template <typename T>
  static Table<T> table(const ffi::RemainingArgs& args, int index, size_t batch, size_t rank) {
    const ffi::AnyBuffer buffer = *args.get<ffi::AnyBuffer>(index);
    Table<T> found;
    found.data = static_cast<const T*>(buffer.untyped_data());
    for (size_t d = 0; d < rank; ++d) found.size[d] = buffer.dimensions()[batch + d];
    return found;
  }

  void thermodynamics(const Point& at, Rates& out) const {
    gibbs_.resize(species_ + 1);
    gibbs_[species_] = out.enthalpy[species_] = Lanes{};
    const Lanes t = at.temperature, i = at.inverse, log_t = at.log_temperature;
    const double coldest = smallest(t), hottest = largest(t);
    const int64_t zones = coefficients_.size[1];
    for (int64_t k = 0; k < species_; ++k) {
      const double* limits = boundaries_.row(k);
      int64_t zone = 0;
      while (zone + 1 < zones && coldest > limits[zone]) ++zone;
      for (bool first = true; zone < zones; ++zone, first = false) {
        if (!first && !(hottest > limits[zone - 1])) break;
        const double* a = coefficients_.row(k) + 9 * zone;
        const Lanes inverse_square = a[0] * i * i;
        const Lanes cp = inverse_square + a[1] * i + a[2] +
                         t * (a[3] + t * (a[4] + t * (a[5] + t * a[6])));
        const Lanes slope = -2.0 * inverse_square * i - a[1] * i * i + a[3] +
                            t * (2.0 * a[4] + t * (3.0 * a[5] + t * (4.0 * a[6])));
        const Lanes h = a[2] + t * (a[3] / 2 + t * (a[4] / 3 + t * (a[5] / 4 + t * (a[6] / 5)))) -
                        inverse_square + (a[1] * log_t + a[7]) * i;
        const Lanes s = t * (a[3] + t * (a[4] / 2 + t * (a[5] / 3 + t * (a[6] / 4)))) -
                        0.5 * inverse_square - a[1] * i + a[2] * log_t + a[8];
        const Mask here = first ? ~Mask{} : (t > limits[zone - 1]);
        out.heat_capacity[k] = select(here, cp, out.heat_capacity[k]);
        out.heat_capacity_slope[k] = select(here, slope, out.heat_capacity_slope[k]);
        out.enthalpy[k] = select(here, h, out.enthalpy[k]);
        gibbs_[k] = select(here, h - s, gibbs_[k]);
      }
    }
  }

  Lanes partners(int body, const Lanes* c, Lanes sum) const {
    Lanes found = body_default_.data[body] * sum;
    for (const auto& [k, more] : excess_[body]) found += more * c[k];
    return found;
  }

  static Dual arrhenius(const double* rate, const Point& at) {
    if (rate[1] == 0 && rate[2] == 0) return constant(rate[0]);
    const Lanes k = rate[0] * exp(rate[1] * at.log_temperature - rate[2] * at.inverse);
    return {k, k * (rate[1] + rate[2] * at.inverse) * at.inverse, Lanes{}};
  }

  Dual forward(int64_t r, const Point& at, Lanes partner) const {
    const auto [form, index] = form_[r];
    switch (form) {
      case kFalloff:
        return falloff(index, arrhenius(arrhenius_.row(r), at), at, partner);
      case kPlog:
        return plog(index, at);
      case kChebyshev:
        return chebyshev(index, at);
      default:
        return arrhenius(arrhenius_.row(r), at);
    }
  }

  Dual falloff(int64_t index, Dual high, const Point& at, Lanes partner) const {
    const Dual low = arrhenius(falloff_low_.row(index), at);
    const Dual m{partner, Lanes{}, all(1.0)};
    const Dual reduced = low * m / (high + 1e-300);
    const Dual limit = falloff_activated_.data[index] > 0 ? low : high * reduced;
    const Dual k = limit / (reduced + 1.0);
    const double* p = falloff_parameters_.row(index);
    const int form = falloff_form_.data[index];
    if (form == 0) return k;
    const Dual t{at.temperature, all(1.0), Lanes{}};
    const Dual log_reduced = (1 / kLn10) * log(reduced);
    if (form == 2) {
      const Dual base = p[0] * exp(-p[1] * inverse(t)) + decay(t, p[2]);
      const Dual power = log(base) / (log_reduced * log_reduced + 1.0) + p[4] * log(t);
      return k * (p[3] * exp(power));
    }
    Dual centre = form == 3 ? p[1] * t + p[0] : (1 - p[0]) * decay(t, p[1]) + p[0] * decay(t, p[2]);
    if (form == 1 && p[4] != 0) centre = centre + exp(-p[3] * inverse(t));
    const Dual log_centre = (1 / kLn10) * log(centre);
    const Dual shifted = log_reduced - 0.67 * log_centre + -0.4;
    const Dual width = -1.27 * log_centre - 0.14 * shifted + 0.75;
    const Dual x = shifted / width;
    return k * exp(kLn10 * log_centre / (x * x + 1.0));
  }

  static Dual decay(Dual t, double scale) {
    return exp((std::abs(scale) < 1e-300 ? -1000.0 : -1.0 / scale) * t);
  }

  Dual plog(int64_t index, const Point& at) const {
    const double* levels = plog_pressure_.row(index);
    const int64_t count = plog_pressure_.size[1], terms = plog_rates_.size[2];
    const Dual log_p{at.log_pressure, Lanes{}, 1.0 / at.pressure};
    Dual found = constant(0.0);
    for (int64_t i = 1; i < count; ++i) {
      if (!(levels[i] > levels[i - 1])) continue;
      Mask here = at.log_pressure >= levels[i - 1];
      if (i + 1 < count && levels[i + 1] > levels[i]) here &= at.log_pressure < levels[i];
      if (!any(here)) continue;
      Dual ends[2];
      for (int e = 0; e < 2; ++e) {
        ends[e] = constant(0.0);
        for (int64_t term = 0; term < terms; ++term) {
          const double* rate = plog_rates_.row(index) + 3 * ((i - 1 + e) * terms + term);
          if (rate[0] != 0) ends[e] = ends[e] + arrhenius(rate, at);
        }
        ends[e] = log(ends[e]);
      }
      const Dual share = (1 / (levels[i] - levels[i - 1])) * (log_p + -levels[i - 1]);
      const Dual k = exp(ends[0] + share * (ends[1] - ends[0]));
      found = {select(here, k.value, found.value),
               select(here, k.by_temperature, found.by_temperature),
               select(here, k.by_other, found.by_other)};
    }
    return found;
  }

  Dual chebyshev(int64_t index, const Point& at) const {
    const double* t = chebyshev_temperatures_.row(index);
    const double* p = chebyshev_pressures_.row(index);
    const double p0 = std::log10(p[0]), p1 = std::log10(p[1]);
    const Dual inverse_t{at.inverse, -at.inverse * at.inverse, Lanes{}};
    const Dual log_p{at.log_pressure / kLn10, Lanes{}, 1.0 / (kLn10 * at.pressure)};
    const Dual x = (1 / (1 / t[1] - 1 / t[0])) * (2.0 * inverse_t + (-1 / t[0] - 1 / t[1]));
    const Dual y = (1 / (p1 - p0)) * (2.0 * log_p + (-p0 - p1));
    const double* a = chebyshev_coefficients_.row(index);
    const int64_t rows = chebyshev_coefficients_.size[1], columns = chebyshev_coefficients_.size[2];
    Dual sum = constant(0.0), in_x[2] = {constant(1.0), x};
    for (int64_t i = 0; i < rows; ++i) {
      Dual inner = constant(0.0), in_y[2] = {constant(1.0), y};
      for (int64_t j = 0; j < columns; ++j) {
        inner = inner + a[i * columns + j] * in_y[0];
        const Dual next = 2.0 * (y * in_y[1]) - in_y[0];
        in_y[0] = in_y[1], in_y[1] = next;
      }
      sum = sum + inner * in_x[0];
      const Dual next = 2.0 * (x * in_x[1]) - in_x[0];
      in_x[0] = in_x[1], in_x[1] = next;
    }
    return exp(kLn10 * sum);
  }

  // The product of powers over slots, and its derivative by the concentration of each slot.
  Lanes product(const Table<int32_t>& slots, const Table<double>& orders, int64_t r,
                const Lanes* c, Lanes* slopes) const {
    const int64_t count = slots.size[1];
    const int32_t* which = slots.row(r);
    const double* order = orders.row(r);
    Lanes value[kSlots], before = all(1.0), after = all(1.0);
    for (int64_t j = 0; j < count; ++j) {
      const Lanes x = c[which[j]];
      slopes[j] = before;
      if (order[j] == 1) {
        value[j] = x;
      } else {
        const Mask positive = x > 0;
        const Lanes safe = select(positive, x, all(1.0));
        value[j] = select(positive, exp(order[j] * log(safe)), Lanes{});
        slopes[j] *= select(positive, order[j] * value[j] / safe, Lanes{});
      }
      before *= value[j];
    }
    for (int64_t j = count; j-- > 0;) {
      slopes[j] *= after;
      after *= value[j];
    }
    return before;
  }

  Table<double> boundaries_, coefficients_, reference_pressure_, weights_, composition_;
  Table<double> arrhenius_, reversible_, forward_orders_, backward_orders_, net_coefficients_;
  Table<double> body_multiplies_, body_default_, body_excess_;
  Table<double> falloff_low_, falloff_parameters_, falloff_activated_;
  Table<double> plog_pressure_, plog_rates_;
  Table<double> chebyshev_temperatures_, chebyshev_pressures_, chebyshev_coefficients_;
  Table<int32_t> forward_, backward_, net_, body_, falloff_, falloff_form_, plog_, chebyshev_;
  int64_t species_ = 0, reactions_ = 0;
  std::vector<std::pair<Form, int64_t>> form_;
  std::vector<std::vector<std::pair<int64_t, double>>> excess_;
  static inline thread_local std::vector<Lanes> gibbs_;
};

}  // namespace aion::kinetics

#endif  // AION_KINETICS_MECHANISM_H_
