/** Unit: one neuron at the moment: its tile, the evidence of what is shown, what it speaks for, what excites it. */

import { signedBars } from "./bars.mjs";
import { strongest } from "./colours.mjs";
import { canvas, described, element, enter, make, roving } from "./dom.mjs";
import { evidence, incoming, loudest, ranked, votes } from "./measure.mjs";
import { thumb } from "./input.mjs";
import { nameOf, paintSigned, placeName, shapeOf } from "./view.mjs";
import { number, signed, unitSentence } from "./words.mjs";

/** @typedef {import("./view.mjs").View} View */

const TERMS = 10;
const EXCITED = 9;

/** @param {(sample: number) => void} choose */
export function unit(choose) {
  roving(element("excite"), () => EXCITED);
  let shown = "";
  return {
    /** @param {View} view */
    show(view) {
      const { story, state, net, layers, ink, look, limits, survey } = view;
      const [l, n] = [state.layer, state.unit];
      const below = l === 0 ? ink : layers[l - 1];
      const weights = incoming(net, l, n);
      const said = evidence(net, l, n, below);
      const name = nameOf(story, l, n);
      const told = unitSentence(story, capital(name), {
        weights, votes: votes(net, l, n), activations: survey?.unit(l, n) ?? null, first: l === 0,
      });
      element("h-unit").textContent = capital(name);
      element("say-unit").textContent = told;
      paintSigned(canvas("unit-tile"), weights, shapeOf(story, l), limits[l], look);
      described("unit-tile", `Weights. ${told}`);
      element("unit-scale").textContent = `weights, strongest colour at ${limits[l].toPrecision(2)}`;
      const limit = strongest(said);
      paintSigned(canvas("unit-evidence"), said, shapeOf(story, l), limit, look);
      const sum = said.reduce((a, b) => a + b, 0);
      element("evidence-scale").textContent =
        `evidence: input × weight, in sum ${signed(sum)}; active ${number(layers[l][n])}`;
      described("unit-evidence", `Evidence: input times weight, in sum ${signed(sum)}.`);
      terms(view, below, weights, said);
      speaks(view);
      if (survey) excite(view);
      return told;
    },
  };

  /** Show the samples for which it is most active. @param {View} view */
  function excite(view) {
    const { survey, state } = view;
    const best = survey ? ranked(survey.unit(state.layer, state.unit)).slice(0, EXCITED) : [];
    const now = [view.look.paper, ...best].join();
    if (now === shown) return; // nine canvases less for each frame
    shown = now;
    element("excite").replaceChildren(...best.map((n) => thumb(view, n, choose)));
    enter(/** @type {HTMLElement[]} */ ([...element("excite").children]), 0);
  }
}

/**
 * List its largest terms.
 * @param {View} view @param {Float32Array} below @param {Float32Array} weights @param {Float32Array} said
 */
function terms({ story, state }, below, weights, said) {
  const rows = loudest(said, TERMS).map(({ place, value }) =>
    make("tr", {}, ...[placeName(story, state.layer, place), `${number(below[place])} × ${signed(weights[place])}`, signed(value)]
      .map((text) => make("td", {}, text))),
  );
  const first = state.layer === 0 && story.shape ? "row, column" : "input";
  const head = make("tr", {}, ...[first, "input × weight", "term"].map((text) => make("th", { scope: "col" }, text)));
  element("unit-terms").replaceChildren(head, ...rows);
}

/** Show what it says to each class. @param {View} view */
function speaks({ story, net, state }) {
  element("speaks-box").hidden = story.sizes.length === 2; // a class speaks for itself
  const said = votes(net, state.layer, state.unit);
  const classes = said.length > 12 ? ranked(said.map(Math.abs)).slice(0, 12) : [...said.keys()];
  signedBars(element("unit-out"), classes.map((c) => ({ name: story.names[c], value: said[c] })));
}

/** @param {string} text */
function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
