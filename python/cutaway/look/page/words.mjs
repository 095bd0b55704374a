/** Words: what a panel shows goes in, a sentence that tells it comes out, for those who see it and others. */

import { largest } from "./net.mjs";

/** @typedef {import("./net.mjs").Facts & {names: string[], shape: number[] | null, full: number | null}} Story */

const DEAD = 0.01; // a unit whose activations of all samples differ less says nothing

/** Return a number of mini-batches. @param {number} n */
export function count(n) {
  return Math.round(n).toLocaleString("en-US");
}

/** Return a share. @param {number} share */
export function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** Return a number to two places. @param {number} value */
export function number(value) {
  const text = Math.abs(value).toFixed(2);
  return value < 0 && Number(text) ? `−${text}` : text;
}

/** Return a number with its sign. @param {number} value */
export function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/** Return the mini-batch at a time. @param {Story} story @param {number} time */
export function stepAt({ steps }, time) {
  const before = Math.floor(time);
  const after = steps[Math.min(before + 1, steps.length - 1)];
  return steps[before] + (time - before) * (after - steps[before]);
}

/** Return a time's short name. @param {Story} story @param {number} time */
export function moment(story, time) {
  const last = story.steps[story.steps.length - 1];
  const step = stepAt(story, time);
  const whole = Number.isInteger(time);
  if (last === 0) return "a model as it is";
  if (step === 0) return "before training";
  return `${whole ? "" : "about "}mini-batch ${count(step)} of ${count(last)}`;
}

/**
 * Tell where in the run a moment is, and how good the network is there.
 * @param {Story} story @param {number} time
 * @param {{loss: number | null, accuracy: {share: number, step: number} | null, here: string}} known
 */
export function timeSentence(story, time, { loss, accuracy, here }) {
  const [before, last] = [Math.floor(time), story.steps.length - 1];
  const epoch = story.epochs[Math.ceil(time)];
  const parts = [capital(moment(story, time)) + (epoch ? `, epoch ${epoch}` : "")];
  if (loss !== null) parts.push(`loss ${loss.toFixed(3)}`);
  if (accuracy) {
    parts.push(`${percent(accuracy.share)} of the validation set right after ${count(accuracy.step)}`);
  }
  if (here) parts.push(here);
  const kind = before === time
    ? time === last ? "" : " Weights as they were, rounded to 1/127 of each unit's largest."
    : ` Interpolated between mini-batches ${count(story.steps[before])} and ` +
      `${count(story.steps[before + 1])}, not the weights that training had.`;
  return `${parts.join("; ")}.${kind}`;
}

/** Return what is told of the answer. @param {string[]} names @param {ArrayLike<number>} outputs @param {number | null} label */
export function answerSentence(names, outputs, label) {
  const best = largest(outputs);
  const rest = Array.from(outputs, (value, c) => (c === best ? -Infinity : value));
  const next = largest(rest);
  const right = label === null ? "" : label === best ? ", rightly" : `, but it is ${names[label]}`;
  const than = outputs.length > 1 ? `; next is ${names[next]} with ${number(outputs[next])}` : "";
  return `It says ${names[best]}${right}: ${number(outputs[best])}${than}.`;
}

/**
 * Tell how the opinion of an input changed in the run.
 * @param {Story} story @param {number[]} answers at each kept moment
 */
export function opinionSentence(story, answers) {
  const stretches = runs(answers);
  const named = (/** @type {number} */ c) => story.names[c];
  if (stretches.length === 1) return `It said ${named(answers[0])} at every moment.`;
  const last = stretches[stretches.length - 1];
  const some = stretches.slice(0, -1).slice(-3);
  const before = some.map(({ answer, from }) => `${named(answer)} from ${count(story.steps[from])}`);
  const more = stretches.length > 4 ? "… " : "";
  return `It said ${more}${before.join(", ")}, and has said ${named(last.answer)} since mini-batch ` +
    `${count(story.steps[last.from])}.`;
}

/** Return stretches of the same answer. @param {number[]} answers */
export function runs(answers) {
  /** @type {{answer: number, from: number, to: number}[]} */
  const found = [];
  answers.forEach((answer, n) => {
    const current = found[found.length - 1];
    if (current?.answer === answer) current.to = n;
    else found.push({ answer, from: n, to: n });
  });
  return found;
}

/**
 * Tell what a unit is: what excites it, what inhibits it, for which class it speaks.
 * @param {Story} story @param {string} name
 * @param {{weights: Float32Array, votes: Float32Array, activations: Float32Array | null, first: boolean}} unit
 */
export function unitSentence(story, name, { weights, votes, activations, first }) {
  const parts = [];
  if (first && story.shape?.length === 2) {
    const [excites, inhibits] = [1, -1].map((sign) => region(weights, story.shape ?? [], sign));
    if (excites === inhibits) parts.push(`strongest, for and against, in the ${excites}`);
    else parts.push(`excited by the ${excites}`, `inhibited by the ${inhibits}`);
  }
  const negative = largest(votes.map((value) => -value));
  if (story.sizes.length > 2) parts.push(`speaks for ${story.names[largest(votes)]} and against ${story.names[negative]}`);
  if (activations?.length) {
    const spread = activations.reduce((a, b) => Math.max(a, b)) - activations.reduce((a, b) => Math.min(a, b));
    if (spread < DEAD) parts.push("says the same of all samples here");
  }
  return `${name}: ${parts.join(", ")}.`;
}

/**
 * Return the third of a picture where weights of a sign are strongest.
 * @param {Float32Array} weights @param {number[]} shape @param {number} sign
 */
export function region(weights, [height, width], sign) {
  const sums = new Float32Array(9);
  weights.forEach((weight, i) => {
    const row = Math.floor((3 * Math.floor(i / width)) / height);
    const column = Math.floor((3 * (i % width)) / width);
    sums[3 * row + column] += Math.max(0, sign * weight) ** 2;
  });
  const place = largest(sums);
  const [row, column] = [Math.floor(place / 3), place % 3];
  if (place === 4) return "centre";
  if (row === 1) return ["left", "", "right"][column] + " edge";
  return `${row ? "lower" : "upper"} ${["left", "middle", "right"][column]}`;
}

/**
 * Tell which units spoke for an answer.
 * @param {string} answer @param {string | null} other
 * @param {{name: string, value: number}[]} spoke the loudest first
 * @param {string} where they are, if that is to be told: "layer 2"
 */
export function whySentence(answer, other, spoke, where = "") {
  const against = other === null ? "" : ` and not for ${other}`;
  const told = (/** @type {number} */ sign) =>
    spoke.filter(({ value }) => sign * value > 0).slice(0, 2)
      .map(({ name, value }) => `${name} (${signed(value)})`).join(" and ");
  const [pro, contra] = [told(1), told(-1)];
  return `${where ? `In ${where}, for` : "For"} ${answer}${against} spoke ${pro || "none"}; against it ${contra || "none"}.`;
}

/**
 * Tell what is confused most.
 * @param {string[]} names @param {Int32Array} counts (classes, classes) @param {number} right @param {number} all
 */
export function confusionSentence(names, counts, right, all) {
  const wrong = counts.map((n, i) => (i % (names.length + 1) === 0 ? 0 : n));
  const worst = largest(wrong);
  const most = wrong[worst]
    ? `; most often ${names[Math.floor(worst / names.length)]} is taken for ` +
      `${names[worst % names.length]} (${wrong[worst]} times)`
    : "";
  return `${right} of ${all} samples are right${most}.`;
}

/** @param {string} text */
function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
