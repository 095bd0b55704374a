// The output of the network and its loss. In: a row of z, and its label. Out: the row's
// activations, its loss, the slope of the loss by z.

struct Partition {  // of a softmax: row[j] = e^(z[j] - highest) / sum
  float highest;
  double sum;
};

Partition softmax_row(float* row, int64_t n) {
  float highest = row[0];
  for (int64_t j = 1; j < n; ++j)
    if (!(row[j] <= highest)) highest = row[j];  // also takes a NaN, which then spreads
  map(row, row, n, [=](F32 z) { return exp(z - highest); });
  double sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += row[j];
  for (int64_t j = 0; j < n; ++j) row[j] = static_cast<float>(row[j] / sum);
  return {highest, sum};
}

void softmax(float* row, int64_t n) { softmax_row(row, n); }

// Adds kLanes terms as doubles, halves onto halves: the same sum for every vector width.
inline double add(const float* terms) {
  double sums[kLanes];
  for (int64_t j = 0; j < kLanes; ++j) sums[j] = terms[j];
#pragma GCC unroll 4
  for (int64_t half = kLanes / 2; half > 0; half /= 2)
    for (int64_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  return sums[0];
}

// The columns of the vector that starts at column `first`.
inline I32 columns_from(int64_t first) {
  alignas(64) static constexpr int32_t kLane[kLanes] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                        8, 9, 10, 11, 12, 13, 14, 15};
  return load(kLane) + static_cast<int32_t>(first);
}

// Lane j of the vector that starts at column `first` counts if j < n.
inline F32 first_lanes(F32 v, int64_t first, int64_t n) {
  return columns_from(first) < static_cast<int32_t>(n) ? v : broadcast(0.0f);
}

// Is z[label] the first largest of n? NaN is the largest of all.
inline bool is_first_largest(const float* z, int64_t n, int64_t label) {
  const float own = z[label];
  if (own != own) {
    bool first = true;
    for (int64_t j = 0; j < label; ++j) first &= z[j] == z[j];
    return first;
  }
  I32 larger = {};
  for (int64_t j = 0; j < n; j += kF32Lanes) {
    const F32 v = load(z + j);
    const I32 column = columns_from(j);
    const I32 smaller = column < static_cast<int32_t>(label) ? v < own : v <= own;
    larger |= ~smaller & (column < static_cast<int32_t>(n));
  }
  int32_t any = 0;
  for (int lane = 0; lane < kF32Lanes; ++lane) any |= larger[lane];
  return any == 0;
}

SampleLoss loss_row(Activation activation, Loss loss, float* z, float* delta, int64_t n,
                    int64_t label, float scale) {
  const int64_t padded = (n + kLanes - 1) / kLanes * kLanes;
  const float z_label = z[label];
  double total = 0;
  float terms[kLanes];

  if (loss == Loss::binary_cross_entropy) {  // from z: ln(1 + e^z) - z t, which cannot overflow
    for (int64_t j = 0; j < padded; j += kLanes) {
      for (int64_t v = 0; v < kLanes; v += kF32Lanes) {
        const F32 x = load(z + j + v);
        const F32 term = (x > 0.0f ? x : broadcast(0.0f)) + log(1.0f + exp(-absolute(x)));
        store(terms + v, first_lanes(term, j + v, n));
      }
      total += add(terms);
    }
    total -= z_label;
  }

  if (activation == Activation::softmax) {
    const Partition partition = softmax_row(z, n);
    if (loss == Loss::cross_entropy)
      total = __builtin_log(partition.sum) - (static_cast<double>(z_label) - partition.highest);
  } else {
    activate(activation, z, padded);
  }

  const bool correct = is_first_largest(z, n, label);
  // delta = a - t: with softmax and cross-entropy, and with sigmoid and binary cross-entropy, that
  // is the whole gradient.
  for (int64_t j = 0; j < padded; j += kF32Lanes) {
    const F32 target =
        columns_from(j) == static_cast<int32_t>(label) ? broadcast(1.0f) : broadcast(0.0f);
    store(delta + j, load(z + j) - target);
  }
  if (loss == Loss::squared_error) {  // (a - t)^2, whose slope is 2 (a - t) f'(z)
    for (int64_t j = 0; j < padded; j += kLanes) {
      for (int64_t v = 0; v < kLanes; v += kF32Lanes) {
        const F32 d = load(delta + j + v);
        store(terms + v, first_lanes(d * d, j + v, n));
        store(delta + j + v, d + d);
      }
      total += add(terms);
    }
    if (activation == Activation::softmax) {  // its Jacobian couples the classes
      double mixed = 0;
      for (int64_t j = 0; j < n; ++j) mixed += static_cast<double>(delta[j]) * z[j];
      for (int64_t j = 0; j < n; ++j) delta[j] = z[j] * (delta[j] - static_cast<float>(mixed));
    } else {
      derive(activation, z, delta, padded);
    }
  }
  for (int64_t j = 0; j < padded; j += kF32Lanes)
    store(delta + j, first_lanes(load(delta + j) * scale, j, n));
  return {static_cast<float>(total), correct};
}
