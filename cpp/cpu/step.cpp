// The phases of a step: gather, forward, judge, backprop, update. Each does one worker's part.
//
// Who does what. A worker owns units of every hidden layer: it computes their activations and
// deltas and updates the weights that lead to them, which so stay in its cache; of the output
// layer, it updates the weights that come from its units. Where the mini-batch is read and judged,
// a worker has some of the rows. A barrier stands wherever one worker needs what another has
// computed.

#include <algorithm>
#include <bit>
#include <cmath>

#include "cpu/cpu_core.h"

namespace cutaway {
namespace {

constexpr double kWorthSkipping = 0.35;  // part of the pixels that are not zero, at most

constexpr float kOne = 1.0f;  // what the bias is multiplied by

}  // namespace

// The worker's units of hidden layer l, padding included.
Pool::Share CpuCore::units_of(int64_t l, int worker) const {
  return layers_[l].slabs[worker].units;
}

// With one hidden layer, nobody reads or writes the weights of another's units after the output is
// judged, so that steps may follow each other without a barrier in between (on desks of their own).
bool CpuCore::owns_units() const { return recipe_.layers() == 2; }

int64_t CpuCore::label_of(const Batch& batch, int64_t row) const {
  return batch.order ? labels_[batch.order[row]] : batch.labels[row];
}

CpuCore::Batch CpuCore::batch_of(std::span<const int64_t> order, int64_t start,
                                 int64_t batch) const {
  const auto part = [&](std::size_t from) {
    from = std::min(from, order.size());
    return order.subspan(from, std::min(static_cast<std::size_t>(batch), order.size() - from));
  };
  const std::span<const int64_t> rows = part(start);
  Batch result{
      static_cast<int64_t>(rows.size()), rows.data(), nullptr, nullptr, 1, 0, part(start + batch)};
  if (folded_) {
    result.scale = inverse_std_;
    result.shift = -mean_ * inverse_std_;
  }
  return result;
}

// Every worker gathers the whole mini-batch for itself: that costs less than fetching rows from the
// cache of another core. Rows of the next one are asked for meanwhile: they come from memory.
void CpuCore::gather_all(const Batch& batch, const Team& team) {
  if (!one_desk_) {
    team.each([&](int worker) {
      const bool idle = recipe_.layers() > 1 && layers_[0].slabs[worker].weights.size() == 0;
      if (idle) return;  // more workers than units: it reads no pixel
      gather(batch, {0, batch.rows}, desks_[worker]);
      find_zeros(batch, desks_[worker]);
    });
    return;
  }
  team.each([&](int worker) {
    gather(batch, Pool::share(batch.rows, 1, worker, pool_.workers()), desks_[0]);
  });
  team.wait();
  if (team.leads()) find_zeros(batch, desks_[0]);
  if (shared_desk_) team.wait();
}

void CpuCore::gather(const Batch& batch, Pool::Share rows, Desk& desk) {
  const int64_t features = recipe_.sizes.front();
  const int64_t words = round_up(features, 64) / 64;
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    float* row = desk.x.data() + i * x_row_;
    if (!batch.order) {
      std::copy_n(batch.x + i * features, features, row);
    } else if (const int64_t at = batch.order[i] * features; images_.bytes) {
      kernels_.unpack(images_.bytes + at, row, desk.touched.data() + i * words, features);
      if (!folded_) kernels_.normalise(row, row, features, mean_, inverse_std_);
    } else {
      kernels_.normalise(images_.floats + at, row, features, mean_, inverse_std_);
    }
    if (i < static_cast<int64_t>(batch.next.size())) {
      const int64_t sample = batch.next[i], row_bytes = features * (images_.bytes ? 1 : 4);
      for (int64_t byte = 0; byte < row_bytes; byte += 64)
        __builtin_prefetch(images_.start() + sample * row_bytes + byte, 0, 2);
      __builtin_prefetch(&labels_[sample]);
    }
  }
}

void CpuCore::find_zeros(const Batch& batch, Desk& desk) {
  desk.sparse = false;
  if (!batch.order || !folded_) return;
  const int64_t features = recipe_.sizes.front();
  const int64_t words = round_up(features, 64) / 64;
  int64_t touched = 0;
  for (int64_t i = 0; i < batch.rows * words; ++i) touched += std::popcount(desk.touched[i]);
  desk.sparse =
      static_cast<double>(touched) < kWorthSkipping * static_cast<double>(batch.rows * features);
  if (!desk.sparse) return;
  const int64_t row_words = round_up(batch.rows, 64) / 64;
  for (int64_t i = 0; i < row_words; ++i)
    for (int64_t k = 0; k < words; ++k)
      kernels_.transpose_bits(desk.touched.data() + 64 * i * words + k, words,
                              std::min<int64_t>(64, batch.rows - 64 * i),
                              desk.touching.data() + 64 * k * row_words + i, row_words);
}

// a_below W + b for some rows and the units of a slab. At the first layer a_below is scale * u +
// shift, so that (a_below W + b) = scale * (u W) + (shift * (sum of W's rows) + b).
Product<float> CpuCore::input_product(int64_t l, const Batch& batch, Pool::Share rows,
                                      const Slab& slab, int worker) {
  const int64_t units = slab.units.end - slab.units.begin;
  Product<float> product{rows.end - rows.begin,
                         units,
                         layers_[l].fan_in,
                         below(l, worker) + rows.begin * below_row(l),
                         below_row(l),
                         1,
                         slab.weights.data() + slab.row,
                         slab.row,
                         slab.weights.data()};
  if (l > 0 || (batch.scale == 1 && batch.shift == 0)) return product;
  const Desk& desk = desk_of(worker);
  float* shift = desks_[worker].shift.data();
  kernels_.store(
      {1, units, product.k, &kOne, 0, 0, product.b, slab.row, product.shift, batch.shift},
      {shift, slab.row});
  product.shift = shift;
  product.scale = batch.scale;
  if (desk.sparse) {
    product.mask_row = round_up(product.k, 64) / 64;
    product.mask = desk.touched.data() + rows.begin * product.mask_row;
  }
  return product;
}

// a = f(a_below W + b), for the worker's units.
void CpuCore::forward_hidden(int64_t l, const Batch& batch, int worker) {
  Layer& layer = layers_[l];
  const Slab& slab = layer.slabs[worker];
  const auto [begin, end] = slab.units;
  if (begin == end) return;
  float* out = layer.a.data() + begin;
  kernels_.store(input_product(l, batch, {0, batch.rows}, slab, worker), {out, layer.row});
  for (int64_t i = 0; i < batch.rows; ++i, out += layer.row)
    kernels_.activate(layer.activation, out, end - begin);
}

// z = a_below W + b, into a, for the worker's rows; judge() or forward() applies the activation.
void CpuCore::forward_output(const Batch& batch, int worker) {
  const int64_t l = recipe_.layers() - 1;
  Layer& layer = layers_[l];
  const auto [begin, end] = Pool::share(batch.rows, 1, worker, pool_.workers());
  if (begin == end) return;
  kernels_.store(input_product(l, batch, {begin, end}, layer.slabs[0], worker),
                 {layer.a.data() + begin * layer.row, layer.row});
}

void CpuCore::judge(const Batch& batch, int worker) {
  Layer& layer = layers_.back();
  const auto [begin, end] = Pool::share(batch.rows, 1, worker, pool_.workers());
  const float scale = recipe_.mean ? 1.0f / static_cast<float>(batch.rows) : 1.0f;
  for (int64_t i = begin; i < end; ++i) {
    const Verdict verdict = kernels_.judge(
        layer.activation, recipe_.loss, layer.a.data() + i * layer.row,
        layer.delta.data() + i * layer.row, layer.fan_out, label_of(batch, i), scale);
    sample_losses_[i] = verdict.loss;
    sample_correct_[i] = verdict.correct;
  }
}

double CpuCore::batch_loss(int64_t rows) const {
  double sum = 0;
  for (int64_t i = 0; i < rows; ++i) sum += sample_losses_[i];
  return recipe_.mean ? sum / static_cast<double>(rows) : sum;
}

// delta_below = (delta W^T) * f'(z_below), for the worker's units of the layer below. The lanes run
// over W's rows, so the rows of those units are transposed first.
void CpuCore::backprop_layer(int64_t l, int64_t rows, int worker) {
  Layer& layer = layers_[l];
  Layer& to = layers_[l - 1];
  const auto [begin, end] = units_of(l - 1, worker);
  if (begin == end) return;
  const int64_t t_row = row_of(layer.fan_in);
  float* transposed = layer.transposed.data();
  const int64_t last = std::min(end, layer.fan_in);
  for (const Slab& slab : layer.slabs)
    for (int64_t j0 = slab.units.begin; j0 < slab.units.end; j0 += kLanes)
      for (int64_t i = begin; i < last; ++i) {
        const float* row = slab.weights.data() + (1 + i) * slab.row - slab.units.begin;
        for (int64_t j = j0; j < std::min(j0 + kLanes, layer.fan_out); ++j)
          transposed[j * t_row + i] = row[j];
      }

  float* delta = to.delta.data() + begin;
  kernels_.store({rows, end - begin, layer.fan_out, layer.delta.data(), layer.row, 1,
                  transposed + begin, t_row},
                 {delta, to.row});
  for (int64_t i = 0; i < rows; ++i)
    kernels_.derive(to.activation, to.a.data() + i * to.row + begin, delta + i * to.row,
                    end - begin);
}

// sum over samples of (1, a_below)^T delta, for the weights that the worker updates; `finish` takes
// the product, the slab, and the first row of the slab's weights that it is for. At the first layer
// a_below is scale * u + shift: u^T delta is scaled, and shift * (sum of delta's rows) added.
template <class Finish>
void CpuCore::gradient(int64_t l, const Batch& batch, int worker, const Finish& finish) {
  Layer& layer = layers_[l];
  const bool output = l + 1 == recipe_.layers();
  Slab& slab = layer.slabs[output ? 0 : worker];
  Pool::Share from{0, layer.fan_in};
  if (output) {  // the rows of the worker's units below
    from = l ? units_of(l - 1, worker) : Pool::share(layer.fan_in, 1, worker, pool_.workers());
    from.end = std::min(from.end, layer.fan_in);
  }
  const int64_t columns = slab.units.end - slab.units.begin;
  if (columns == 0) return;
  const float* delta = layer.delta.data() + slab.units.begin;
  const Product<float> bias{1, columns, batch.rows, &kOne, 0, 0, delta, layer.row};
  if (!output || worker == 0) finish(bias, slab, 0);
  if (from.begin >= from.end) return;

  Product<float> product{
      from.end - from.begin, columns, batch.rows, below(l, worker) + from.begin, 1,
      below_row(l),          delta,   layer.row};
  if (l == 0 && (batch.scale != 1 || batch.shift != 0)) {
    const Desk& desk = desk_of(worker);
    float* shift = desks_[worker].shift.data();
    kernels_.store(bias, {shift, slab.row});
    for (int64_t j = 0; j < columns; ++j) shift[j] *= batch.shift;
    product.shift = shift;
    product.scale = batch.scale;
    if (desk.sparse) {
      product.mask_row = round_up(batch.rows, 64) / 64;
      product.mask = desk.touching.data() + from.begin * product.mask_row;
    }
  }
  finish(product, slab, 1 + from.begin);
}

void CpuCore::update_layer(int64_t l, const Batch& batch, float rate, int64_t step, int worker) {
  const Optimizer& o = optimizer_;
  const auto f = [](double value) { return static_cast<float>(value); };
  gradient(l, batch, worker, [&](const Product<float>& product, Slab& slab, int64_t i) {
    float* w = slab.weights.data() + i * slab.row;
    float* first = slab.memory[0].data() + i * slab.row;
    float* second = slab.memory[1].data() + i * slab.row;
    if (o.kind == Optimizer::Kind::adam) {
      const double t = static_cast<double>(step);
      kernels_.adam(product, {w, first, second, slab.row, f(rate / (1 - std::pow(o.beta1, t))),
                              f(o.weight_decay), f(o.beta1), f(o.beta2), f(o.eps), f(1 - o.beta1),
                              f(1 - o.beta2), f(1 / std::sqrt(1 - std::pow(o.beta2, t)))});
    } else if (o.momentum != 0) {
      kernels_.momentum(product, {w, first, slab.row, rate, f(o.weight_decay), f(o.momentum)});
    } else {
      kernels_.sgd(product, {w, slab.row, rate, f(o.weight_decay)});
    }
  });
}

// The gradient in the caller's layout, (1 + fan_in, fan_out) without padding.
void CpuCore::store_gradient(int64_t l, const Batch& batch, float* out, int worker) {
  const int64_t fan_out = layers_[l].fan_out;
  gradient(l, batch, worker, [&](Product<float> product, const Slab& slab, int64_t i) {
    product.n = std::min(product.n, fan_out - slab.units.begin);
    if (product.n > 0) kernels_.store(product, {out + i * fan_out + slab.units.begin, fan_out});
  });
}

void CpuCore::forward_to_output(const Batch& batch, const Team& team) {
  gather_all(batch, team);
  for (int64_t l = 0; l + 1 < recipe_.layers(); ++l) {
    team.each([&](int worker) { forward_hidden(l, batch, worker); });
    team.wait();
  }
  team.each([&](int worker) { forward_output(batch, worker); });
}

void CpuCore::forward_and_judge(const Batch& batch, const Team& team) {
  forward_to_output(batch, team);
  team.each([&](int worker) { judge(batch, worker); });
  team.wait();
}

void CpuCore::backprop_to_first(int64_t rows, const Team& team) {
  for (int64_t l = recipe_.layers() - 1; l > 0; --l) {
    team.each([&](int worker) { backprop_layer(l, rows, worker); });
    if (!owns_units()) team.wait();
  }
}

}  // namespace cutaway
