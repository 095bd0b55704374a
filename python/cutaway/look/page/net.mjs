/**
 * Net: what the page embeds goes in; weights, activations and answers at any moment come out.
 *
 * Times are positions among the kept moments: 3 is the fourth one, 3.5 is half way to the next, where
 * weights are interpolated. Inputs are ink: what differs from blank paper, 0 where nothing does.
 */

/**
 * @typedef {{name: string, kind: string, shape: number[], start: number, end: number}} Row
 * @typedef {Int8Array | Uint8Array | Int32Array | Float32Array} Values
 * @typedef {{
 *   sizes: number[], activations: string[], steps: number[], epochs: number[],
 *   mean: number, std: number, paper: number, full: number,
 * }} Facts
 */

/** @type {Record<string, any>} */
const KINDS = { i1: Int8Array, u1: Uint8Array, i4: Int32Array, f4: Float32Array };

/**
 * Unpack the arrays of a payload.
 * @param {string} text in base64
 * @param {Row[]} table
 * @returns {Promise<Record<string, Values>>}
 */
export async function unpack(text, table) {
  const letters = atob(text.trim());
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  const arrays = table.map(async ({ name, kind, shape, start, end }) => {
    const inflate = new DecompressionStream("deflate");
    const stream = new Blob([bytes.subarray(start, end)]).stream().pipeThrough(inflate);
    const values = new KINDS[kind](await new Response(stream).arrayBuffer());
    return [name, name.endsWith(".steps") ? added(values, shape[1] * shape[2]) : values];
  });
  return Object.fromEntries(await Promise.all(arrays));
}

/** The network of a run: `at(time)` makes `layers` what they were then. */
export class Net {
  /**
   * @param {Facts} facts
   * @param {Record<string, Values>} arrays
   */
  constructor(facts, arrays) {
    this.facts = facts;
    this.arrays = arrays;
    this.sizes = facts.sizes;
    this.moments = facts.steps.length;
    this.last = this.sizes.slice(1).map((_, l) => /** @type {Float32Array} */ (arrays[`layer.${l}.last`]));
    this.scales = this.last.map((_, l) => /** @type {Float32Array} */ (arrays[`layer.${l}.scale`]));
    this.levels = this.last.map((_, l) => /** @type {Int8Array} */ (arrays[`layer.${l}.steps`]));
    /** Per layer (1 + fan_in, units), row 0 the biases, at this time. */
    this.layers = this.last.map((last) => last.slice());
    this.after = this.last.map((last) => new Float32Array(last.length));
    this.time = this.moments - 1;
    this.base = new Float32Array(this.sizes[1]);
    this.prepare();
  }

  /** Return another one, to look at other times with. */
  twin() {
    return new Net(this.facts, this.arrays);
  }

  /** Make the weights those of a time. @param {number} time */
  at(time) {
    this.time = Math.min(Math.max(time, 0), this.moments - 1);
    const before = Math.floor(this.time);
    this.layers.forEach((layer, l) => {
      this.read(l, before, layer);
      const share = this.time - before;
      if (share === 0) return;
      const after = this.after[l];
      this.read(l, before + 1, after);
      for (let i = 0; i < layer.length; i++) layer[i] += share * (after[i] - layer[i]);
    });
    this.prepare();
  }

  /**
   * Read a layer at a kept moment.
   * @param {number} l @param {number} moment @param {Float32Array} into
   */
  read(l, moment, into) {
    if (moment === this.moments - 1) {
      into.set(this.last[l]);
      return;
    }
    const units = this.sizes[l + 1];
    const levels = this.levels[l].subarray(moment * into.length, (moment + 1) * into.length);
    const scale = this.scales[l].subarray(moment * units, (moment + 1) * units);
    for (let i = 0; i < into.length; i += units) {
      for (let j = 0; j < units; j++) into[i + j] = levels[i + j] * scale[j];
    }
  }

  /** Add up what blank paper makes of the first layer, so that only ink is left to be added. */
  prepare() {
    const [units, first, paper] = [this.sizes[1], this.layers[0], this.facts.paper];
    this.base.set(first.subarray(0, units));
    if (paper === 0) return;
    for (let i = units; i < first.length; i += units) {
      for (let j = 0; j < units; j++) this.base[j] += paper * first[i + j];
    }
  }

  /**
   * Return every layer's activations for an input.
   * @param {Float32Array} ink (features,)
   * @returns {Float32Array[]}
   */
  forward(ink) {
    let below = ink;
    return this.layers.map((layer, l) => {
      const units = this.sizes[l + 1];
      const sums = l === 0 ? this.base.slice() : layer.slice(0, units);
      weigh(sums, below, layer);
      below = activate(this.facts.activations[l], sums);
      return below;
    });
  }
}

/**
 * Add up differences of bytes, modulo 256, in place.
 * @param {Int8Array} steps @param {number} size of a moment
 */
function added(steps, size) {
  for (let i = size; i < steps.length; i++) steps[i] += steps[i - size];
  return steps;
}

/**
 * Add weighted inputs to sums, four at a time, which takes half the time of one at a time.
 * @param {Float32Array} sums (units,) @param {Float32Array} inputs (fan_in,), many of which are 0
 * @param {Float32Array} layer (1 + fan_in, units)
 */
function weigh(sums, inputs, layer) {
  const units = sums.length;
  const [places, values] = [[0, 0, 0, 0], [0, 0, 0, 0]];
  let waiting = 0;
  for (let i = 0; i <= inputs.length; i++) {
    const end = i === inputs.length;
    if (!end && inputs[i] !== 0) {
      places[waiting] = (i + 1) * units;
      values[waiting++] = inputs[i];
    }
    if (waiting < 4 && !end) continue;
    values.fill(0, waiting);
    const [a, b, c, d] = places;
    const [x, y, z, w] = values;
    for (let j = 0; j < units; j++) {
      sums[j] += x * layer[a + j] + y * layer[b + j] + z * layer[c + j] + w * layer[d + j];
    }
    waiting = 0;
  }
}

/**
 * Apply an activation, in place.
 * @param {string} name @param {Float32Array} sums
 */
export function activate(name, sums) {
  if (name === "softmax") {
    const most = sums.reduce((a, b) => Math.max(a, b));
    let total = 0;
    for (let i = 0; i < sums.length; i++) total += sums[i] = Math.exp(sums[i] - most);
    for (let i = 0; i < sums.length; i++) sums[i] /= total;
    return sums;
  }
  for (let i = 0; i < sums.length; i++) {
    if (name === "sigmoid") sums[i] = 1 / (1 + Math.exp(-sums[i]));
    else if (name === "tanh") sums[i] = Math.tanh(sums[i]);
    else if (name === "relu") sums[i] = Math.max(0, sums[i]);
  }
  return sums;
}

/** Return the place of the largest number, the first of several. @param {ArrayLike<number>} values */
export function largest(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Samples that the page embeds: their inputs as ink, what they are, and what the core said of them. */
export class Samples {
  /**
   * @param {Facts} facts
   * @param {Record<string, Values>} arrays
   */
  constructor(facts, arrays) {
    const { mean, std, paper } = facts;
    this.features = facts.sizes[0];
    this.values = arrays.samples ?? new Uint8Array(0);
    this.labels = arrays.labels ?? new Int32Array(0);
    this.numbers = arrays.numbers ?? new Int32Array(0);
    this.count = this.values.length / this.features;
    this.ink = Float32Array.from(this.values, (value) => (value - mean) / std - paper);
  }

  /** Return the ink of a sample. @param {number} n */
  row(n) {
    return this.ink.subarray(n * this.features, (n + 1) * this.features);
  }
}

/**
 * Compare the page's outputs at the last moment with the core's.
 * @param {Net} net at its last moment
 * @param {Samples} samples
 * @param {Values} expected (rows, classes)
 * @returns {string} "pass", or "fail: " and why
 */
export function selfCheck(net, samples, expected) {
  const classes = net.sizes[net.sizes.length - 1];
  const rows = expected.length / classes;
  if (rows < 1) return "fail: nothing to compare with";
  let worst = 0;
  for (let n = 0; n < rows; n++) {
    const outputs = net.forward(samples.row(n))[net.sizes.length - 2];
    for (let c = 0; c < classes; c++) {
      const far = Math.abs(outputs[c] - expected[n * classes + c]);
      if (!(far <= worst)) worst = far; // NaN, too
    }
  }
  const bound = 1e-3 * Math.max(1, ...Array.from(expected, Math.abs));
  return worst <= bound ? "pass" : `fail: an output differs from the core's by ${worst}`;
}
