// The fast path's two products of pixels on tensor cores, where they are asked for: with weights,
// and with deltas. In: a group of pixels, as bytes. Out: a warp's sums, in float32.
//
// A pixel is x = p - c - r for the byte p, the integer c that is nearest to the mean of pixels, and
// the rest r. p - c has 9 bits, which tf32 keeps; so only weights and deltas are rounded. The rest
// goes with sums of these: of x w, they are those of (p - c) w less r times those of w.
#pragma once

#include "cuda/kernels/epoch_layout.h"

namespace cutaway::cuda {

template <int U, class Comm>
class PixelProducts {
  static constexpr int kWidth = 8;                             // of a product: hidden units
  static constexpr int kProducts = (U + kWidth - 1) / kWidth;  // side by side
  static constexpr int kHeight = 16;                           // samples, or pixels of 4 words
  static constexpr int kTileWords = 8;
  static constexpr int kTiles = kThreads / (kTileWords * kWarps);  // of a warp, in a pass

 public:
  CUTAWAY_DEVICE PixelProducts(Comm& comm, const Epoch& job)
      : comm_(comm),
        bytes_(job.bytes),
        pitch_(static_cast<int>(job.pitch)),
        words_(pitch_ / kWordPixels),
        row_(comm.lane() / 4),
        part_(comm.lane() % 4),
        center_(rintf(fminf(fmaxf(job.mean, 0.0f), 255.0f))),
        rest_(job.mean - center_) {}

  // What this warp's slice of the pixels adds to the units' sums of a group of samples, S to a
  // lane: parts (U, group).
  template <int S>
  CUTAWAY_DEVICE void weigh(const std::uint8_t* pixels, int samples, const float* weights,
                            float* parts) const {
    constexpr int kGroup = kGroupOf<S>, kTall = kGroup / kHeight;
    float sums[kTall][kProducts][4] = {}, of_weights[kProducts][4] = {};
    int rows[kTall][2];  // a sample too many repeats the last, and nobody looks
    CUTAWAY_UNROLL
    for (int m = 0; m < kTall; ++m) {
      CUTAWAY_UNROLL
      for (int i = 0; i < 2; ++i) {
        const int sample = m * kHeight + 8 * i + row_;
        rows[m][i] = (sample < samples ? sample : samples - 1) * pitch_;
      }
    }
    CUTAWAY_ROLLED
    for (int piece = comm_.warp(); piece * kPiecePixels < pitch_; piece += kSlices) {
      const int word = piece * (kPiecePixels / kWordPixels) + part_;
      // Depth `part` and `part` + 4 of each of two products are the four pixels of this word.
      float b[2][kProducts][2];
      CUTAWAY_UNROLL
      for (int h = 0; h < 2; ++h) {
        CUTAWAY_UNROLL
        for (int t = 0; t < kProducts; ++t) {
          const int u = t * kWidth + row_;
          CUTAWAY_UNROLL
          for (int i = 0; i < 2; ++i)
            b[h][t][i] = u < U ? to_tf32(weights[row_of(words_, word, 2 * h + i) * U + u]) : 0.0f;
          add_up(of_weights[t], b[h][t]);
        }
      }
      CUTAWAY_UNROLL
      for (int m = 0; m < kTall; ++m) {
        const std::uint32_t x[2] = {word_at(pixels + rows[m][0], word),
                                    word_at(pixels + rows[m][1], word)};
        CUTAWAY_UNROLL
        for (int h = 0; h < 2; ++h) {
          const float a[4] = {pixel(x[0], 2 * h), pixel(x[1], 2 * h), pixel(x[0], 2 * h + 1),
                              pixel(x[1], 2 * h + 1)};
          CUTAWAY_UNROLL
          for (int t = 0; t < kProducts; ++t) comm_.mma_tf32(sums[m][t], a, b[h][t]);
        }
      }
    }
    CUTAWAY_UNROLL
    for (int m = 0; m < kTall; ++m) {
      CUTAWAY_UNROLL
      for (int t = 0; t < kProducts; ++t) {
        CUTAWAY_UNROLL
        for (int i = 0; i < 4; ++i) {
          const int sample = m * kHeight + i / 2 * 8 + row_, u = t * kWidth + 2 * part_ + i % 2;
          if (u < U) parts[u * kGroup + sample] = sums[m][t][i] - rest_ * of_weights[t][i];
        }
      }
    }
  }

  // The gradients of this warp's words, kThreads to a block.
  struct Gradients {
    float sums[kTiles][2][kProducts][4] = {};  // two pixels of every word, then the others
    float of_deltas[kProducts][4] = {};
  };

  // Adds those of a group; deltas (samples, U). All lanes of a warp take part.
  CUTAWAY_DEVICE void add(Gradients& gradients, int first_word, const std::uint8_t* pixels,
                          int samples, const float* deltas) const {
    CUTAWAY_ROLLED
    for (int from = 0; from < samples; from += 8) {
      // Depth is the sample: `part` and `part` + 4.
      const std::uint8_t* rows[2];
      float b[kProducts][2];
      CUTAWAY_UNROLL
      for (int i = 0; i < 2; ++i) {
        const int sample = from + part_ + 4 * i;
        const bool real = sample < samples;
        rows[i] = pixels + (real ? sample : from) * pitch_;
        CUTAWAY_UNROLL
        for (int t = 0; t < kProducts; ++t) {
          const int u = t * kWidth + row_;
          b[t][i] = real && u < U ? to_tf32(deltas[sample * U + u]) : 0.0f;
        }
      }
      CUTAWAY_UNROLL
      for (int t = 0; t < kProducts; ++t) add_up(gradients.of_deltas[t], b[t]);
      CUTAWAY_UNROLL
      for (int tile = 0; tile < kTiles; ++tile) {
        if (start_of(first_word, tile) >= words_) break;
        int word = start_of(first_word, tile) + row_;
        if (word >= words_) word = words_ - 1;  // and nobody looks
        const std::uint32_t x[2] = {word_at(rows[0], word), word_at(rows[1], word)};
        CUTAWAY_UNROLL
        for (int h = 0; h < 2; ++h) {
          const float a[4] = {pixel(x[0], 2 * h), pixel(x[0], 2 * h + 1), pixel(x[1], 2 * h),
                              pixel(x[1], 2 * h + 1)};
          CUTAWAY_UNROLL
          for (int t = 0; t < kProducts; ++t) comm_.mma_tf32(gradients.sums[tile][h][t], a, b[t]);
        }
      }
    }
  }

  // Calls body(word, pixel of it, unit, gradient) for all of this lane, also of words that are
  // none.
  template <class Body>
  CUTAWAY_DEVICE void for_each(const Gradients& gradients, int first_word, const Body& body) const {
    CUTAWAY_UNROLL
    for (int tile = 0; tile < kTiles; ++tile) {
      const int word = start_of(first_word, tile) + row_;
      CUTAWAY_UNROLL
      for (int h = 0; h < 2; ++h) {
        CUTAWAY_UNROLL
        for (int t = 0; t < kProducts; ++t) {
          CUTAWAY_UNROLL
          for (int i = 0; i < 4; ++i) {
            const int u = t * kWidth + 2 * part_ + i % 2;
            if (u < U)
              body(word, 2 * h + i / 2, u,
                   gradients.sums[tile][h][t][i] - rest_ * gradients.of_deltas[t][i]);
          }
        }
      }
    }
  }

 private:
  CUTAWAY_DEVICE std::uint32_t word_at(const std::uint8_t* row, int word) const {
    return reinterpret_cast<const std::uint32_t*>(row)[word];
  }
  CUTAWAY_DEVICE float pixel(std::uint32_t word, int i) const {
    return byte_of(word, i, bytes_, center_);
  }
  // Every row of the sums gets those of the columns of b.
  CUTAWAY_DEVICE void add_up(float (&sums)[4], const float (&b)[2]) const {
    const float ones[4] = {1, 1, 1, 1};
    comm_.mma_tf32(sums, ones, b);
  }
  // The warps share the words tile by tile.
  CUTAWAY_DEVICE int start_of(int first_word, int tile) const {
    return first_word + (tile * kWarps + comm_.warp()) * kTileWords;
  }

  Comm& comm_;
  const Bytes& bytes_;
  const int pitch_, words_;
  const int row_, part_;  // of a product: this lane's
  const float center_, rest_;
};

}  // namespace cutaway::cuda
