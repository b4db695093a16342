// Lennard-Jones and Coulomb forces over a list of tiles, each 4 atoms against 4 atoms.
//
// The 16 pairs of a tile fill vector registers: lane 4a+b holds atom a of the first cluster against
// atom b of the second.  Atoms of a cluster lie next to each other in memory, so nothing is gathered
// inside the loop; the first cluster stays in registers for as long as the list stays with it.  Each
// pair is computed once and acts on both atoms (Newton's third law).  A mask of 16 bits a tile takes
// out excluded pairs, padding, and the double count inside a cluster.
//
// The list is cut into a number of pieces that depends on the system only.  Each piece adds into
// forces of its own and they are summed in order, so the result does not depend on the number of
// threads, nor on what else is in the batch.

#include <cmath>
#include <cstring>
#include <vector>

#include "lanes.h"
#include "native.h"

namespace {

namespace ffi = aion::ffi;
using namespace aion::md;

constexpr int64_t kTilesPerPiece = 6000;  // fewer cost less than waking a thread
constexpr int64_t kMostPieces = 8;        // each costs a set of forces to add up

// (1 + x) exp(x²) erfc(x) is a smooth function of u = (x - 3) / (x + 3), which maps [0, ∞) to
// [-1, 1).  Its Chebyshev series, highest power of u first; relative errors 2e-7 and 3e-15.
constexpr float kErfcxSingle[] = {
    -0.000247726139f, 0.000589831185f, 0.00150927962f, -0.00970060323f, 0.0220034883f,
    -0.023821972f, -0.0102433406f, 0.0990230226f, -0.230926942f, 0.716004559f};
constexpr double kErfcxDouble[] = {
    -1.4878213240692534e-09, -3.5126441715543288e-09, 1.1664392221171256e-08,
    4.1054927737559431e-08, -4.1322445289241804e-08, -2.7755261764537157e-07,
    5.6762615942191504e-08, 1.5727361701169358e-06, 2.6206515853552009e-07,
    -8.9795090108337011e-06, -1.5143388191441944e-06, 5.611480516368491e-05,
    -2.0551863325861819e-05, -0.00036728720783319856, 0.00064581430913915284,
    0.0016185689100459847, -0.0097506893131763493, 0.021957764033417235,
    -0.023803913106772424, -0.010235388899945453, 0.099020753679371062,
    -0.23092733308379587, 0.71600460472556027};

template <typename T>
inline V<T> scaled_erfc(V<T> x) {
  const V<T> u = (x - T(3)) * reciprocal(x + T(3));
  if constexpr (sizeof(T) == 4) {
    V<T> sum = V<T>{} + kErfcxSingle[0];
    for (size_t k = 1; k < std::size(kErfcxSingle); ++k) sum = sum * u + kErfcxSingle[k];
    return sum * reciprocal(x + T(1));
  } else {
    V<T> sum = V<T>{} + kErfcxDouble[0];
    for (size_t k = 1; k < std::size(kErfcxDouble); ++k) sum = sum * u + kErfcxDouble[k];
    return sum * reciprocal(x + T(1));
  }
}

enum class Coulomb { kNone, kReactionField, kEwald };

// One set of atoms in the order of the list: for each cluster x[4] y[4] z[4] and so on.
template <typename T>
struct Clusters {
  std::vector<T> x, charge, half_sigma, root_epsilon;
};

template <typename T>
struct System {
  int64_t atoms, clusters;
  const int32_t* order;    // clusters x 4, atom or -1
  const int32_t* tiles;    // (first, second, shift, mask)
  int64_t count;           // tiles in use
  const T* shifts;         // 45 x 3
  const T* charge;
  const T* sigma;
  const T* epsilon;
  const T* settings;       // see cluster_forces.py
  int64_t pieces;
  bool one_for_all;        // sigma and epsilon have one entry
};

struct Totals {  // of one piece
  double lennard_jones = 0, coulomb = 0, virial[6] = {0, 0, 0, 0, 0, 0};
};

template <typename T, bool kUniform, bool kSwitch, Coulomb kCoulomb, bool kEnergy>
void tiles_of_piece(const System<T>& s, const Clusters<T>& c, int64_t begin, int64_t end,
                    T* __restrict force, Totals& totals) {
  constexpr int W = Vector<T>::W;
  constexpr int rows = W / kAtoms;
  constexpr int halves = kAtoms / rows;
  using Vec = V<T>;

  const T cutoff2 = s.settings[0];
  const T switch_from = s.settings[1], switch_width = s.settings[2];
  const T krf = s.settings[3], crf = s.settings[4], alpha = s.settings[5];
  const T shifted = s.settings[6];
  const T inverse_cutoff2 = T(1) / cutoff2;
  const T sigma2_all = kUniform ? s.sigma[0] * s.sigma[0] : T(0);
  const T four_epsilon_all = kUniform ? 4 * s.epsilon[0] : T(0);

  I<T> bit[halves];
  for (int h = 0; h < halves; ++h) {
    for (int lane = 0; lane < W; ++lane) bit[h][lane] = 1 << (h * W + lane);
  }
  const Vec zero = {};
  const Vec one = zero + T(1);
  int32_t first = -1, shift = -1;
  Vec xi[halves], yi[halves], zi[halves], qi[halves], hi[halves], ei[halves];
  Vec fx[halves], fy[halves], fz[halves];
  Vec e_lj = zero, e_q = zero, w[6];
  for (int k = 0; k < 6; ++k) w[k] = zero;

  auto flush = [&]() __attribute__((always_inline)) {
    for (int h = 0; h < halves; ++h) {
      const Vec components[3] = {fx[h], fy[h], fz[h]};
      for (int k = 0; k < 3; ++k) {
        T lanes[W];
        std::memcpy(lanes, &components[k], sizeof(lanes));
        T* f = force + first * 12 + k * kAtoms + h * rows;
        for (int lane = 0; lane < W; ++lane) f[lane / kAtoms] += lanes[lane];
      }
    }
    if constexpr (kEnergy) {
      const Vec sums[8] = {e_lj, e_q, w[0], w[1], w[2], w[3], w[4], w[5]};
      double* into[8] = {&totals.lennard_jones, &totals.coulomb,   &totals.virial[0],
                         &totals.virial[1],     &totals.virial[2], &totals.virial[3],
                         &totals.virial[4],     &totals.virial[5]};
      for (int k = 0; k < 8; ++k) {
        T lanes[W];
        std::memcpy(lanes, &sums[k], sizeof(lanes));
        for (int lane = 0; lane < W; ++lane) *into[k] += lanes[lane];
      }
      e_lj = e_q = zero;
      for (int k = 0; k < 6; ++k) w[k] = zero;
    }
  };

  for (int64_t t = begin; t < end; ++t) {
    const int32_t* tile = s.tiles + 4 * t;
    if (tile[0] != first || tile[2] != shift) {
      if (tile[0] != first) {
        if (first >= 0) flush();
        for (int h = 0; h < halves; ++h) fx[h] = fy[h] = fz[h] = zero;
      }
      first = tile[0];
      shift = tile[2];
      const T* x = c.x.data() + first * 12;
      const T* d = s.shifts + 3 * shift;
      for (int h = 0; h < halves; ++h) {
        xi[h] = spread<T>(x, h * rows) - d[0];
        yi[h] = spread<T>(x + 4, h * rows) - d[1];
        zi[h] = spread<T>(x + 8, h * rows) - d[2];
        if constexpr (!kUniform) {
          hi[h] = spread<T>(c.half_sigma.data() + first * 4, h * rows);
          ei[h] = spread<T>(c.root_epsilon.data() + first * 4, h * rows);
        }
        if constexpr (kCoulomb != Coulomb::kNone) {
          qi[h] = spread<T>(c.charge.data() + first * 4, h * rows);
        }
      }
    }
    const int64_t second = tile[1];
    const int32_t mask = tile[3];
    const T* x = c.x.data() + second * 12;
    const Vec xj = repeat<T>(x);
    const Vec yj = repeat<T>(x + 4);
    const Vec zj = repeat<T>(x + 8);
    Vec hj = zero, ej = zero, qj = zero;
    if constexpr (!kUniform) {
      hj = repeat<T>(c.half_sigma.data() + second * 4);
      ej = repeat<T>(c.root_epsilon.data() + second * 4);
    }
    if constexpr (kCoulomb != Coulomb::kNone) {
      qj = repeat<T>(c.charge.data() + second * 4);
    }
    Vec gx = zero, gy = zero, gz = zero;
    for (int h = 0; h < halves; ++h) {
      const Vec dx = xi[h] - xj, dy = yi[h] - yj, dz = zi[h] - zj;
      const Vec distance2 = dx * dx + dy * dy + dz * dz;
      const I<T> inside = (distance2 < cutoff2) & ((bit[h] & mask) != 0);
      const Vec r2 = inside ? distance2 : one;
      const Vec inverse2 = reciprocal(r2);
      Vec r = zero, inverse = zero;
      if constexpr (kSwitch || kCoulomb != Coulomb::kNone) {
        r = root<T>(r2);
        inverse = r * inverse2;
      }

      Vec sigma2, four_epsilon;
      if constexpr (kUniform) {
        sigma2 = zero + sigma2_all;
        four_epsilon = zero + four_epsilon_all;
      } else {
        const Vec sigma = hi[h] + hj;
        sigma2 = sigma * sigma;
        four_epsilon = ei[h] * ej;
      }
      const Vec s2 = sigma2 * inverse2;
      const Vec s6 = s2 * s2 * s2;
      Vec f = four_epsilon * s6 * (T(12) * s6 - T(6)) * inverse2;  // force over distance
      Vec e = zero;
      if constexpr (kEnergy || kSwitch) e = four_epsilon * s6 * (s6 - T(1));
      if constexpr (kSwitch) {
        Vec u = (r - switch_from) / switch_width;
        u = u > T(0) ? u : zero;
        const Vec factor = T(1) - u * u * u * (T(10) + u * (T(6) * u - T(15)));
        const Vec slope = T(-30) * u * u * (T(1) + u * (u - T(2))) / switch_width;
        f = f * factor - e * slope * inverse;
        e = e * factor;
      }
      if constexpr (kEnergy) {
        const Vec c2 = sigma2 * inverse_cutoff2;
        const Vec c6 = c2 * c2 * c2;
        e -= shifted * four_epsilon * c6 * (c6 - T(1));
        e_lj += inside ? e : zero;
      }
      if constexpr (kCoulomb == Coulomb::kReactionField) {
        const Vec qq = qi[h] * qj;
        f += qq * (inverse * inverse2 - T(2) * krf);
        if constexpr (kEnergy) e_q += inside ? qq * (inverse + krf * r2 - crf) : zero;
      }
      if constexpr (kCoulomb == Coulomb::kEwald) {
        const Vec qq = qi[h] * qj;
        const Vec ar = alpha * r;
        const Vec gauss = exp_minus<T>(ar * ar);
        const Vec screened = scaled_erfc<T>(ar) * gauss * inverse;  // erfc(αr)/r
        constexpr T two_over_root_pi = T(1.12837916709551257390);
        f += qq * (screened + two_over_root_pi * alpha * gauss) * inverse2;
        if constexpr (kEnergy) e_q += inside ? qq * screened : zero;
      }
      f = inside ? f : zero;
      const Vec px = f * dx, py = f * dy, pz = f * dz;
      fx[h] += px;
      fy[h] += py;
      fz[h] += pz;
      gx += px;
      gy += py;
      gz += pz;
      if constexpr (kEnergy) {
        w[0] += dx * px;
        w[1] += dy * py;
        w[2] += dz * pz;
        w[3] += dx * py;
        w[4] += dx * pz;
        w[5] += dy * pz;
      }
    }
    T* f = force + second * 12;
    using Loose = typename Vector<T>::FourLoose;
    *reinterpret_cast<Loose*>(f) = load_four(f) - sum_rows<T>(gx);
    *reinterpret_cast<Loose*>(f + 4) = load_four(f + 4) - sum_rows<T>(gy);
    *reinterpret_cast<Loose*>(f + 8) = load_four(f + 8) - sum_rows<T>(gz);
  }
  if (first >= 0) flush();
}

template <typename T>
using Loop = void (*)(const System<T>&, const Clusters<T>&, int64_t, int64_t, T*, Totals&);

template <typename T, bool kSwitch, Coulomb kCoulomb>
Loop<T> choose(bool uniform, bool energy) {
  if constexpr (!kSwitch && kCoulomb == Coulomb::kNone) {
    if (uniform) {
      return energy ? tiles_of_piece<T, true, false, kCoulomb, true>
                    : tiles_of_piece<T, true, false, kCoulomb, false>;
    }
  }
  return energy ? tiles_of_piece<T, false, kSwitch, kCoulomb, true>
                : tiles_of_piece<T, false, kSwitch, kCoulomb, false>;
}

template <typename T>
Loop<T> choose(bool uniform, bool switched, std::string_view coulomb, bool energy) {
  if (coulomb == "ewald") {
    return switched ? choose<T, true, Coulomb::kEwald>(uniform, energy)
                    : choose<T, false, Coulomb::kEwald>(uniform, energy);
  }
  if (coulomb == "reaction_field") {
    return switched ? choose<T, true, Coulomb::kReactionField>(uniform, energy)
                    : choose<T, false, Coulomb::kReactionField>(uniform, energy);
  }
  return switched ? choose<T, true, Coulomb::kNone>(uniform, energy)
                  : choose<T, false, Coulomb::kNone>(uniform, energy);
}

// Atoms into the order of the list; a place without an atom repeats the cluster's first one.
template <typename T>
void gather(const System<T>& s, const T* positions, bool uniform, bool charged, int64_t begin,
            int64_t end, Clusters<T>& c) {
  for (int64_t cluster = begin; cluster < end; ++cluster) {
    const int32_t* atoms = s.order + cluster * kAtoms;
    for (int a = 0; a < kAtoms; ++a) {
      const bool real = atoms[a] >= 0;
      const int64_t atom = real ? atoms[a] : (atoms[0] >= 0 ? atoms[0] : 0);
      for (int k = 0; k < 3; ++k) c.x[cluster * 12 + k * 4 + a] = positions[3 * atom + k];
      if (!uniform) {
        const int64_t at = cluster * kAtoms + a;
        const int64_t source = s.one_for_all ? 0 : atom;
        c.half_sigma[at] = real ? T(0.5) * s.sigma[source] : T(0);
        c.root_epsilon[at] = real ? 2 * std::sqrt(s.epsilon[source]) : T(0);
      }
      if (charged) c.charge[cluster * kAtoms + a] = real ? s.charge[atom] : T(0);
    }
  }
}

template <typename T>
struct Workspace {
  Clusters<T> clusters;
  std::vector<T> force;  // pieces x clusters x 12
  std::vector<Totals> totals;
};

ffi::Error cluster_forces_impl(ffi::ThreadPool pool, ffi::AnyBuffer positions, ffi::AnyBuffer order,
                               ffi::AnyBuffer tiles, ffi::AnyBuffer count, ffi::AnyBuffer shifts,
                               ffi::AnyBuffer charge, ffi::AnyBuffer sigma, ffi::AnyBuffer epsilon,
                               ffi::AnyBuffer settings, ffi::Result<ffi::AnyBuffer> force,
                               ffi::Result<ffi::AnyBuffer> energy,
                               ffi::Result<ffi::AnyBuffer> virial, std::string_view coulomb,
                               bool switched, bool with_energy) {
  return aion::for_real_type(positions.element_type(), [&](auto real) {
    using T = decltype(real);
    const auto batch = aion::batch_of(*force, 2);
    const int64_t members = aion::product(batch);
    const size_t rank = batch.size();
    const int64_t atoms = force->dimensions()[rank];
    const int64_t clusters = order.dimensions()[order.dimensions().size() - 2];
    const int64_t capacity = tiles.dimensions()[tiles.dimensions().size() - 2];
    const bool one_for_all = sigma.dimensions().back() == 1;
    const bool charged = coulomb != "none";
    const bool uniform = one_for_all && !charged && !switched;  // the case with a loop of its own
    const aion::Members<const T> position_sets(positions, 2, batch);
    const aion::Members<const int32_t> orders(order, 2, batch), tile_sets(tiles, 2, batch);
    const aion::Members<const int32_t> counts(count, 0, batch);
    const aion::Members<const T> shift_sets(shifts, 2, batch), charges(charge, 1, batch),
        sigmas(sigma, 1, batch), epsilons(epsilon, 1, batch), setting_sets(settings, 1, batch);
    const aion::Members<T> forces(*force, 2, batch);
    const bool double_sums = energy->element_type() == ffi::DataType::F64;
    auto put = [&](ffi::AnyBuffer sums, size_t sums_rank, int64_t m, int k, double value) {
      if (double_sums) aion::Members<double>(sums, sums_rank, batch)[m][k] = value;
      else aion::Members<float>(sums, sums_rank, batch)[m][k] = static_cast<float>(value);
    };
    const Loop<T> loop = choose<T>(uniform, switched, coulomb, with_energy);

    auto system_of = [&](int64_t m) {
      System<T> s;
      s.atoms = atoms;
      s.clusters = clusters;
      s.order = orders[m];
      s.tiles = tile_sets[m];
      s.count = std::min<int64_t>(counts[m][0], capacity);
      s.shifts = shift_sets[m];
      s.charge = charges[m];
      s.sigma = sigmas[m];
      s.epsilon = epsilons[m];
      s.one_for_all = one_for_all;
      s.settings = setting_sets[m];
      s.pieces = std::clamp<int64_t>((s.count + kTilesPerPiece / 2) / kTilesPerPiece, 1, kMostPieces);
      return s;
    };
    auto reserve = [&](Workspace<T>& work, int64_t pieces) {
      work.clusters.x.resize(clusters * 12);
      if (!uniform) work.clusters.half_sigma.resize(clusters * kAtoms);
      if (!uniform) work.clusters.root_epsilon.resize(clusters * kAtoms);
      if (charged) work.clusters.charge.resize(clusters * kAtoms);
      work.force.resize(pieces * clusters * 12);
      work.totals.assign(pieces, Totals{});
    };
    auto piece_of = [&](const System<T>& s, Workspace<T>& work, int64_t p) {
      T* own = work.force.data() + p * clusters * 12;
      std::fill(own, own + clusters * 12, T(0));
      loop(s, work.clusters, s.count * p / s.pieces, s.count * (p + 1) / s.pieces, own,
           work.totals[p]);
    };
    auto scatter = [&](const System<T>& s, const Workspace<T>& work, T* out, int64_t begin,
                       int64_t end) {
      for (int64_t cluster = begin; cluster < end; ++cluster) {
        for (int a = 0; a < kAtoms; ++a) {
          const int32_t atom = s.order[cluster * kAtoms + a];
          if (atom < 0) continue;
          for (int k = 0; k < 3; ++k) {
            T sum = 0;
            for (int64_t p = 0; p < s.pieces; ++p) {
              sum += work.force[(p * clusters + cluster) * 12 + k * 4 + a];
            }
            out[3 * atom + k] = sum;
          }
        }
      }
    };
    auto finish = [&](const System<T>& s, const Workspace<T>& work, int64_t m) {
      Totals all;
      for (const Totals& t : work.totals) {
        all.lennard_jones += t.lennard_jones;
        all.coulomb += t.coulomb;
        for (int k = 0; k < 6; ++k) all.virial[k] += t.virial[k];
      }
      put(*energy, 1, m, 0, all.lennard_jones);
      put(*energy, 1, m, 1, all.coulomb);
      const double* w = all.virial;
      const double matrix[9] = {w[0], w[3], w[4], w[3], w[1], w[5], w[4], w[5], w[2]};
      for (int k = 0; k < 9; ++k) put(*virial, 2, m, k, matrix[k]);
    };

    static thread_local Workspace<T> caller;
    if (members >= pool.num_threads()) {  // a member a thread
      aion::parallel_for(pool, members, 1, [&](int64_t begin, int64_t end) {
        static thread_local Workspace<T> work;
        for (int64_t m = begin; m < end; ++m) {
          const System<T> s = system_of(m);
          reserve(work, s.pieces);
          gather(s, position_sets[m], uniform, charged, 0, clusters, work.clusters);
          for (int64_t p = 0; p < s.pieces; ++p) piece_of(s, work, p);
          scatter(s, work, forces[m], 0, clusters);
          finish(s, work, m);
        }
      });
      return;
    }
    for (int64_t m = 0; m < members; ++m) {
      const System<T> s = system_of(m);
      Workspace<T>& work = caller;
      reserve(work, s.pieces);
      aion::parallel_for(pool, clusters, 2000, [&](int64_t begin, int64_t end) {
        gather(s, position_sets[m], uniform, charged, begin, end, work.clusters);
      });
      aion::parallel_for(pool, s.pieces, 1, [&](int64_t begin, int64_t end) {
        for (int64_t p = begin; p < end; ++p) piece_of(s, work, p);
      });
      aion::parallel_for(pool, clusters, 2000, [&](int64_t begin, int64_t end) {
        scatter(s, work, forces[m], begin, end);
      });
      finish(s, work, m);
    }
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(cluster_forces, cluster_forces_impl,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<std::string_view>("coulomb")
                                  .Attr<bool>("switched")
                                  .Attr<bool>("with_energy"));
