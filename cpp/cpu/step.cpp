// The phases of a step: gather, forward, loss, backprop; the last, update, is in update.cpp. Each
// does one worker's part.
//
// Who does what. Where the weights of the first layer are multiplied and where weights are updated,
// a worker has some inputs (some units, if the units are many): its weights stay in its cache, and
// it reads no other inputs. In between, from the first layer's sums to the deltas, it has some rows
// of the mini-batch, and needs nothing of the others'. So a step of any depth has two barriers, and
// three more if workers have a share of the inputs together.

#include <algorithm>
#include <type_traits>

#include "cpu/cpu_core.h"
#include "cpu/tiles.h"

namespace cutaway {
namespace {

constexpr double kWorthSkipping = 0.5;  // part of the bytes that are not zero, at most

}  // namespace

CpuCore::Batch CpuCore::batch_of(std::span<const int64_t> order, int64_t start,
                                 int64_t batch) const {
  const auto rows_from = [&](std::size_t from) {
    from = std::min(from, order.size());
    return order.subspan(from, std::min(static_cast<std::size_t>(batch), order.size() - from));
  };
  const std::span<const int64_t> rows = rows_from(start);
  return {.rows = static_cast<int64_t>(rows.size()),
          .images = images_,
          .order = rows.data(),
          .labels = labels_.data(),
          .mean = mean_,
          .inverse_std = inverse_std_,
          .folded = folded_,
          .next = rows_from(start + batch)};
}

// Notes where these rows lie and which bytes are zero, and tells whether that is worth skipping.
bool CpuCore::find_zeros(const Batch& batch, Range rows, InputShare& share) const {
  if (!batch.images.bytes) return false;
  const int64_t inputs = share.inputs.size(), words = round_up(inputs, 64) / 64;
  for (int64_t i = rows.begin; i < rows.end; ++i)
    share.rows[i] =
        batch.images.bytes + batch.image(i) * batch.images.features + share.inputs.begin;
  if (!batch.folded) return false;
  constexpr int64_t kSample = 4;  // one row of four tells already that the others are not worth it
  for (int64_t first = rows.begin; first < std::min(rows.begin + kSample, rows.end); ++first) {
    int64_t touched = 0, seen = 0;
    for (int64_t i = first; i < rows.end; i += kSample, seen += inputs)
      touched += kernels_.find_non_zero(share.rows[i], inputs, share.row_masks.data() + i * words);
    if (static_cast<double>(touched) >= kWorthSkipping * static_cast<double>(seen)) return false;
  }
  return true;
}

// Writes some of a share's inputs as normalised floats.
void CpuCore::unpack(const Batch& batch, Range rows, Range inputs, InputShare& share) const {
  const int64_t count = inputs.size();
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    float* to = share.x.data() + i * share.x_row + inputs.begin;
    const float* from = to;
    if (batch.images.bytes) {
      kernels_.unpack(share.rows[i] + inputs.begin, to, count);
    } else {
      from = batch.images.floats + batch.image(i) * batch.images.features + share.inputs.begin +
             inputs.begin;
    }
    kernels_.normalise(from, to, count, batch.mean, batch.inverse_std);
  }
}

// Brings the worker's part of its share of the inputs: bytes transposed if their zeros are skipped,
// or normalised floats.
void CpuCore::gather(const Batch& batch, int worker) {
  if (batch.in_place()) return;
  InputShare& share = share_of(worker);
  const int64_t inputs = share.inputs.size();
  const Range own = Pool::share(inputs, kLanes, worker % workers_per_share_, workers_per_share_);
  if (!batch.folded) return unpack(batch, {0, batch.rows}, own, share);
  if (!share.sparse) return;  // the bytes are read where they lie
  for (int64_t i = 0; i < batch.rows; i += 64) {
    kernels_.transpose(share.rows.data() + i, std::min<int64_t>(64, batch.rows - i), own.begin,
                       own.end, share.columns.data() + i * inputs + own.begin * 64,
                       share.column_masks.data() + i / 64 * inputs + own.begin);
  }
}

// Asks for some inputs of the next mini-batch, which come from memory: part by part, between other
// work, for a core cannot wait for all of them at once.
void CpuCore::prefetch(const Batch& batch, Range inputs) const {
  constexpr std::uintptr_t kLine = 64;
  const int64_t width = batch.images.bytes ? 1 : 4;
  for (const int64_t sample : batch.next) {
    const char* row = batch.images.row(sample);
    const auto first = reinterpret_cast<std::uintptr_t>(row + inputs.begin * width) / kLine * kLine;
    const auto end = reinterpret_cast<std::uintptr_t>(row + inputs.end * width);
    for (auto line = first; line < end; line += kLine)  // into the second cache: the first is full
      __builtin_prefetch(reinterpret_cast<const void*>(line), 0, 2);
  }
  asm volatile("");  // or GCC takes the function for one without effect, and drops its calls
}

// The sums of W's rows, part by part, which the folding of mean and std needs.
void CpuCore::sum_weights(int worker) {
  const Slab& slab = layers_[0].worker_slab(worker);
  const InputShare& share = share_of(worker);
  if (slab.columns() == 0) return;
  for (int64_t part = share.parts.begin; part < share.parts.end; ++part) {
    const Range inputs = parts_[part];
    const float* weights = slab.weights.data() + (inputs.begin - share.inputs.begin) * slab.row;
    kernels_.dense.store(
        sum_of_rows(weights, inputs.size(), slab.columns(), slab.row),
        {.out = weight_sums_[part].data() + slab.units.begin, .out_row = layers_[0].row});
  }
}

// x W part by part, for the worker's inputs and units.
void CpuCore::multiply_inputs(const Batch& batch, const Team& team, int worker, Range rows,
                              bool sparse) {
  const Layer& layer = layers_[0];
  const Slab& slab = layers_[0].worker_slab(worker);
  const InputShare& share = share_of(worker);
  const int64_t words = round_up(slab.rows, 64) / 64;
  if (slab.columns() == 0 || rows.begin == rows.end) return;
  for (int64_t part = share.parts.begin; part < share.parts.end; ++part) {
    const Range inputs = parts_[part];
    prefetch(batch, inputs);
    const int64_t at = inputs.begin - share.inputs.begin;  // in the slab and in the share
    const auto store = [&]<class A>(ProductKernel<A, Store<float>> kernel,
                                    const std::type_identity_t<A>& a) {
      store_tiles(team, kernel,
                  Product<A>{.m = rows.size(),
                             .n = slab.columns(),
                             .k = inputs.size(),
                             .a = a,
                             .b = slab.weights.data() + at * slab.row,
                             .b_row = slab.row},
                  {.out = part_sums_[part].data() + rows.begin * layer.row + slab.units.begin,
                   .out_row = layer.row});
    };
    if (batch.in_place()) {
      const float* first =
          batch.images.floats + batch.image(rows.begin) * layer.fan_in + inputs.begin;
      store(kernels_.dense.store, {.at = first, .row = layer.fan_in, .col = 1});
    } else if (!batch.folded) {
      const float* first = share.x.data() + rows.begin * share.x_row + at;
      store(kernels_.dense.store, {.at = first, .row = share.x_row, .col = 1});
    } else if (sparse) {
      store(kernels_.store_sparse_rows,
            {.rows = share.rows.data() + rows.begin,
             .column = at,
             .masks = share.row_masks.data() + rows.begin * words + at / 64,
             .words = words});
    } else {
      store(kernels_.store_byte_rows, {.rows = share.rows.data() + rows.begin, .column = at});
    }
  }
}

// From the parts' sums to the pre-activations of the output, or to the activations of a layer
// `top` below it, for the worker's rows: x W + b = scale * (u W) + (shift * (sum of W's rows) + b).
void CpuCore::forward_rows(const Batch& batch, const Team& team, int worker, Range rows,
                           int64_t top) {
  const auto [begin, end] = rows;
  if (begin == end) return;
  const int64_t output = architecture_.layers() - 1;
  Layer& first = layers_[0];
  const int64_t padded = round_up(first.fan_out, kLanes);
  const int64_t parts = static_cast<int64_t>(parts_.size());
  const float* sums[kMostParts];
  const float* shift = first.bias().weights.data();
  if (batch.folded) {
    for (int64_t part = 0; part < parts; ++part) sums[part] = weight_sums_[part].data();
    float* folded = scratch_[worker].data();
    kernels_.join(sums, parts, batch.shift(), shift, folded, padded);
    shift = folded;
  }
  for (int64_t i = begin; i < end; ++i) {
    float* a = first.a.data() + i * first.row;
    for (int64_t part = 0; part < parts; ++part)
      sums[part] = part_sums_[part].data() + i * first.row;
    kernels_.join(sums, parts, batch.scale(), shift, a, padded);
    if (output > 0) kernels_.activate(first.activation, a, padded);
  }

  for (int64_t l = 1; l <= top; ++l) {
    Layer& layer = layers_[l];
    const Layer& below = layers_[l - 1];
    float* a = layer.a.data() + begin * layer.row;
    for (const Slab& slab : layer.panels()) {
      if (slab.units.begin > 0 && team.stopped()) return;
      store_tiles(team, kernels_.dense.store,
                  Product<Dense<float>>{
                      .m = end - begin,
                      .n = slab.columns(),
                      .k = layer.fan_in,
                      .a = {.at = below.a.data() + begin * below.row, .row = below.row, .col = 1},
                      .b = slab.weights.data(),
                      .b_row = slab.row,
                      .shift = layer.bias().weights.data() + slab.units.begin},
                  {.out = a + slab.units.begin, .out_row = layer.row});
    }
    for (int64_t i = begin; l < output && i < end; ++i, a += layer.row)
      kernels_.activate(layer.activation, a, round_up(layer.fan_out, kLanes));
  }
}

// Row i of the output's pre-activations becomes its activations.
void CpuCore::activate_output(int64_t i) {
  Layer& output = layers_.back();
  float* z = output.a.data() + i * output.row;
  if (output.activation == Activation::softmax) {
    kernels_.softmax(z, output.fan_out);
  } else {
    kernels_.activate(output.activation, z, output.row);
  }
}

void CpuCore::output_loss(const Batch& batch, Range rows) {
  Layer& layer = layers_.back();
  const float scale = architecture_.mean ? 1.0f / static_cast<float>(batch.rows) : 1.0f;
  for (int64_t i = rows.begin; i < rows.end; ++i)  // all at once: each comes from far away
    sample_labels_[i] = batch.labels[batch.image(i)];
  for (int64_t i = rows.begin; i < rows.end; ++i) {
    const SampleLoss found = kernels_.loss_row(
        layer.activation, architecture_.loss, layer.a.data() + i * layer.row,
        layer.delta.data() + i * layer.row, layer.fan_out, sample_labels_[i], scale);
    sample_losses_[i] = found.loss;
    sample_correct_[i] = found.correct;
  }
}

double CpuCore::batch_loss(int64_t rows) const {
  double sum = 0;
  for (int64_t i = 0; i < rows; ++i) sum += sample_losses_[i];
  return architecture_.mean ? sum / static_cast<double>(rows) : sum;
}

// delta_below = (delta W^T) * f'(z_below), layer by layer, for some rows of the mini-batch.
void CpuCore::backprop_rows(const Team& team, Range rows) {
  const int64_t count = rows.size();
  if (count == 0) return;
  for (int64_t l = architecture_.layers() - 1; l > 0; --l) {
    const Layer& layer = layers_[l];
    Layer& to = layers_[l - 1];
    float* delta = to.delta.data() + rows.begin * to.row;
    const float* a = to.a.data() + rows.begin * to.row;
    const int64_t columns = round_up(to.fan_out, kLanes);
    for (int64_t j = 0; j < columns; j += kPanel) {
      if (j > 0 && team.stopped()) return;
      store_tiles(
          team, kernels_.dense.store,
          Product<Dense<float>>{
              .m = count,
              .n = std::min(kPanel, columns - j),
              .k = layer.fan_out,
              .a = {.at = layer.delta.data() + rows.begin * layer.row, .row = layer.row, .col = 1},
              .b = layer.transposed.data() + j * layer.fan_out,
              .b_row = kPanel},
          {.out = delta + j, .out_row = to.row});
    }
    for (int64_t i = 0; i < count; ++i)
      kernels_.derive(to.activation, a + i * to.row, delta + i * to.row, columns);
  }
}

// From the mini-batch to the deltas of all layers.
bool CpuCore::learn_from(const Batch& batch, const Team& team) {
  team.each([&](int worker) {
    InputShare& share = share_of(worker);
    if (worker % workers_per_share_ == 0) share.sparse = find_zeros(batch, {0, batch.rows}, share);
  });
  if (workers_per_share_ > 1 && !team.wait()) return false;
  team.each([&](int worker) { gather(batch, worker); });
  if (workers_per_share_ > 1 && !team.wait()) return false;
  team.each([&](int worker) {
    multiply_inputs(batch, team, worker, {0, batch.rows}, share_of(worker).sparse);
    if (batch.folded) sum_weights(worker);
  });
  if (!team.wait()) return false;
  team.each([&](int worker) {
    const Range mine = rows_of(batch, worker);
    for (int64_t i = mine.begin; i < mine.end && !team.stopped(); i += kRowsAtOnce) {
      const Range rows{i, std::min(i + kRowsAtOnce, mine.end)};
      forward_rows(batch, team, worker, rows, architecture_.layers() - 1);
      output_loss(batch, rows);
      backprop_rows(team, rows);
    }
  });
  return team.wait();
}

}  // namespace cutaway
