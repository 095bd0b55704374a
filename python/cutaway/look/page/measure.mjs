/** Measure: a network at a moment and what it was shown go in; what its parts said comes out. */

import { largest } from "./net.mjs";

/** @typedef {import("./net.mjs").Net} Net */
/** @typedef {import("./net.mjs").Samples} Samples */
/** @typedef {{place: number, value: number}} Term */

/** Return places from the largest number to the smallest. @param {ArrayLike<number>} values */
export function ranked(values) {
  return [...Array(values.length).keys()].sort((a, b) => values[b] - values[a] || a - b);
}

/**
 * Return the terms of the largest magnitude, the largest first.
 * @param {Float32Array} values @param {number} count
 * @returns {Term[]}
 */
export function loudest(values, count) {
  return ranked(values.map(Math.abs))
    .slice(0, count)
    .filter((place) => values[place] !== 0)
    .map((place) => ({ place, value: values[place] }));
}

/**
 * Return what each input added to a unit's sum, compared with blank paper: input times weight.
 * @param {Net} net @param {number} l @param {number} unit @param {Float32Array} below its inputs
 */
export function evidence(net, l, unit, below) {
  const units = net.sizes[l + 1];
  return below.map((value, i) => value * net.layers[l][(i + 1) * units + unit]);
}

/**
 * Return what each unit below the outputs said for a class, and against another if one is given:
 * its activation times its weight, or the difference of its two.
 * @param {Net} net @param {Float32Array} below @param {number} answer @param {number | null} other
 */
export function contributions(net, below, answer, other) {
  const classes = net.sizes[net.sizes.length - 1];
  const last = net.layers[net.layers.length - 1];
  return below.map((value, i) => {
    const row = (i + 1) * classes;
    return value * (last[row + answer] - (other === null ? 0 : last[row + other]));
  });
}

/**
 * Return a unit's weights: what goes in, or what goes out.
 * @param {Net} net @param {number} l @param {number} unit
 */
export function incoming(net, l, unit) {
  const units = net.sizes[l + 1];
  const [layer, weights] = [net.layers[l], new Float32Array(net.sizes[l])];
  for (let i = 0; i < weights.length; i++) weights[i] = layer[(i + 1) * units + unit];
  return weights;
}

/**
 * Return how much a unit speaks for each class, as the later layers' weights add up.
 * @param {Net} net @param {number} l @param {number} unit
 */
export function votes(net, l, unit) {
  let said = new Float32Array(net.sizes[l + 1]);
  said[unit] = 1;
  for (let next = l + 1; next < net.layers.length; next++) {
    const units = net.sizes[next + 1];
    const sums = new Float32Array(units);
    said.forEach((value, i) => {
      if (value) for (let j = 0; j < units; j++) sums[j] += value * net.layers[next][(i + 1) * units + j];
    });
    said = sums;
  }
  return said;
}

/** Return how much each unit of the first layer speaks for a class, likewise. @param {Net} net @param {number} answer */
export function speakers(net, answer) {
  let said = Float32Array.from({ length: net.sizes[net.sizes.length - 1] }, (_, c) => Number(c === answer));
  for (let l = net.layers.length - 1; l > 0; l--) {
    const [above, units] = [said, net.sizes[l + 1]];
    said = Float32Array.from({ length: net.sizes[l] }, (_, i) =>
      above.reduce((sum, value, j) => sum + value * net.layers[l][(i + 1) * units + j], 0));
  }
  return said;
}

/** What the network makes of all samples at a moment. */
export class Survey {
  /**
   * @param {Net} net
   * @param {Samples} samples labelled
   */
  constructor(net, samples) {
    this.classes = net.sizes[net.sizes.length - 1];
    /** Per sample every layer's activations. */
    this.activations = Array.from({ length: samples.count }, (_, n) => net.forward(samples.row(n)));
    this.answers = this.activations.map((layers) => largest(layers[layers.length - 1]));
    this.labels = samples.labels;
    this.right = this.answers.filter((answer, n) => answer === samples.labels[n]).length;
  }

  /** Return how often each class (row) was taken for each (column). */
  confusion() {
    const counts = new Int32Array(this.classes * this.classes);
    this.answers.forEach((answer, n) => counts[this.labels[n] * this.classes + answer]++);
    return counts;
  }

  /** Return the samples of a class that were taken for a class. @param {number} label @param {number} answer */
  taken(label, answer) {
    return [...this.answers.keys()].filter((n) => this.labels[n] === label && this.answers[n] === answer);
  }

  /** Return a unit's activation for every sample. @param {number} l @param {number} unit */
  unit(l, unit) {
    return Float32Array.from(this.activations, (layers) => layers[l][unit]);
  }
}

/**
 * Return what a network answers to an input at every kept moment.
 * @param {Net} net that may be moved
 * @param {Float32Array} ink
 */
export function opinions(net, ink) {
  return Array.from({ length: net.moments }, (_, moment) => {
    net.at(moment);
    return largest(net.forward(ink)[net.layers.length - 1]);
  });
}
