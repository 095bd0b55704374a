/** Answer: the outputs as bars, and what each unit below them said for one class and against another. */

import { signedBars } from "./bars.mjs";
import { element, make } from "./dom.mjs";
import { contributions, incoming, loudest, ranked } from "./measure.mjs";
import { largest } from "./net.mjs";
import { inputName, paintSigned } from "./view.mjs";
import { answerSentence, number, whySentence } from "./words.mjs";

/** @typedef {import("./view.mjs").View} View */

const MOST_BARS = 12; // of many classes: those with the largest outputs
const LISTED = 10;

/** Return the classes that have a bar: all, or if they are many the largest. @param {string[]} names @param {Float32Array} outputs */
export function shownClasses(names, outputs) {
  return names.length > MOST_BARS ? ranked(outputs).slice(0, MOST_BARS) : [...names.keys()];
}

/** Show the outputs. @param {View} view */
export function showAnswer({ story, outputs, label }) {
  const many = story.names.length > MOST_BARS;
  const classes = shownClasses(story.names, outputs);
  const most = Math.max(1, ...outputs.map(Math.abs));
  const best = largest(outputs);
  const box = element("bars");
  while (box.children.length < classes.length) {
    box.append(make("div", { class: "bar" }, make("span", { class: "name" }), make("span", { class: "track" }, make("i")), make("span", { class: "value" })));
  }
  classes.forEach((c, n) => {
    const [name, track, value] = /** @type {HTMLElement[]} */ ([...box.children[n].children]);
    name.textContent = name.title = story.names[c];
    value.textContent = number(outputs[c]);
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
    /** Show who spoke; while something moves, small pictures stay as they are. @param {View} view @param {boolean} moving */
    show(view, moving) {
      const { outputs, net, layers, ink } = view;
      const order = ranked(outputs);
      const for_ = answer.value === "best" ? order[0] : Number(answer.value);
      const next = order.find((c) => c !== for_) ?? null;
      const against = other.value === "next" ? next : other.value === "none" ? null : Number(other.value);
      const below = layers.length > 1 ? layers[layers.length - 2] : ink;
      const said = contributions(net, below, for_, against === for_ ? null : against);
      const terms = loudest(said, LISTED);
      const named = terms.map(({ place, value }) => ({ name: inputName(story, layers.length - 1, place), value }));
      signedBars(element("why-list"), rows(view, terms, said, for_, against, moving));
      const where = layers.length > 2 ? `layer ${layers.length - 1}` : "";
      const told = whySentence(story.names[for_], against === null ? null : story.names[against], named, where);
      element("say-why").textContent = told;
      return told;
    },
  };
}

/**
 * Return a row per term, one for all others, one for the biases, and their sum.
 * @param {View} view @param {import("./measure.mjs").Term[]} terms @param {Float32Array} said
 * @param {number} answer @param {number | null} other @param {boolean} moving
 * @returns {import("./bars.mjs").Bar[]}
 */
function rows({ story, net, limits, look }, terms, said, answer, other, moving) {
  const biases = net.layers[net.layers.length - 1];
  const bias = biases[answer] - (other === null || other === answer ? 0 : biases[other]);
  const all = said.reduce((a, b) => a + b, 0);
  const listed = terms.reduce((a, { value }) => a + value, 0);
  const rest = said.length - terms.length;
  const last = net.layers.length - 1;
  const { shape } = story;
  const own = terms.map(({ place, value }) => ({
    name: inputName(story, last, place), value,
    picture: last !== 1 || !shape ? undefined : {
      key: [place, look.paper, moving || net.time].join(),
      paint: (/** @type {HTMLCanvasElement} */ on) => paintSigned(on, incoming(net, 0, place), shape, limits[0], look),
    },
  }));
  const others = rest > 0 ? [{ name: `other ${rest} together`, value: all - listed }] : [];
  return [...own, ...others, { name: "biases", value: bias }, { name: "in sum", value: all + bias }];
}
