import assert from "node:assert/strict";
import { test } from "node:test";
import { read, written } from "../../../python/cutaway/look/page/state.mjs";

const bounds = { moments: 72, sizes: [784, 64, 32, 10], samples: 500 };

test("what is written is read back", () => {
  const strokes = [[[0, 1], [51 / 255, 0.2]], [[0.4, 0.6]]];
  const state = { time: 12.5, layer: 1, unit: 31, sample: 3, strokes };
  const { sample, ...drawn } = state;
  assert.deepEqual(read(written(state), bounds), drawn);
  assert.deepEqual(read(written({ ...state, strokes: [] }), bounds), { ...state, strokes: [] });
});

test("what makes no sense is left out", () => {
  for (const fragment of [
    "", "t=99", "t=-1", "t=NaN", "t=", "neuron=64", "layer=2&neuron=1e9", "sample=500", "drawing=<img>", "%%%", "t=1e999",
  ]) {
    const { strokes, layer, unit, ...rest } = read(fragment, bounds);
    assert.deepEqual([strokes, rest, unit], [[], {}, undefined], fragment);
  }
});

test("a drawing of any length is cut", () => {
  const { strokes } = read(`drawing=${"00ff".repeat(1e6)}`, bounds);
  assert.ok(strokes.flat().length < 10_000);
});
