import assert from "node:assert/strict";
import { test } from "node:test";
import { activate, largest, Net, Samples, selfCheck } from "../../../python/cutaway/look/page/net.mjs";

/** A network 2-2-2 with two moments; units' weights go from 127 and -127 hundredths to 1 and 2. */
function made(changes = {}) {
  const facts = {
    sizes: [2, 2, 2], activations: ["identity", "identity"], steps: [0, 10], epochs: [0, 1],
    mean: 0, std: 1, paper: 0, full: 1, ...changes,
  };
  const layer = (steps, last) => ({ steps: Int8Array.from(steps), scale: Float32Array.of(0.01, 0.01), last: Float32Array.from(last) });
  const layers = [layer([0, 0, 127, 0, 0, -127], [0, 0, 1, 0, 0, 2]), layer([0, 0, 100, 0, 0, 100], [0.5, 0, 1, 0, 0, 1])];
  const arrays = Object.fromEntries(layers.flatMap((l, n) => Object.entries(l).map(([name, v]) => [`layer.${n}.${name}`, v])));
  return new Net(facts, arrays);
}

const near = (actual, expected) => Array.from(actual).forEach((v, i) => assert.ok(Math.abs(v - expected[i]) < 1e-6, `${actual}`));

test("a network opens at its last moment", () => {
  near(made().forward(Float32Array.of(1, 1))[1], [1.5, 2]);
});

test("a kept moment has the weights that its bytes say", () => {
  const net = made();
  net.at(0);
  near(net.forward(Float32Array.of(1, 1))[0], [1.27, -1.27]);
});

test("between moments weights are interpolated", () => {
  const net = made();
  net.at(0.5);
  near(net.layers[0], [0, 0, 1.135, 0, 0, 0.365]);
});

test("a time outside the run is its nearest end", () => {
  const net = made();
  net.at(-3);
  assert.equal(net.time, 0);
  net.at(99);
  assert.equal(net.time, 1);
});

test("paper that is not zero is added once, to all inputs", () => {
  near(made({ paper: -0.5 }).forward(Float32Array.of(1, 0))[0], [0.5, -1]);
});

test("many inputs, of which some are zero, are all weighed", () => {
  const n = 11;
  const last = Float32Array.from({ length: (n + 1) * 3 }, (_, i) => Math.sin(i));
  const arrays = { "layer.0.steps": new Int8Array(0), "layer.0.scale": new Float32Array(0), "layer.0.last": last };
  const net = new Net({ sizes: [n, 3], activations: ["identity"], steps: [0], epochs: [0], mean: 0, std: 1, paper: 0, full: 1 }, arrays);
  for (const zeros of [0, 1, 2, 3, n]) {
    const x = Float32Array.from({ length: n }, (_, i) => (i < zeros ? 0 : i - 4.5));
    const sums = [0, 1, 2].map((j) => x.reduce((sum, v, i) => sum + v * last[(i + 1) * 3 + j], last[j]));
    net.forward(x)[0].forEach((v, j) => assert.ok(Math.abs(v - sums[j]) < 1e-4));
  }
});

test("activations are what their names say", () => {
  const of = (name) => activate(name, Float32Array.of(-1, 0, 2));
  near(of("sigmoid"), [0.268941421, 0.5, 0.880797078]);
  near(of("tanh"), [-0.761594156, 0, 0.964027580]);
  near(of("relu"), [0, 0, 2]);
  near(of("identity"), [-1, 0, 2]);
  near(of("softmax"), [0.042010066, 0.114195199, 0.843794735]);
  near(activate("softmax", Float32Array.of(1000, 1000)), [0.5, 0.5]);
});

test("of equal numbers the first is the largest", () => assert.equal(largest([1, 3, 3]), 1));

test("a self-check passes with the core's outputs, and fails with others and with none", () => {
  const net = made();
  const samples = new Samples(net.facts, { samples: Float32Array.of(1, 1) });
  assert.equal(selfCheck(net, samples, Float32Array.of(1.5, 2)), "pass");
  assert.match(selfCheck(net, samples, Float32Array.of(1.5, 2.1)), /^fail: an output differs/);
  assert.match(selfCheck(net, samples, Float32Array.of(NaN, 2)), /^fail/);
  assert.match(selfCheck(net, samples, Float32Array.of()), /^fail: nothing/);
});
