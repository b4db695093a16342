// Which groups of four atoms lie close enough to act on one another.
//
// Atoms are dealt to columns along z and sorted by z within each; every four in a row are a cluster,
// small and compact, and no cluster straddles a column.  A tile pairs a cluster with another one, or
// with a periodic image of it, if any two of their atoms lie within the radius of the list.  Each
// pair of clusters appears once: the second never comes before the first in the order.
//
// The search goes from a cluster to the columns within reach, in each to the clusters whose range of
// z is within reach, and then to their atoms.  Tiles beyond those found are left as they were.

#include <cmath>
#include <limits>
#include <vector>

#include "lanes.h"
#include "native.h"

namespace {

namespace ffi = aion::ffi;
using namespace aion::md;

constexpr int kShifts = 45;  // -2..2 along x, -1..1 along y and z: all that a reduced box needs
constexpr int kUnshifted = 22;

struct Tile {
  int32_t first, second, shift, mask;
};

template <typename T>
struct Cluster {
  T low[3], high[3];
  T x[3][kAtoms];
  int32_t atoms;  // the others repeat the first
};

template <typename T>
struct Order {
  std::vector<int32_t> column_of, sorted, column_start, cluster_start;
  std::vector<Cluster<T>> clusters;
  std::vector<std::vector<Tile>> found;
};

inline int32_t cell(double x, double length, int64_t cells) {
  const double index = x / length * static_cast<double>(cells);
  if (!(index >= 0)) return 0;  // also not-a-number
  return static_cast<int32_t>(std::min(index, static_cast<double>(cells - 1)));
}

// Deal atoms to columns, sort each by z, cut into clusters.
template <typename T>
void arrange(ffi::ThreadPool& pool, const T* positions, const T* box, int64_t atoms, int64_t nx,
             int64_t ny, int32_t* order, int64_t places, Order<T>& o) {
  const int64_t columns = nx * ny;
  o.column_of.resize(atoms);
  o.sorted.resize(atoms);
  o.column_start.assign(columns + 1, 0);
  o.cluster_start.assign(columns + 1, 0);
  for (int64_t i = 0; i < atoms; ++i) {
    const int32_t column = cell(positions[3 * i], box[0], nx) * static_cast<int32_t>(ny) +
                           cell(positions[3 * i + 1], box[4], ny);
    o.column_of[i] = column;
    ++o.column_start[column + 1];
  }
  for (int64_t c = 0; c < columns; ++c) {
    o.cluster_start[c + 1] = o.cluster_start[c] + (o.column_start[c + 1] + kAtoms - 1) / kAtoms;
    o.column_start[c + 1] += o.column_start[c];
  }
  std::vector<int32_t> next(o.column_start.begin(), o.column_start.end() - 1);
  for (int64_t i = 0; i < atoms; ++i) o.sorted[next[o.column_of[i]]++] = static_cast<int32_t>(i);

  o.clusters.resize(places);
  aion::parallel_for(pool, columns, 64, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      int32_t* atom = o.sorted.data() + o.column_start[c];
      const int64_t count = o.column_start[c + 1] - o.column_start[c];
      auto height = [&](int32_t i) {
        const T z = positions[3 * i + 2];
        return z == z ? z : T(0);  // not-a-number has no place in an order
      };
      std::sort(atom, atom + count, [&](int32_t a, int32_t b) {
        const T za = height(a), zb = height(b);
        return za < zb || (za == zb && a < b);
      });
      for (int32_t k = o.cluster_start[c]; k < o.cluster_start[c + 1]; ++k) {
        Cluster<T>& cluster = o.clusters[k];
        cluster.atoms = 0;
        for (int d = 0; d < 3; ++d) {
          cluster.low[d] = std::numeric_limits<T>::max();
          cluster.high[d] = std::numeric_limits<T>::lowest();
        }
        for (int a = 0; a < kAtoms; ++a) {
          const int64_t at = static_cast<int64_t>(k - o.cluster_start[c]) * kAtoms + a;
          const bool real = at < count;
          order[k * kAtoms + a] = real ? atom[at] : -1;
          cluster.atoms += real;
          const int32_t source = real ? atom[at] : atom[at - a];
          for (int d = 0; d < 3; ++d) {
            const T x = positions[3 * source + d];
            cluster.x[d][a] = x;
            cluster.low[d] = std::min(cluster.low[d], x);
            cluster.high[d] = std::max(cluster.high[d], x);
          }
        }
      }
    }
  });
  std::fill(order + o.cluster_start[columns] * kAtoms, order + places * kAtoms, -1);
}

// The pairs that count: of atoms that exist, and in a cluster against itself each once.
inline int32_t full_mask(int32_t atoms_a, int32_t atoms_b, bool same) {
  if (atoms_a == kAtoms && atoms_b == kAtoms) return same ? 0x08ce : 0xffff;
  int32_t mask = 0;
  for (int a = 0; a < atoms_a; ++a) {
    for (int b = same ? a + 1 : 0; b < atoms_b; ++b) mask |= 1 << (kAtoms * a + b);
  }
  return mask;
}

// All tiles whose first cluster is in `column`.
template <typename T>
void search_column(const Order<T>& o, const T* box, const T* shifts, T radius, int64_t nx,
                   int64_t ny, int64_t column, std::vector<Tile>& found) {
  constexpr int rows = Vector<T>::W / kAtoms;
  constexpr int parts = kAtoms / rows;
  const T radius2 = radius * radius;
  for (int32_t i = o.cluster_start[column]; i < o.cluster_start[column + 1]; ++i) {
    const Cluster<T>& first = o.clusters[i];
    for (int32_t s = 0; s < kShifts; ++s) {
      const T* d = shifts + 3 * s;
      // The window in which an unshifted partner has to lie.
      T low[3], high[3];
      bool empty = false;
      for (int k = 0; k < 3; ++k) {
        low[k] = first.low[k] - radius - d[k];
        high[k] = first.high[k] + radius - d[k];
        empty |= !(high[k] >= 0 && low[k] <= box[4 * k]);
      }
      if (empty) continue;
      V<T> x[3][parts];
      for (int k = 0; k < 3; ++k) {
        for (int p = 0; p < parts; ++p) x[k][p] = spread<T>(first.x[k], p * rows) - d[k];
      }
      const int32_t x0 = cell(low[0], box[0], nx), x1 = cell(high[0], box[0], nx);
      const int32_t y0 = cell(low[1], box[4], ny), y1 = cell(high[1], box[4], ny);
      for (int64_t c = std::max<int64_t>(x0 * ny, column); c < (x1 + 1) * ny; ++c) {
        const int64_t y = c % ny;
        if (y < y0 || y > y1) continue;
        int32_t j = c == column ? i : o.cluster_start[c];
        const int32_t last = o.cluster_start[c + 1];
        // Ranges of z follow one another: skip those below by halving, stop at the first above.
        int32_t beyond = last;
        while (j < beyond) {
          const int32_t middle = j + (beyond - j) / 2;
          if (o.clusters[middle].high[2] < low[2]) j = middle + 1;
          else beyond = middle;
        }
        for (; j < last && o.clusters[j].low[2] <= high[2]; ++j) {
          if (j == i && s < kUnshifted) continue;  // its mirror image does
          const Cluster<T>& second = o.clusters[j];
          const V<T> xj = repeat<T>(second.x[0]), yj = repeat<T>(second.x[1]),
                     zj = repeat<T>(second.x[2]);
          bool near = false;
          for (int p = 0; p < parts; ++p) {
            const V<T> dx = x[0][p] - xj, dy = x[1][p] - yj, dz = x[2][p] - zj;
            near |= any_below<T>(dx * dx + dy * dy + dz * dz, radius2);
          }
          if (!near) continue;
          const bool same = i == j && s == kUnshifted;
          found.push_back({i, j, s, full_mask(first.atoms, second.atoms, same)});
        }
      }
    }
  }
}

// Take excluded pairs out of the masks of one stretch of tiles, which belong to one first cluster.
void exclude(const int32_t* order, const int32_t* place, const int32_t* exclusions, int64_t width,
             Tile* begin, Tile* end) {
  for (int a = 0; a < kAtoms; ++a) {
    const int32_t atom = order[begin->first * kAtoms + a];
    if (atom < 0) continue;
    for (int64_t k = 0; k < width; ++k) {
      const int32_t partner = exclusions[atom * width + k];
      if (partner < 0) continue;
      const int32_t second = place[partner] / kAtoms, b = place[partner] % kAtoms;
      if (second < begin->first) continue;  // their tile is the partner's
      for (Tile* tile = begin; tile != end; ++tile) {
        if (tile->second == second) tile->mask &= ~(1 << (kAtoms * a + b));
        // Within a cluster the pair is kept under its lower lane; an image may hold it either way.
        if (tile->second == second && second == begin->first) {
          tile->mask &= ~(1 << (kAtoms * b + a));
        }
      }
    }
  }
}

ffi::Error cluster_list_impl(ffi::ThreadPool pool, ffi::AnyBuffer positions, ffi::AnyBuffer box,
                             ffi::AnyBuffer shifts, ffi::AnyBuffer radius,
                             ffi::AnyBuffer exclusions, ffi::Result<ffi::AnyBuffer> order,
                             ffi::Result<ffi::AnyBuffer> tiles, ffi::Result<ffi::AnyBuffer> count,
                             int64_t columns_x, int64_t columns_y, int64_t capacity) {
  return aion::for_real_type(positions.element_type(), [&](auto real) {
    using T = decltype(real);
    const auto batch = aion::batch_of(*order, 2);
    const size_t rank = batch.size();
    const int64_t members = aion::product(batch);
    const int64_t atoms = positions.dimensions()[positions.dimensions().size() - 2];
    const int64_t places = order->dimensions()[rank];
    const int64_t width = exclusions.dimensions().back();
    const aion::Members<const T> position_sets(positions, 2, batch), boxes(box, 2, batch),
        shift_sets(shifts, 2, batch), radii(radius, 0, batch);
    const aion::Members<const int32_t> exclusion_sets(exclusions, 2, batch);
    const aion::Members<int32_t> orders(*order, 2, batch), tile_sets(*tiles, 2, batch),
        counts(*count, 0, batch);
    const int64_t columns = columns_x * columns_y;

    auto build = [&](int64_t m) {
      static thread_local Order<T> work;
      Order<T>& o = work;
      int32_t* own = orders[m];
      arrange(pool, position_sets[m], boxes[m], atoms, columns_x, columns_y, own, places, o);

      std::vector<int32_t> place;
      if (width > 0) {
        place.resize(atoms);
        for (int64_t k = 0; k < places * kAtoms; ++k) {
          if (own[k] >= 0) place[own[k]] = static_cast<int32_t>(k);
        }
      }
      o.found.resize(columns);
      aion::parallel_for(pool, columns, 16, [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) {
          std::vector<Tile>& found = o.found[c];
          found.clear();
          search_column(o, boxes[m], shift_sets[m], radii[m][0], columns_x, columns_y, c, found);
          if (width == 0) continue;
          for (size_t from = 0; from < found.size();) {
            size_t to = from;
            while (to < found.size() && found[to].first == found[from].first) ++to;
            exclude(own, place.data(), exclusion_sets[m], width, found.data() + from,
                    found.data() + to);
            from = to;
          }
        }
      });
      Tile* out = reinterpret_cast<Tile*>(tile_sets[m]);
      int64_t total = 0;
      for (const std::vector<Tile>& found : o.found) {
        const int64_t room = std::max<int64_t>(0, capacity - total);
        const int64_t taken = std::min<int64_t>(room, found.size());
        std::copy(found.begin(), found.begin() + taken, out + std::min(total, capacity));
        total += found.size();
      }
      counts[m][0] = static_cast<int32_t>(std::min<int64_t>(total, INT32_MAX));
    };
    if (members >= pool.num_threads()) {
      aion::parallel_for(pool, members, 1, [&](int64_t begin, int64_t end) {
        for (int64_t m = begin; m < end; ++m) build(m);
      });
    } else {
      for (int64_t m = 0; m < members; ++m) build(m);
    }
  });
}

}  // namespace

XLA_FFI_DEFINE_HANDLER_SYMBOL(cluster_list, cluster_list_impl,
                              ffi::Ffi::Bind()
                                  .Ctx<ffi::ThreadPool>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Arg<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Ret<ffi::AnyBuffer>()
                                  .Attr<int64_t>("columns_x")
                                  .Attr<int64_t>("columns_y")
                                  .Attr<int64_t>("capacity"));
