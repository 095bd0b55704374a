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

// Lane j of the vector that starts at column `first` counts if j < n.
inline F32 first_lanes(F32 v, int64_t first, int64_t n) {
  I32 column;
  for (int lane = 0; lane < kF32Lanes; ++lane) column[lane] = static_cast<int32_t>(first + lane);
  return column < static_cast<int32_t>(n) ? v : broadcast(0.0f);
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

  // Is the label the first largest output? NaN is the largest of all.
  const float own = z[label];
  const bool nan = own != own;
  bool correct = true;
  for (int64_t j = 0; j < label; ++j) correct &= z[j] < own || (nan && z[j] == z[j]);
  for (int64_t j = label + 1; j < n; ++j) correct &= z[j] <= own || nan;

  // delta = a - t: with softmax and cross-entropy, and with sigmoid and binary cross-entropy, that
  // is the whole gradient.
  for (int64_t j = 0; j < padded; ++j) delta[j] = z[j];
  delta[label] -= 1.0f;
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
  for (int64_t j = 0; j < padded; ++j) delta[j] *= scale;
  for (int64_t j = n; j < padded; ++j) delta[j] = 0;
  return {static_cast<float>(total), correct};
}
