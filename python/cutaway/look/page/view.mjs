/** View: what all panels show at one moment, and how inputs and weights become pictures. */

import { inks, level, pixel, scale, strongest } from "./colours.mjs";
import { paint } from "./dom.mjs";

/** @typedef {import("./net.mjs").Net} Net */
/** @typedef {import("./net.mjs").Samples} Samples */
/** @typedef {import("./measure.mjs").Survey} Survey */
/** @typedef {import("./state.mjs").State} State */
/** @typedef {import("./words.mjs").Story} Story */
/** @typedef {{signed: Uint32Array, inks: Uint32Array, gap: number, paper: number, ink: number,
 *   theme: Record<string, any>}} Look */

/**
 * @typedef {object} View
 * @property {Story & Record<string, any>} story
 * @property {Net} net at the moment
 * @property {Samples} samples
 * @property {State} state
 * @property {Float32Array} ink (features,) of what is shown
 * @property {Float32Array[]} layers its activations
 * @property {Float32Array} outputs
 * @property {number | null} label the class of what is shown, if that is known
 * @property {Survey | null} survey of the samples, at most a few frames old
 * @property {number[]} limits per layer: the weight with the strongest colour
 * @property {Look} look
 */

/** Return the colours of a theme. @param {Record<string, any>} theme @returns {Look} */
export function lookOf(theme) {
  const [gap, paper, ink] = [theme.gap, theme.paper, theme.ink].map(pixel);
  return { signed: scale(theme), inks: inks(theme), gap, paper, ink, theme };
}

/** Return the shape of a layer's tiles: pictures of the inputs, or strips. @param {Story} story @param {number} l */
export function shapeOf(story, l) {
  return l === 0 && story.shape ? story.shape : [1, story.sizes[l]];
}

/** Return what a unit is called. @param {Story} story @param {number} l @param {number} unit */
export function nameOf(story, l, unit) {
  if (story.sizes.length === 2) return `class ${story.names[unit]}`;
  return `neuron ${unit}` + (story.sizes.length > 3 ? ` of layer ${l + 1}` : "");
}

/** Return what an input of a layer is called. @param {Story} story @param {number} l @param {number} place */
export function inputName(story, l, place) {
  return (l === 0 && story.shape ? "pixel " : "") + placeName(story, l, place);
}

/** Return the same of a pixel without that word: row, column. @param {Story} story @param {number} l @param {number} place */
export function placeName(story, l, place) {
  if (l > 0) return `neuron ${place}`;
  if (!story.shape) return `input ${place}`;
  const [, width, deep = 1] = story.shape;
  const at = Math.floor(place / deep);
  return `${Math.floor(at / width)}, ${at % width}` + (deep === 3 ? `, ${["red", "green", "blue"][place % 3]}` : "");
}

/** Return what a sample is called. @param {View} view @param {number} n */
export function sampleName({ story, samples }, n) {
  return `test sample ${samples.numbers[n]}, ${story.names[samples.labels[n]]}`;
}

/**
 * Paint an input: ink on paper; or what is no ink, in signed colours.
 * @param {HTMLCanvasElement} on @param {Float32Array} ink @param {{story: Story, look: Look}} view
 */
export function paintInput(on, ink, { story, look }) {
  const range = (story.full ?? 0) - story.paper;
  if (story.full === null || !story.shape) {
    paintSigned(on, ink, story.shape ?? [1, ink.length], strongest(ink), look);
    return;
  }
  const share = (/** @type {number} */ i) => Math.min(1, Math.max(0, ink[i] / range));
  const [height, width, deep] = story.shape;
  const pixels = Uint32Array.from({ length: height * width }, (_, i) =>
    deep === 3
      ? pixel([0, 1, 2].map((c) => 255 * share(3 * i + c)))
      : look.inks[Math.round(255 * share(i))],
  );
  paint(on, pixels, width);
}

/**
 * Paint numbers in signed colours.
 * @param {HTMLCanvasElement} on @param {Float32Array} values @param {number[]} shape
 * @param {number} limit @param {Look} look
 */
export function paintSigned(on, values, [height, width, deep], limit, look) {
  const tall = height === 1 ? Math.max(1, Math.round(width / 8)) : 1; // a strip is a band
  const pixels = new Uint32Array(height * tall * width);
  for (let i = 0; i < pixels.length; i++) {
    const place = Math.floor(i / width / tall) * width + (i % width);
    pixels[i] = deep === 3
      ? pixel([0, 1, 2].map((c) => level(values[3 * place + c], limit)))
      : look.signed[level(values[place], limit)];
  }
  paint(on, pixels, width);
}
