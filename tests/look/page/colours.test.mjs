import assert from "node:assert/strict";
import { test } from "node:test";
import * as colours from "../../../python/cutaway/look/page/colours.mjs";

const theme = {
  negative: [[0, 0, 100], [0, 0, 200]], zero: [255, 255, 255], positive: [[200, 0, 0], [100, 0, 0]],
  paper: [255, 255, 255], ink: [0, 0, 0],
};

test("zero is the paper, and the ends are the strongest colours", () => {
  const scale = colours.scale(theme);
  assert.deepEqual([scale[0], scale[127], scale[254]], [[0, 0, 100], [255, 255, 255], [100, 0, 0]].map(colours.pixel));
});

test("a value beyond the limit has the strongest colour", () => {
  assert.deepEqual([-9, -1, 0, 0.5, 1, 9].map((v) => colours.level(v, 1)), [0, 0, 127, 191, 254, 254]);
});

test("all zeros have a limit, too", () => {
  assert.equal(colours.strongest(new Float32Array(4)), 1);
  assert.equal(colours.strongest(Float32Array.of(0, -2)), 2);
});

const look = { signed: Uint32Array.from({ length: 255 }, (_, i) => i), gap: 900, paper: 901, ink: 902 };

test("a tile has its weights, a line around it, and a bar of its activation", () => {
  const layout = { units: 1, columns: 1, high: 2, wide: 2, deep: 1, zoom: 1, tall: 1, bar: 3, width: 4, height: 7 };
  const pixels = new Uint32Array(28);
  colours.paintTiles(pixels, layout, Float32Array.of(0, 1, -1, 0, 1), 1, 1, Float32Array.of(0.5), look);
  assert.deepEqual([...pixels.slice(4, 8), ...pixels.slice(8, 12)], [900, 254, 0, 900, 900, 127, 254, 900]);
  assert.deepEqual([...pixels.slice(20, 24)], [901, 902, 901, 901]);
});

test("lines and bars are thin beside few weights, too", () => {
  const layout = colours.arranged(4, [8, 8], 3);
  assert.deepEqual([layout.zoom, layout.width, layout.height], [4, 2 * 33 + 1, 2 * (32 + 3 + 1) + 1]);
  assert.equal(colours.arranged(64, [28, 28], 3).width, 8 * 29 + 1);
  const strips = colours.arranged(8, [1, 4], 3);
  assert.deepEqual([strips.width, strips.height], [242, 8 * (20 + 3 + 1) + 1]);
  const pixels = new Uint32Array(layout.width * layout.height);
  const weights = Float32Array.from({ length: 65 * 4 }, (_, i) => (i === 4 ? 1 : 0)); // the first of unit 0
  colours.paintTiles(pixels, layout, weights, 4, 1, new Float32Array(4), look);
  const row = (/** @type {number} */ y) => [...pixels.slice(y * layout.width, y * layout.width + 6)];
  assert.deepEqual([1, 4, 5].map(row), [[900, 254, 254, 254, 254, 127], [900, 254, 254, 254, 254, 127], [900, 127, 127, 127, 127, 127]]);
});

test("weights of colours are colours around a middle gray", () => {
  const layout = colours.arranged(1, [1, 1, 3], 1);
  const pixels = new Uint32Array(layout.width * layout.height);
  colours.paintTiles(pixels, layout, Float32Array.of(0, 1, 0, -1), 1, 1, Float32Array.of(0), look);
  assert.equal(pixels[layout.width + 1], colours.pixel([254, 127, 0]));
});
