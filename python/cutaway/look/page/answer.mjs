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
      const { outputs, net, layers, ink, look } = view;
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
      element("why-list").replaceChildren(...rows(view, terms, said, for_, against, unit));
      if (l >= 0) {
        terms.forEach(({ place }, n) => {
          const picture = /** @type {HTMLCanvasElement} */ (element("why-list").children[n].querySelector("canvas"));
          paintSigned(picture, incoming(net, l, place), shapeOf(story, l), view.limits[l], look);
        });
      }
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
 */
function rows({ net, layers }, terms, said, answer, other, unit) {
  const biases = net.layers[net.layers.length - 1];
  const bias = biases[answer] - (other === null || other === answer ? 0 : biases[other]);
  const all = said.reduce((a, b) => a + b, 0);
  const listed = terms.reduce((a, { value }) => a + value, 0);
  const rest = said.length - terms.length;
  const most = Math.max(...terms.map(({ value }) => Math.abs(value)), Math.abs(all - listed), Math.abs(bias), 1e-9);
  return [
    ...terms.map(({ place, value }) => signedBar(unit(place), value, most, layers.length > 1)),
    ...(rest > 0 ? [signedBar(`the other ${rest} together`, all - listed, most, false)] : []),
    signedBar("biases", bias, most, false),
    signedBar("in sum", all + bias, Math.max(most, Math.abs(all + bias)), false),
  ];
}

/**
 * Return a bar to the left or the right of zero.
 * @param {string} name @param {number} value @param {number} most @param {boolean} picture
 */
export function signedBar(name, value, most, picture) {
  const fill = make("i", { class: value < 0 ? "minus" : "plus" });
  fill.style.width = `${(50 * Math.abs(value)) / most}%`;
  const label = make("span", { class: "name" }, ...(picture ? [make("canvas", { class: "sharp tiny" })] : []), name);
  return make("div", { class: "bar" }, label, make("span", { class: "track" }, fill), make("span", { class: "value" }, signed(value)));
}

/** Return a canvas' place in words. @param {string} id */
export function described(id, /** @type {string} */ text) {
  canvas(id).setAttribute("aria-label", text);
}
