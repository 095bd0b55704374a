/** Answer: the outputs as bars, and what each unit below them said for one class and against another. */

import { canvas, element, make } from "./dom.mjs";
import { contributions, incoming, loudest, ranked } from "./measure.mjs";
import { largest } from "./net.mjs";
import { nameOf, paintSigned, shapeOf } from "./view.mjs";
import { answerSentence, signed, whySentence } from "./words.mjs";

/** @typedef {import("./view.mjs").View} View */

const MOST_BARS = 12; // of many classes: those with the largest outputs
const LISTED = 10;

/** Show the outputs. @param {View} view */
export function showAnswer({ story, outputs, label }) {
  const many = story.names.length > MOST_BARS;
  const classes = many ? ranked(outputs).slice(0, MOST_BARS) : [...story.names.keys()];
  const most = Math.max(1, ...outputs.map(Math.abs));
  const best = largest(outputs);
  const box = element("bars");
  while (box.children.length < classes.length) {
    box.append(make("div", { class: "bar" }, make("span", { class: "name" }), make("span", { class: "track" }, make("i")), make("span", { class: "value" })));
  }
  classes.forEach((c, n) => {
    const [name, track, value] = /** @type {HTMLElement[]} */ ([...box.children[n].children]);
    name.textContent = story.names[c];
    value.textContent = outputs[c].toFixed(2).replace("-", "−");
    /** @type {HTMLElement} */ (track.firstChild).style.width = `${(100 * Math.abs(outputs[c])) / most}%`;
    box.children[n].classList.toggle("best", c === best);
  });
  const more = many ? ` The ${MOST_BARS} largest of ${story.names.length} outputs are shown.` : "";
  const told = answerSentence(story.names, outputs, label) + more;
  element("say-answer").textContent = told;
  return told;
}

/** Why: the class that is asked for, and the one that it is compared with. @param {View} view @param {() => void} again */
export function why(view, again) {
  const { story } = view;
  const answer = /** @type {HTMLSelectElement} */ (element("why-class"));
  const other = /** @type {HTMLSelectElement} */ (element("why-other"));
  answer.append(make("option", { value: "best" }, "its answer"));
  other.append(make("option", { value: "next" }, "the next best"), make("option", { value: "none" }, "(any other)"));
  for (const select of [answer, other]) {
    story.names.forEach((name, c) => select.append(make("option", { value: String(c) }, name)));
    select.addEventListener("change", again);
  }
  return {
    /** @param {View} view */
    show(view) {
      const { outputs, net, layers, ink } = view;
      const order = ranked(outputs);
      const for_ = answer.value === "best" ? order[0] : Number(answer.value);
      const next = order.find((c) => c !== for_) ?? null;
      const against = other.value === "next" ? next : other.value === "none" ? null : Number(other.value);
      const below = layers.length > 1 ? layers[layers.length - 2] : ink;
      const said = contributions(net, below, for_, against === for_ ? null : against);
      const l = layers.length - 2;
      const unit = (/** @type {number} */ n) => (l < 0 ? `input ${n}` : nameOf(story, l, n));
      const terms = loudest(said, LISTED);
      const named = terms.map(({ place, value }) => ({ name: unit(place), value }));
      signedBars(element("why-list"), rows(view, terms, said, for_, against, unit));
      const told = whySentence(story.names[for_], against === null ? null : story.names[against], named);
      element("say-why").textContent = told;
      return told;
    },
  };
}

/**
 * Return a row per term, one for all others, one for the biases, and their sum.
 * @param {View} view @param {import("./measure.mjs").Term[]} terms @param {Float32Array} said
 * @param {number} answer @param {number | null} other @param {(n: number) => string} unit
 * @returns {Bar[]}
 */
function rows({ story, net, limits, look }, terms, said, answer, other, unit) {
  const biases = net.layers[net.layers.length - 1];
  const bias = biases[answer] - (other === null || other === answer ? 0 : biases[other]);
  const all = said.reduce((a, b) => a + b, 0);
  const listed = terms.reduce((a, { value }) => a + value, 0);
  const rest = said.length - terms.length;
  const l = net.layers.length - 2;
  const own = terms.map(({ place, value }) => ({
    name: unit(place), value,
    picture: l < 0 ? undefined : (/** @type {HTMLCanvasElement} */ on) =>
      paintSigned(on, incoming(net, l, place), shapeOf(story, l), limits[l], look),
  }));
  const others = rest > 0 ? [{ name: `other ${rest} together`, value: all - listed }] : [];
  return [...own, ...others, { name: "biases", value: bias }, { name: "in sum", value: all + bias }];
}

/** @typedef {{name: string, value: number, picture?: (on: HTMLCanvasElement) => void}} Bar */

/**
 * Show bars to the left or the right of zero, in the elements that are there already.
 * @param {HTMLElement} box @param {Bar[]} bars
 */
export function signedBars(box, bars) {
  const most = Math.max(1e-9, ...bars.map(({ value }) => Math.abs(value)));
  while (box.children.length < bars.length) {
    const label = make("span", { class: "name" }, make("canvas", { class: "sharp tiny" }), make("span"));
    box.append(make("div", { class: "bar" }, label, make("span", { class: "track" }, make("i")), make("span", { class: "value" })));
  }
  [...box.children].forEach((row, n) => {
    /** @type {HTMLElement} */ (row).hidden = n >= bars.length;
    if (n >= bars.length) return;
    const { name, value, picture } = bars[n];
    const [label, track, number] = /** @type {HTMLElement[]} */ ([...row.children]);
    const [canvas, text] = /** @type {[HTMLCanvasElement, HTMLElement]} */ (/** @type {unknown} */ (label.children));
    canvas.hidden = !picture;
    picture?.(canvas);
    text.textContent = name;
    const fill = /** @type {HTMLElement} */ (track.firstChild);
    fill.className = value < 0 ? "minus" : "plus";
    fill.style.width = `${(50 * Math.abs(value)) / most}%`;
    number.textContent = signed(value);
  });
}

/** Return a canvas' place in words. @param {string} id */
export function described(id, /** @type {string} */ text) {
  canvas(id).setAttribute("aria-label", text);
}
