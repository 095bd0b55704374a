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

test("a tile has its weights, a line around it, and a bar of its activation", () => {
  const layout = colours.arranged(1, [2, 2], 3);
  assert.deepEqual([layout.width, layout.height], [4, 7]);
  const look = { signed: Uint32Array.from({ length: 255 }, (_, i) => i), gap: 900, paper: 901, ink: 902 };
  const pixels = new Uint32Array(28);
  colours.paintTiles(pixels, layout, Float32Array.of(0, 1, -1, 0, 1), 1, 1, Float32Array.of(0.5), look);
  assert.deepEqual([...pixels.slice(4, 8), ...pixels.slice(8, 12)], [900, 254, 0, 900, 900, 127, 254, 900]);
  assert.deepEqual([...pixels.slice(20, 24)], [901, 902, 901, 901]);
});

test("weights of colours are colours around a middle gray", () => {
  const layout = colours.arranged(1, [1, 1, 3], 1);
  const pixels = new Uint32Array(layout.width * layout.height);
  const look = { signed: new Uint32Array(255), gap: 0, paper: 0, ink: 0 };
  colours.paintTiles(pixels, layout, Float32Array.of(0, 1, 0, -1), 1, 1, Float32Array.of(0), look);
  assert.equal(pixels[layout.width + 1], colours.pixel([254, 127, 0]));
});
