// What a product could reach at best. Out: how many numbers were multiplied; sink takes their sum.

int64_t multiply_adds(int64_t rounds, float* sink) {
  constexpr int kChains = 12;  // more than the latency of an instruction times those per cycle
  F32 sum[kChains];
  for (int chain = 0; chain < kChains; ++chain) sum[chain] = broadcast(1.0f * chain);
  const F32 factor = broadcast(0.5f), term = broadcast(1.0f);
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int chain = 0; chain < kChains; ++chain) sum[chain] = fma(sum[chain], factor, term);
  F32 total = {};
  for (const F32& chain : sum) total += chain;
  *sink = total[0];
  return rounds * kChains * kF32Lanes;
}
