import assert from "node:assert/strict";
import { test } from "node:test";
import * as measure from "../../../python/cutaway/look/page/measure.mjs";

/** 3-2-2: unit 0 looks at inputs 0 and 1, unit 1 at 2. */
const net = {
  sizes: [3, 2, 2],
  layers: [Float32Array.of(9, 9, 1, 0, 2, 0, 0, 3), Float32Array.of(9, 9, 1, -1, 0, 4)],
};

test("the loudest terms come first, with their signs, and zeros are none", () => {
  assert.deepEqual(measure.loudest(Float32Array.of(1, -3, 0, 2), 5), [
    { place: 1, value: -3 }, { place: 3, value: 2 }, { place: 0, value: 1 },
  ]);
});

test("evidence is input times weight", () => {
  assert.deepEqual([...measure.evidence(net, 0, 0, Float32Array.of(5, 7, 9))], [5, 14, 0]);
});

test("a contribution is activation times weight, or the difference of two weights", () => {
  assert.deepEqual([...measure.contributions(net, Float32Array.of(2, 3), 0, null)], [2, 0]);
  assert.deepEqual([...measure.contributions(net, Float32Array.of(2, 3), 0, 1)], [4, -12]);
});

test("a unit's incoming weights are its column", () => {
  assert.deepEqual([...measure.incoming(net, 0, 0)], [1, 2, 0]);
});

test("who speaks for a class is told as the later layers' weights add up", () => {
  assert.deepEqual([...measure.speakers(net, 1)], [0, 1].map((unit) => measure.votes(net, 0, unit)[1]));
  assert.deepEqual([...measure.speakers({ sizes: [3, 2], layers: net.layers.slice(0, 1) }, 1)], [0, 1]);
});

test("votes go through the later layers", () => {
  assert.deepEqual([...measure.votes(net, 0, 1)], [0, 4]);
  assert.deepEqual([...measure.votes(net, 1, 1)], [0, 1]);
});

test("a survey counts what was taken for what", () => {
  const answers = [0, 1, 1];
  const survey = new measure.Survey(
    { sizes: [1, 2], forward: ([n]) => [Float32Array.from([0, 1], (c) => Number(answers[n] === c))] },
    { count: 3, labels: Int32Array.of(0, 0, 1), row: (n) => [n] },
  );
  assert.deepEqual([survey.right, [...survey.confusion()]], [2, [1, 1, 0, 1]]);
  assert.deepEqual(survey.taken(0, 1), [1]);
  assert.deepEqual([...survey.unit(0, 1)], [0, 1, 1]);
});
