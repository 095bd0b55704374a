#include "cpu/matmul.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>

#include "cpu/buffer.h"
#include "cpu/isa.h"
#include "cpu/pool.h"

namespace cutaway {
namespace {

constexpr std::int64_t kPanel = 64;          // columns of b that are packed and used at once
constexpr std::int64_t kWorthThreads = 1e5;  // multiply-adds below which one thread is faster

void store(const Product<float>& p, const Store<float>& s) { kernels().store(p, s); }
void store(const Product<double>& p, const Store<double>& s) { kernels().store64(p, s); }

// Runs job on the pool that all products share. A second caller at the same time does its work
// alone: the result is the same.
void run(int threads, const std::function<void(int worker, int workers)>& job) {
  static std::mutex mutex;
  static std::unique_ptr<Pool> pool;
  const std::unique_lock lock(mutex, std::try_to_lock);
  if (threads == 1 || !lock) return job(0, 1);
  if (!pool || pool->workers() != threads) pool = std::make_unique<Pool>(threads);
  pool->run(pool->ready(),
            [&](const Team& team) { team.each([&](int worker) { job(worker, threads); }); });
}

// Rows `rows` of columns `columns` of one product, panel by panel.
template <class T>
void multiply(const T* a, std::int64_t a_row, const T* b, std::int64_t b_row, T* out,
              std::int64_t out_row, std::int64_t k, Pool::Share rows, Pool::Share columns,
              Buffer<T>& packed) {
  const std::int64_t m = rows.end - rows.begin;
  if (m == 0) return;
  for (std::int64_t j = columns.begin; j < columns.end; j += kPanel) {
    const std::int64_t n = std::min(kPanel, columns.end - j);
    const T* panel = b + j;
    std::int64_t panel_row = b_row;
    const bool ragged = n % kLanes != 0;  // the kernel reads whole vectors
    if (ragged || m > 2 * kLanes) {
      for (std::int64_t i = 0; i < k; ++i)
        std::copy_n(b + i * b_row + j, n, packed.data() + i * kPanel);
      panel = packed.data();
      panel_row = kPanel;
    }
    store(Product<T>{m, n, k, a + rows.begin * a_row, a_row, 1, panel, panel_row},
          Store<T>{out + rows.begin * out_row + j, out_row});
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
void matmul(const Stack<const T>& a, const Stack<const T>& b, const Stack<T>& out, int threads) {
  const std::int64_t matrices = out.matrices();
  const std::int64_t k = a.columns;
  if (matrices * out.rows * out.columns == 0) return;
  if (matrices * out.rows * out.columns * k < kWorthThreads) threads = 1;

  run(threads, [&](int worker, int workers) {
    Buffer<T> packed(std::max<std::int64_t>(k, 1) * kPanel);
    Pool::Share mine{0, matrices}, rows{0, out.rows}, columns{0, out.columns};
    if (matrices >= workers) {
      mine = Pool::share(matrices, 1, worker, workers);
    } else if (out.columns >= workers * kPanel) {
      columns = Pool::share(out.columns, kPanel, worker, workers);
    } else {
      rows = Pool::share(out.rows, 1, worker, workers);
    }
    for (std::int64_t i = mine.begin; i < mine.end; ++i)
      multiply(a.matrix(i), a.row_stride, b.matrix(i), b.row_stride, out.matrix(i), out.row_stride,
               k, rows, columns, packed);
  });
}

template struct Stack<float>;
template struct Stack<double>;
template struct Stack<const float>;
template struct Stack<const double>;
template void matmul(const Stack<const float>&, const Stack<const float>&, const Stack<float>&,
                     int);
template void matmul(const Stack<const double>&, const Stack<const double>&, const Stack<double>&,
                     int);

}  // namespace cutaway
