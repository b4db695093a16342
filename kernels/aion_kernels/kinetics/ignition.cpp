// Closed reactors to their ignition, eight side by side, each with steps of its own.
//
// The method is that of rosenbrock.py, the reactor that of reactors.py, with the Jacobian written
// out; ignition.py says what is looked for.  A lane whose reactor is done takes the next member at
// once, so that registers stay full to the end of a batch.

#include "native.h"
#include "lanes.h"
#include "mechanism.h"

namespace {

namespace ffi = aion::ffi;
using aion::kinetics::all;
using aion::kinetics::any;
using aion::kinetics::kLanes;
using aion::kinetics::Lanes;
using aion::kinetics::Mask;
using aion::kinetics::maximum;
using aion::kinetics::Mechanism;
using aion::kinetics::minimum;
using aion::kinetics::Rates;
using aion::kinetics::select;
using aion::kinetics::square_root;
using Vector = std::vector<Lanes>;

enum Outcome { kOk = 0, kNotConverged = 2, kNonFinite = 4 };  // of core/outcome.py

constexpr double kGamma = 0.25;
constexpr double kA[5][4] = {
    {},
    {1.544},
    {0.9466785280815826, 0.2557011698983284},
    {3.314825187068521, 2.896124015972201, 0.9986419139977817},
    {1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950}};
constexpr double kC[6][5] = {
    {},
    {-5.6688},
    {-2.430093356833875, -0.2063599157091915},
    {-0.1073529058151375, -9.594562251023355, -20.47028614809616},
    {7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160},
    {8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136,
     -6.058818238834054}};

// What one member is given and what it gives back.
struct Member {
  const double *start, *absolute, *control;  // control: fixed, longest, relative, warm
  double* found;                             // delay, largest rate, temperature, time
  int32_t* counts;                           // outcome, steps, rejected
};

class Reactors {
 public:
  Reactors(const Mechanism& mechanism, bool constant_volume, int64_t max_steps)
      : mechanism_(mechanism), constant_volume_(constant_volume), max_steps_(max_steps),
        species_(mechanism.species()), n_(species_ + 1), rates_(mechanism.rates()),
        concentrations_(n_), amounts_slope_(n_), slope_(n_), matrix_(n_ * n_), y_(n_), new_(n_),
        inside_(n_), absolute_(n_), columns_(n_) {
    for (Vector& stage : stages_) stage.resize(n_);
  }

  // Runs members [next, end) that `member` describes.
  template <typename Describe>
  void run(int64_t next, int64_t end, const Describe& member) {
    Member in[kLanes];
    Mask busy{};
    int active = 0;
    auto load = [&](int lane) {
      busy[lane] = 0;
      if (next >= end) return;
      in[lane] = member(next++);
      for (int64_t i = 0; i < n_; ++i) {
        y_[i][lane] = in[lane].start[i], absolute_[i][lane] = in[lane].absolute[i];
      }
      fixed_[lane] = in[lane].control[0], longest_[lane] = in[lane].control[1];
      relative_[lane] = in[lane].control[2], warm_[lane] = in[lane].control[3];
      time_[lane] = step_[lane] = last_step_[lane] = best_[lane] = rate_[lane] = 0;
      growth_[lane] = -1, delay_[lane] = std::nan(""), count_[lane] = rejected_[lane] = 0;
      fresh_[lane] = accepted_[lane] = busy[lane] = -1;
      ++active;
    };
    for (int lane = 0; lane < kLanes; ++lane) load(lane);
    for (int lane = 0; lane < kLanes; ++lane) {
      if (!busy[lane]) idle_like(lane, 0);
    }
    while (active > 0) {
      evaluate(y_, slope_, true);
      const Mask broken = watch();
      const Mask stop = busy & (stopping_ | broken | (time_ >= longest_) | (count_ >= max_steps_));
      if (any(stop)) {
        for (int lane = 0; lane < kLanes; ++lane) {
          if (!stop[lane]) continue;
          const bool late = count_[lane] >= max_steps_ && time_[lane] < longest_[lane];
          const double found[] = {delay_[lane], best_[lane], y_[species_][lane], time_[lane]};
          std::copy(found, found + 4, in[lane].found);
          in[lane].counts[0] = broken[lane] ? kNonFinite : late ? kNotConverged : kOk;
          in[lane].counts[1] = static_cast<int32_t>(count_[lane]);
          in[lane].counts[2] = static_cast<int32_t>(rejected_[lane]);
          --active;
          load(lane);
        }
        // A lane without work repeats one that has some, so that its numbers stay harmless.
        for (int lane = 0; lane < kLanes && active > 0; ++lane) {
          for (int other = 0; !busy[lane] && other < kLanes; ++other) {
            if (busy[other]) { idle_like(lane, other); break; }
          }
        }
        continue;  // what was loaded has to be evaluated first
      }
      step();
    }
  }

 private:
  void idle_like(int lane, int other) {
    for (int64_t i = 0; i < n_; ++i) {
      y_[i][lane] = y_[i][other], absolute_[i][lane] = absolute_[i][other];
    }
    for (Lanes* x : {&fixed_, &longest_, &relative_, &warm_, &time_, &step_, &last_step_, &best_,
                     &rate_, &growth_, &delay_, &count_, &rejected_}) {
      (*x)[lane] = (*x)[other];
    }
    fresh_[lane] = fresh_[other], accepted_[lane] = accepted_[other];
  }

  // f(y), and with `slopes` the Jacobian in matrix_.
  void evaluate(const Vector& y, Vector& f, bool slopes) {
    const Lanes t = y[species_];
    Lanes sum{};
    for (int64_t k = 0; k < species_; ++k) sum += y[k];
    const Lanes density =
        constant_volume_ ? fixed_ : fixed_ / (aion::kinetics::kGasConstant * t * sum);
    for (int64_t k = 0; k < species_; ++k) concentrations_[k] = density * y[k];
    concentrations_[species_] = all(1.0);
    mechanism_.evaluate(t, concentrations_.data(), slopes, rates_);
    const Lanes volume = 1.0 / density;
    const double less = constant_volume_ ? 1 : 0;  // from enthalpy to internal energy, over RT
    Lanes heat{}, capacity{};
    for (int64_t k = 0; k < species_; ++k) {
      f[k] = rates_.made[k] * volume;
      heat -= (rates_.enthalpy[k] - less) * f[k];
      capacity += (rates_.heat_capacity[k] - less) * y[k];
    }
    const Lanes warming = f[species_] = t * heat / capacity;
    if (!slopes) return;

    const Lanes inverse_t = 1.0 / t, inverse_sum = 1.0 / sum, inverse_capacity = 1.0 / capacity;
    Lanes* last = &matrix_[species_ * n_];
    std::fill(last, last + n_, Lanes{});
    Lanes capacity_slope{};
    for (int64_t k = 0; k < species_; ++k) {
      const Lanes* from = &rates_.by_amount[k * species_];
      Lanes* row = &matrix_[k * n_];
      Lanes by_t = rates_.by_temperature[k] * volume;
      if (constant_volume_) {
        std::copy(from, from + species_, row);
      } else {
        Lanes along{};
        for (int64_t j = 0; j < species_; ++j) along += from[j] * y[j];
        const Lanes dilution = (f[k] - along) * inverse_sum;
        for (int64_t j = 0; j < species_; ++j) row[j] = from[j] + dilution;
        by_t += (f[k] - along) * inverse_t;
      }
      row[species_] = by_t;
      const Lanes energy = t * (rates_.enthalpy[k] - less);
      const Lanes own = rates_.heat_capacity[k] - less;
      for (int64_t j = 0; j < n_; ++j) last[j] -= energy * row[j];
      last[k] -= warming * own;
      last[species_] -= own * f[k];
      capacity_slope += rates_.heat_capacity_slope[k] * y[k];
    }
    last[species_] -= warming * capacity_slope;
    for (int64_t j = 0; j < n_; ++j) last[j] *= inverse_capacity;
  }

  // Looks at the node that fresh lanes stand on; returns the lanes whose slope is not finite.
  Mask watch() {
    Lanes finite{}, growth{};
    for (int64_t i = 0; i < n_; ++i) {
      finite += slope_[i] * 0.0;
      growth += matrix_[species_ * n_ + i] * slope_[i];
    }
    const Lanes rate = slope_[species_];
    // The cubic through both ends of the step, and its maximum.
    const Lanes a = last_step_ * growth_, b = last_step_ * growth, d = rate - rate_;
    const Lanes square = 3.0 * d - 2.0 * a - b, cube = a + b - 2.0 * d;
    const Lanes root = square_root(maximum(square * square - 3.0 * cube * a, Lanes{}));
    const Lanes inside =
        minimum(maximum(a / maximum(root - square, all(1e-300)), Lanes{}), all(1.0));
    const Lanes peak = rate_ + inside * (a + inside * (square + inside * cube));
    const Mask better = fresh_ & (growth_ > 0) & (growth <= 0) & (peak > best_);
    best_ = select(better, peak, best_);
    delay_ = select(better, time_ + (inside - 1.0) * last_step_, delay_);
    rate_ = select(fresh_, rate, rate_), growth_ = select(fresh_, growth, growth_);
    stopping_ = (y_[species_] > warm_) & (rate < 0.01 * best_);
    fresh_ = Mask{};
    return finite != 0;
  }

  Lanes norm(const Vector& value, const Vector& around, const Vector& or_around) const {
    Lanes sum{};
    for (int64_t i = 0; i < n_; ++i) {
      const Lanes size = maximum(maximum(around[i], -around[i]), maximum(or_around[i], -or_around[i]));
      const Lanes x = value[i] / (relative_ * size + absolute_[i]);
      sum += x * x;
    }
    return square_root(sum / static_cast<double>(n_));
  }

  void step() {
    const Mask first = step_ <= 0;
    if (any(first)) {
      const Lanes guess = 0.01 * norm(y_, y_, y_) / (norm(slope_, y_, y_) + 1e-300);
      step_ = select(first, minimum(guess, longest_), step_);
    }
    const Lanes left = longest_ - time_;
    const Mask last = step_ >= left * (1 - 1e-12);
    const Lanes h = select(last, left, step_), inverse = 1.0 / h;
    factorise(inverse / kGamma);
    for (int stage = 0; stage < 6; ++stage) {
      Vector& u = stages_[stage];
      const Vector* f = &slope_;
      if (stage > 0) {
        const Vector& base = stage == 5 ? inside_ : y_;
        for (int64_t i = 0; i < n_; ++i) {
          Lanes x = base[i];
          if (stage == 5) {
            x += stages_[4][i];
          } else {
            for (int j = 0; j < stage; ++j) x += kA[stage][j] * stages_[j][i];
          }
          inside_[i] = x;
        }
        evaluate(inside_, amounts_slope_, false);
        f = &amounts_slope_;
      }
      for (int64_t i = 0; i < n_; ++i) {
        Lanes pull{};
        for (int j = 0; j < stage; ++j) pull += kC[stage][j] * stages_[j][i];
        u[i] = (*f)[i] + pull * inverse;
      }
      solve(u);
    }
    for (int64_t i = 0; i < n_; ++i) new_[i] = inside_[i] + stages_[5][i];

    Lanes error = norm(stages_[5], y_, new_);
    error = select(error < 1e6, error, all(1e6));  // what is not a number too
    const Mask good = error <= 1.0;
    // error^(-1/4) as the root of a root
    Lanes factor = 0.9 / square_root(square_root(maximum(error, all(1e-10))));
    factor = minimum(maximum(factor, all(0.2)), all(6.0));
    factor = select(accepted_, factor, minimum(factor, all(1.0)));
    time_ = select(good, select(last, longest_, time_ + h), time_);
    step_ = h * factor;
    last_step_ = select(good, h, last_step_);
    for (int64_t i = 0; i < n_; ++i) y_[i] = select(good, new_[i], y_[i]);
    fresh_ = accepted_ = good;
    count_ += 1.0;
    rejected_ += select(good, Lanes{}, all(1.0));
  }

  // LU of shift - Jacobian without pivoting, zeros skipped; reciprocals on the diagonal.
  void factorise(Lanes shift) {
    for (int64_t i = 0; i < n_ * n_; ++i) matrix_[i] = -matrix_[i];
    for (int64_t i = 0; i < n_; ++i) matrix_[i * n_ + i] += shift;
    for (int64_t k = 0; k < n_; ++k) {
      const Lanes* pivot = &matrix_[k * n_];
      const Lanes inverse = matrix_[k * n_ + k] = 1.0 / pivot[k];
      int64_t filled = 0;
      for (int64_t j = k + 1; j < n_; ++j) {
        if (any(pivot[j] != 0)) columns_[filled++] = j;
      }
      const bool dense = filled == n_ - k - 1;
      for (int64_t i = k + 1; i < n_; ++i) {
        Lanes* row = &matrix_[i * n_];
        if (!any(row[k] != 0)) continue;
        const Lanes l = row[k] *= inverse;
        if (dense) {
          for (int64_t j = k + 1; j < n_; ++j) row[j] -= l * pivot[j];
        } else {
          for (int64_t j = 0; j < filled; ++j) row[columns_[j]] -= l * pivot[columns_[j]];
        }
      }
    }
  }

  void solve(Vector& x) const {
    for (int64_t i = 1; i < n_; ++i) {
      const Lanes* row = &matrix_[i * n_];
      Lanes sum = x[i];
      for (int64_t j = 0; j < i; ++j) sum -= row[j] * x[j];
      x[i] = sum;
    }
    for (int64_t i = n_; i-- > 0;) {
      const Lanes* row = &matrix_[i * n_];
      Lanes sum = x[i];
      for (int64_t j = i + 1; j < n_; ++j) sum -= row[j] * x[j];
      x[i] = sum * row[i];
    }
  }

  const Mechanism& mechanism_;
  const bool constant_volume_;
  const double max_steps_;
  const int64_t species_, n_;
  Rates rates_;
  Vector concentrations_, amounts_slope_, slope_, matrix_, y_, new_, inside_, absolute_, stages_[6];
  std::vector<int64_t> columns_;
  Lanes fixed_{}, longest_{}, relative_{}, warm_{}, time_{}, step_{}, last_step_{}, best_{};
  Lanes rate_{}, growth_{}, delay_{}, count_{}, rejected_{};
  Mask fresh_{}, accepted_{}, stopping_{};
};

ffi::Error ignition_impl(ffi::ThreadPool pool, ffi::RemainingArgs args,
                         ffi::Result<ffi::AnyBuffer> found, ffi::Result<ffi::AnyBuffer> counts,
                         bool constant_volume, int64_t max_steps) {
  const auto batch = aion::batch_of(*found, 1);
  const int64_t members = aion::product(batch);
  const int first = aion::kinetics::kTables;
  if (args.size() != static_cast<size_t>(first + 3)) {
    return ffi::Error::InvalidArgument("ignition: wrong number of arrays");
  }
  if (found->element_type() != ffi::DataType::F64) {
    return ffi::Error::InvalidArgument("ignition: reactors are computed in float64");
  }
  for (int i = 0; i < first; ++i) {
    const auto dims = args.get<ffi::AnyBuffer>(i)->dimensions();
    for (size_t d = 0; d < batch.size(); ++d) {
      if (dims[d] != 1) {
        return ffi::Error::InvalidArgument("ignition: members of a batch share one mechanism");
      }
    }
  }
  const aion::Members<const double> starts(*args.get<ffi::AnyBuffer>(first), 1, batch);
  const aion::Members<const double> absolutes(*args.get<ffi::AnyBuffer>(first + 1), 1, batch);
  const aion::Members<const double> controls(*args.get<ffi::AnyBuffer>(first + 2), 1, batch);
  const aion::Members<double> results(*found, 1, batch);
  const aion::Members<int32_t> numbers(*counts, 1, batch);
  const Mechanism mechanism(args, batch.size());
  aion::parallel_for(pool, members, kLanes, [&](int64_t begin, int64_t end) {
    Reactors reactors(mechanism, constant_volume, max_steps);
    reactors.run(begin, end, [&](int64_t i) {
      return Member{starts[i], absolutes[i], controls[i], results[i], numbers[i]};
    });
  });
  return ffi::Error::Success();
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(ignition, ignition_impl,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .RemainingArgs()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<bool>("constant_volume")
                                  .Attr<int64_t>("max_steps"));
