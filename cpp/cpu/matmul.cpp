#include "cpu/matmul.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "cpu/buffer.h"
#include "cpu/kernels/dispatch.h"
#include "cpu/pool.h"
#include "cpu/tiles.h"

namespace cutaway {
namespace {

constexpr std::int64_t kPanel = 64;             // columns of b that are packed and used at once
constexpr std::int64_t kDepth = 2048;           // rows of b likewise: half of a second-level cache
constexpr std::int64_t kWorthPacking = 48;      // rows of a that use the packed columns, at least
constexpr std::int64_t kWorthTurning = 256;     // columns of an a whose rows are not contiguous
constexpr std::int64_t kWorthThreads = 1e5;     // multiply-adds below which one thread is faster
constexpr std::int64_t kMostOfPart = 1 << 25;   // multiply-adds of a part, some half a millisecond
constexpr std::int64_t kLeastOfPart = 1 << 18;  // and at least
constexpr std::int64_t kWorthRepacking = 256;   // rows of a part, if b is packed for each

void store_stack(const Product<Dense<float>>& p, const Store<float>& s, const Steps& steps) {
  kernels().store_stack(p, s, steps);
}
void store_stack(const Product<Dense<double>>& p, const Store<double>& s, const Steps& steps) {
  kernels().store_stack64(p, s, steps);
}

template <class T>
void store_one(const Product<Dense<T>>& p, const Store<T>& s) {
  store_stack(p, s, {.count = 1, .a = 0, .b = 0, .out = 0});
}

// Hands out the parts to the pool that all products share. A second caller at the same time does
// its work alone: the result is the same.
bool hand_out(int threads, std::int64_t parts, const Interrupted& interrupted,
              const std::function<void(const Team& team, std::int64_t part)>& part) {
  static std::mutex mutex;
  // Never destroyed: a daemon thread's product may still be at work when the process ends, and its
  // end would wait for all of it.
  static auto& pool = *new std::unique_ptr<Pool>;
  const std::unique_lock lock(mutex, std::try_to_lock);
  const Interrupted asked = patient(interrupted);
  if (threads == 1 || !lock) return Pool(1).hand_out(parts, asked, part);
  if (!pool || pool->workers() != threads) pool = std::make_unique<Pool>(threads);
  return pool->hand_out(parts, asked, part);
}

// How a stack of products is cut: so many matrices, rows and columns are one part. More parts than
// threads: whoever comes free takes the next, so that all end at the same time.
struct Cut {
  std::int64_t matrices, rows, columns;
};

Cut cut(std::int64_t matrices, std::int64_t m, std::int64_t n, std::int64_t k, int threads) {
  if (threads == 1) return {matrices, m, n};
  const std::int64_t whole = m * n * std::max<std::int64_t>(k, 1);
  const std::int64_t size = std::clamp(matrices * whole / (8 * threads), kLeastOfPart, kMostOfPart);
  if (size >= whole) return {std::min(matrices, size / whole), m, n};
  const std::int64_t panel = m * std::min(n, kPanel) * k;
  if (n > kPanel && size >= panel) return {1, m, size / panel * kPanel};
  const std::int64_t least = n > kPanel ? kWorthRepacking : 1;
  return {1, std::clamp(size * m / panel, std::min(least, m), m), std::min(n, kPanel)};
}

// Copies a matrix so that its rows are contiguous; those of `from` may be its columns.
template <class T>
void pack(const T* from, std::int64_t row, std::int64_t column, std::int64_t rows,
          std::int64_t columns, T* to, std::int64_t to_row) {
  if (column == 1) {
    for (std::int64_t i = 0; i < rows; ++i) std::copy_n(from + i * row, columns, to + i * to_row);
    return;
  }
  constexpr std::int64_t kTile = 16;
  for (std::int64_t i0 = 0; i0 < rows; i0 += kTile)
    for (std::int64_t j = 0; j < columns; ++j)
      for (std::int64_t i = i0; i < std::min(i0 + kTile, rows); ++i)
        to[i * to_row + j] = from[i * row + j * column];
}

// One product by packed panels of b. Every sum goes on where the panel above has left it.
template <class T>
void multiply_packed(const Team& team, Product<Dense<T>> p, std::int64_t b_column, Store<T> s,
                     Buffer<T>& packed) {
  const Product<Dense<T>> whole = p;
  T* const out = s.out;
  for (std::int64_t j = 0; j < whole.n; j += kPanel) {
    for (std::int64_t k = 0; k < whole.k; k += kDepth) {
      p.n = std::min(kPanel, whole.n - j);
      p.k = std::min(kDepth, whole.k - k);
      pack(whole.b + k * whole.b_row + j * b_column, whole.b_row, b_column, p.k, p.n, packed.data(),
           kPanel);
      p.a.at = whole.a.at + k * whole.a.col;
      p.b = packed.data();
      p.b_row = kPanel;
      s.out = out + j;
      s.resume = k > 0;
      store_tiles(team, store_one<T>, p, s, kDepth);
      if (team.stopped()) return;
    }
  }
}

// Joins axes of the stacks that can be walked as one.
template <class T>
void collapse(Stack<const T>& a, Stack<const T>& b, Stack<T>& out) {
  const auto joinable = [](const auto& stack, std::size_t axis) {
    return stack.strides[axis] == stack.strides[axis + 1] * stack.shape[axis + 1];
  };
  const auto join = [](auto& stack, std::size_t axis) {
    stack.shape[axis + 1] *= stack.shape[axis];
    stack.shape.erase(stack.shape.begin() + static_cast<std::ptrdiff_t>(axis));
    stack.strides.erase(stack.strides.begin() + static_cast<std::ptrdiff_t>(axis));
  };
  for (std::size_t axis = out.shape.size(); axis-- > 1;) {
    if (!joinable(a, axis - 1) || !joinable(b, axis - 1) || !joinable(out, axis - 1)) continue;
    join(a, axis - 1), join(b, axis - 1), join(out, axis - 1);
  }
}

}  // namespace

template <class T>
std::int64_t Stack<T>::matrices() const {
  std::int64_t count = 1;
  for (const std::int64_t n : shape) count *= n;
  return count;
}

template <class T>
T* Stack<T>::matrix(std::int64_t i) const {
  T* at = data;
  for (std::size_t axis = shape.size(); axis-- > 0; i /= shape[axis])
    at += i % shape[axis] * strides[axis];
  return at;
}

template <class T>
bool matmul(Stack<const T> a, Stack<const T> b, Stack<T> out, int threads,
            const Interrupted& interrupted) {
  const std::int64_t matrices = out.matrices(), k = a.columns;
  if (matrices * out.rows * out.columns == 0) return true;
  if (matrices * out.rows * out.columns * k < kWorthThreads) threads = 1;
  collapse(a, b, out);

  const Cut part = cut(matrices, out.rows, out.columns, k, threads);
  const auto parts_of = [](std::int64_t whole, std::int64_t size) {
    return (whole + size - 1) / size;
  };
  const std::int64_t across = parts_of(out.rows, part.rows);
  const std::int64_t in_one = across * parts_of(out.columns, part.columns);
  std::vector<Buffer<T>> rooms(static_cast<std::size_t>(threads));  // for packed columns

  Buffer<T> rows_of_a;  // a large a that is given by columns would have a page for each
  if (matrices == 1 && a.column_stride != 1 && out.columns >= kPanel && k >= kWorthTurning) {
    const std::int64_t row = k + kLanes;  // not a power of two: see row_of
    rows_of_a = Buffer<T>(out.rows * row);
    const bool done = hand_out(
        threads, parts_of(out.rows, kPanel), interrupted, [&](const Team&, std::int64_t number) {
          const std::int64_t first = number * kPanel;
          pack(a.data + first * a.row_stride, a.row_stride, a.column_stride,
               std::min(kPanel, out.rows - first), k, rows_of_a.data() + first * row, row);
        });
    if (!done) return false;
    a.data = rows_of_a.data(), a.row_stride = row, a.column_stride = 1;
  }

  const std::int64_t parts = in_one * parts_of(matrices, part.matrices);
  return hand_out(threads, parts, interrupted, [&](const Team& team, std::int64_t number) {
    const auto range = [](std::int64_t i, std::int64_t size, std::int64_t whole) {
      return Range{i * size, std::min((i + 1) * size, whole)};
    };
    const Range mine = range(number / in_one, part.matrices, matrices);
    const Range rows = range(number % across, part.rows, out.rows);
    const Range columns = range(number % in_one / across, part.columns, out.columns);
    const std::int64_t m = rows.size(), n = columns.size();
    const bool packs =
        k > 0 && (b.column_stride != 1 || (m >= kWorthPacking && out.columns > kPanel));
    Buffer<T>& packed = rooms[static_cast<std::size_t>(team.thread())];
    if (packs && packed.size() == 0) packed = Buffer<T>(std::min(k, kDepth) * kPanel);
    // Matrices whose places are one stride apart go to the kernel together, if they are small.
    const bool flat = out.shape.size() < 2;
    const std::int64_t run_of = out.shape.empty() ? 1 : out.shape.back();
    const std::int64_t together =
        packs ? 1 : std::max<std::int64_t>(1, Team::kTile / (m * n * std::max<std::int64_t>(k, 1)));
    for (std::int64_t i = mine.begin; i < mine.end && !team.stopped();) {
      const std::int64_t left = mine.end - i;
      const std::int64_t count = std::min({together, left, flat ? left : run_of - i % run_of});
      const Product<Dense<T>> product{.m = m,
                                      .n = n,
                                      .k = k,
                                      .a = {.at = a.matrix(i) + rows.begin * a.row_stride,
                                            .row = a.row_stride,
                                            .col = a.column_stride},
                                      .b = b.matrix(i) + columns.begin * b.column_stride,
                                      .b_row = b.row_stride};
      const Store<T> store{.out = out.matrix(i) + rows.begin * out.row_stride + columns.begin,
                           .out_row = out.row_stride};
      if (packs) {
        multiply_packed(team, product, b.column_stride, store, packed);
      } else if (count == 1) {
        store_tiles(team, store_one<T>, product, store, kDepth);
      } else {
        const auto step = [](const auto& stack) {
          return stack.strides.empty() ? 0 : stack.strides.back();
        };
        store_stack(product, store, {.count = count, .a = step(a), .b = step(b), .out = step(out)});
      }
      i += count;
    }
  });
}

template struct Stack<float>;
template struct Stack<double>;
template struct Stack<const float>;
template struct Stack<const double>;
template bool matmul(Stack<const float>, Stack<const float>, Stack<float>, int, const Interrupted&);
template bool matmul(Stack<const double>, Stack<const double>, Stack<double>, int,
                     const Interrupted&);

}  // namespace cutaway
