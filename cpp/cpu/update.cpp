// The last phase of a step: a layer's gradient, and what is done with it: a step of the optimizer,
// or stored for the caller. In: the mini-batch, its activations and deltas. Out: weights, or
// gradients.

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "cpu/cpu_core.h"
#include "cpu/tiles.h"

namespace cutaway {

// sum over samples of (1, a_below)^T delta, for the weights that the worker updates; `epilogue`
// takes the kernels, the product, the slab, and the first row of the slab that it is for. At the
// first layer a_below is scale * u + shift: u^T delta is scaled, and shift * (sum of delta's rows)
// added.
template <class Epilogue>
void CpuCore::gradient(int64_t l, const Batch& batch, int worker, const Epilogue& epilogue) {
  Layer& layer = layers_[l];
  if (worker == l % pool_.workers()) {
    Slab& bias = layer.bias();
    epilogue(kernels_.dense, sum_of_rows(layer.delta.data(), batch.rows, bias.columns(), layer.row),
             bias, 0);
  }
  if (l > 0) {
    const Layer& below = layers_[l - 1];
    const Range rows = Pool::share(layer.fan_in, kLanes, worker, pool_.workers());
    if (rows.size() == 0) return;
    for (Slab& slab : layer.panels()) {
      const float* delta = layer.delta.data();
      int64_t row = layer.row;
      if (row > kPanel) {  // all rows of the weights go through it
        float* panel = panels_[worker].data();
        for (int64_t i = 0; i < batch.rows; ++i)
          std::copy_n(delta + i * row + slab.units.begin, slab.columns(), panel + i * kPanel);
        delta = panel;
        row = kPanel;
      }
      epilogue(kernels_.dense,
               Product<Dense<float>>{
                   .m = rows.size(),
                   .n = slab.columns(),
                   .k = batch.rows,
                   .a = {.at = below.a.data() + rows.begin, .row = 1, .col = below.row},
                   .b = delta,
                   .b_row = row},
               slab, rows.begin);
    }
    return;
  }

  Slab& slab = layer.worker_slab(worker);
  if (slab.columns() == 0) return;
  const InputShare& share = share_of(worker);
  const float* delta = layer.delta.data() + slab.units.begin;
  float* shift = nullptr;
  if (batch.folded) {
    shift = scratch_[worker].data();
    kernels_.dense.store(sum_of_rows(delta, batch.rows, slab.columns(), layer.row),
                         {.out = shift, .out_row = slab.row});
    for (int64_t j = 0; j < slab.columns(); ++j) shift[j] *= batch.shift();
  }
  const auto multiply = [&]<class A>(const Products<A>& products,
                                     const std::type_identity_t<A>& a) {
    epilogue(products,
             Product<A>{.m = slab.rows,
                        .n = slab.columns(),
                        .k = batch.rows,
                        .a = a,
                        .b = delta,
                        .b_row = layer.row,
                        .shift = shift,
                        .scale = batch.scale()},
             slab, 0);
  };
  if (batch.in_place()) {
    const float* first = batch.images.floats + share.inputs.begin;
    multiply(kernels_.dense, {.at = first, .row = 1, .col = layer.fan_in});
  } else if (!batch.folded) {
    multiply(kernels_.dense, {.at = share.x.data(), .row = 1, .col = share.x_row});
  } else if (share.sparse) {
    multiply(kernels_.sparse_tiles,
             {.bytes = share.columns.data(), .masks = share.column_masks.data(), .m = slab.rows});
  } else {
    multiply(kernels_.byte_columns, {.columns = share.rows.data()});
  }
}

// One step of the optimizer for the rows of a slab from i on, whose gradient the product is.
template <class A>
void CpuCore::update_rows(Slab& slab, int64_t i, const Products<A>& products,
                          const Product<A>& gradient, float rate, int64_t step) {
  const Optimizer& o = optimizer_;
  const auto f = [](double value) { return static_cast<float>(value); };
  float* w = slab.weights.data() + i * slab.row;
  float* first = slab.memory[0].data() + i * slab.row;
  float* second = slab.memory[1].data() + i * slab.row;
  if (o.kind == Optimizer::Kind::adam) {
    const double t = static_cast<double>(step);
    products.adam(gradient, {.weights = w,
                             .m = first,
                             .v = second,
                             .row = slab.row,
                             .rate = f(rate / (1 - std::pow(o.beta1, t))),
                             .decay = f(o.weight_decay),
                             .beta1 = f(o.beta1),
                             .beta2 = f(o.beta2),
                             .gain1 = f(1 - o.beta1),
                             .gain2 = f(1 - o.beta2),
                             .v_scale = f(1 / std::sqrt(1 - std::pow(o.beta2, t))),
                             .eps = f(o.eps)});
  } else if (o.momentum != 0) {
    products.momentum(gradient, {.weights = w,
                                 .velocity = first,
                                 .row = slab.row,
                                 .rate = rate,
                                 .decay = f(o.weight_decay),
                                 .momentum = f(o.momentum)});
  } else {
    products.sgd(gradient,
                 {.weights = w, .row = slab.row, .rate = rate, .decay = f(o.weight_decay)});
  }
}

void CpuCore::update_layer(int64_t l, const Batch& batch, float rate, int64_t step, int worker) {
  gradient(l, batch, worker, [&](const auto& products, const auto& product, Slab& slab, int64_t i) {
    update_rows(slab, i, products, product, rate, step);
    if (l > 0 && slab.first > 0) transpose_rows(l, slab, {i, i + product.m});
  });
}

// The same in two parts, of which the first may be interrupted: the gradient is made and kept ...
void CpuCore::keep_gradient(int64_t l, const Batch& batch, const Team& team, int worker) {
  gradient(l, batch, worker, [&](const auto& products, const auto& product, Slab& slab, int64_t i) {
    if (team.stopped()) return;
    store_tiles(team, products.store, product,
                {.out = slab.gradient.data() + i * slab.row, .out_row = slab.row});
  });
}

// ... and applied.
void CpuCore::apply_kept(int64_t l, float rate, int64_t step, int worker) {
  apply_rows(l, worker, rate, step,
             [](const Slab& slab, int64_t i) { return slab.gradient.data() + i * slab.row; });
}

// A step of the optimizer for the weights that the worker updates, with a gradient that is there:
// row_of(slab, i) is row i of a slab, padded.
template <class RowOf>
void CpuCore::apply_rows(int64_t l, int worker, float rate, int64_t step, const RowOf& row_of) {
  Layer& layer = layers_[l];
  const auto update = [&](Slab& slab, Range rows) {
    for (int64_t i = rows.begin; slab.columns() > 0 && i < rows.end; ++i)
      update_rows(slab, i, kernels_.dense,
                  sum_of_rows(row_of(slab, i), 1, slab.columns(), slab.row), rate, step);
  };
  if (worker == l % pool_.workers()) update(layer.bias(), {0, 1});
  if (l > 0) {
    const Range rows = Pool::share(layer.fan_in, kLanes, worker, pool_.workers());
    for (Slab& slab : layer.panels()) {
      update(slab, rows);
      transpose_rows(l, slab, rows);
    }
  } else {
    update(layer.worker_slab(worker), {0, layer.worker_slab(worker).rows});
  }
}

// With a gradient from elsewhere, (1 + fan_in, fan_out) without padding.
void CpuCore::apply(int64_t l, const float* gradient, float rate, int64_t step, int worker) {
  const int64_t fan_out = layers_[l].fan_out;
  float* padded = scratch_[worker].data();
  apply_rows(l, worker, rate, step, [&](const Slab& slab, int64_t i) {
    const int64_t count = std::min(slab.units.end, fan_out) - slab.units.begin;
    std::fill_n(padded, slab.columns(), 0.0f);
    std::copy_n(gradient + (slab.first + i) * fan_out + slab.units.begin, count, padded);
    return padded;
  });
}

// Copies some rows of a slab to where backprop reads them.
void CpuCore::transpose_rows(int64_t l, const Slab& slab, Range rows) {
  Layer& layer = layers_[l];
  const int64_t columns = std::min(slab.units.end, layer.fan_out) - slab.units.begin;
  for (int64_t i = rows.begin, end; i < rows.end; i = end) {
    end = std::min(rows.end, i / kPanel * kPanel + kPanel);
    float* panel = layer.transposed.data() + i / kPanel * kPanel * layer.fan_out;
    kernels_.transpose_floats(slab.weights.data() + i * slab.row, slab.row, end - i, columns,
                              panel + slab.units.begin * kPanel + i % kPanel, kPanel);
  }
}

// The gradient in the caller's layout, (1 + fan_in, fan_out) without padding.
void CpuCore::store_gradient(int64_t l, const Batch& batch, const Team& team, float* out,
                             int worker) {
  const int64_t fan_out = layers_[l].fan_out;
  gradient(l, batch, worker, [&](const auto& products, auto product, Slab& slab, int64_t i) {
    const int64_t columns = std::min(product.n, fan_out - slab.units.begin);
    if (columns <= 0 || team.stopped()) return;
    float* to = out + (slab.first + i) * fan_out + slab.units.begin;
    if (slab.gradient.size() == 0) {
      product.n = columns;
      return store_tiles(team, products.store, product, {.out = to, .out_row = fan_out});
    }
    float* padded = slab.gradient.data() + i * slab.row;
    store_tiles(team, products.store, product, {.out = padded, .out_row = slab.row});
    for (int64_t row = 0; row < product.m; ++row)
      std::copy_n(padded + row * slab.row, columns, to + row * fan_out);
  });
}

}  // namespace cutaway
