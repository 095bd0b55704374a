import assert from "node:assert/strict";
import { test } from "node:test";
import { inked } from "../../../python/cutaway/look/page/draw.mjs";

/** The rows and columns from the first to the last with ink. */
function box(ink, width) {
  const at = [...ink.keys()].filter((i) => ink[i] > 0);
  const [rows, columns] = [at.map((i) => Math.floor(i / width)), at.map((i) => i % width)];
  return { high: Math.max(...rows) - Math.min(...rows) + 1, wide: Math.max(...columns) - Math.min(...columns) + 1 };
}

function centre(ink, width) {
  const mass = ink.reduce((a, b) => a + b);
  const sum = (place) => ink.reduce((a, b, i) => a + b * place(i), 0);
  return [sum((i) => Math.floor(i / width)) / mass, sum((i) => i % width) / mass];
}

const L = [[[0.1, 0.1], [0.1, 0.5], [0.3, 0.5]]];

test("no strokes are no ink", () => {
  assert.ok(inked([], [28, 28]).every((v) => v === 0));
  assert.ok(inked([[]], [28, 28]).every((v) => v === 0));
});

test("a drawing fills a box of 20 pixels and is centred by mass", () => {
  const ink = inked(L, [28, 28]);
  const { high, wide } = box(ink, 28);
  assert.ok(high >= 19 && high <= 22 && wide < high, `${high} x ${wide}`);
  centre(ink, 28).forEach((place) => assert.ok(Math.abs(place - 13.5) <= 0.5));
  assert.equal(Math.max(...ink), 1);
});

test("where and how large it was drawn does not matter, and neither does the width of its lines", () => {
  const elsewhere = L.map((stroke) => stroke.map(([x, y]) => [0.5 + x / 4, 0.7 + y / 4]));
  inked(elsewhere, [28, 28]).forEach((v, i) => assert.ok(Math.abs(v - inked(L, [28, 28])[i]) < 1e-5));
});

test("a dot stays a dot in the middle", () => {
  const { high, wide } = box(inked([[[0.2, 0.8]]], [28, 28]), 28);
  assert.ok(high <= 5 && wide <= 5);
});

test("other shapes of pictures are filled in the same way", () => {
  for (const shape of [[8, 8], [14, 56], [56, 14], [1, 1], [2, 3]]) {
    const ink = inked(L, shape);
    assert.equal(ink.length, shape[0] * shape[1]);
    assert.ok(ink.every((v) => v >= 0 && v <= 1) && ink.some((v) => v > 0), `${shape}`);
  }
});

test("ink is never moved over the edge", () => {
  const heavy = [[[0, 0], [1, 0], [0, 0.02], [1, 0.04], [0, 0.06]], [[0.5, 1], [0.5, 0.99]]];
  const [before, after] = [inked(heavy, [28, 28]), box(inked(heavy, [28, 28]), 28)];
  assert.ok(before.some((v) => v > 0) && after.high >= 19);
});
