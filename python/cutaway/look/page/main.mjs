/** Main: reads what the page embeds, proves that it calculates as the core does, and wires the panels. */

import { showAnswer, why } from "./answer.mjs";
import { strongest } from "./colours.mjs";
import { confusion } from "./confusion.mjs";
import { element, onScreen } from "./dom.mjs";
import { grid } from "./grid.mjs";
import { input, inkOf, save } from "./input.mjs";
import { opinions, speakers, Survey } from "./measure.mjs";
import { largest, Net, Samples, selfCheck, unpack } from "./net.mjs";
import { poster } from "./poster.mjs";
import { read, written } from "./state.mjs";
import { timeline } from "./timeline.mjs";
import { unit } from "./unit.mjs";
import { lookOf } from "./view.mjs";

/** @typedef {import("./view.mjs").View} View */

const SURVEY_SHARE = 0.05; // of the time, at most, is spent on all samples while something moves
const SLICE = 8; // milliseconds of work between which others get their turn
const SETTLED = 250; // milliseconds without a change

/** @returns {Promise<[View, Record<string, any>]>} */
async function opened() {
  const story = JSON.parse(element("facts").textContent ?? "");
  const arrays = await unpack(element("payload").textContent ?? "", story.table);
  const [net, samples] = [new Net(story, arrays), new Samples(story, arrays)];
  document.body.dataset.selfCheck = selfCheck(net, samples, arrays.outputs);
  const bounds = { moments: net.moments, sizes: net.sizes, samples: samples.labels.length };
  const state = {
    time: net.moments - 1, layer: 0, unit: 0, sample: samples.labels.length ? 0 : -1, strokes: [],
    ...read(location.hash.slice(1), bounds),
  };
  const view = {
    story, net, samples, state, ink: new Float32Array(net.sizes[0]), layers: [], label: null, survey: null,
    outputs: new Float32Array(0), limits: net.last.map((layer, l) => strongest(layer.subarray(net.sizes[l + 1]))),
    look: lookOf(story.themes[theme()]),
  };
  if (!location.hash.includes("neuron=")) state.unit = spokesman(net, state.sample < 0 ? view.ink : samples.row(state.sample));
  return [view, arrays];
}

/** Return the unit of the first layer that speaks loudest for what is answered. @param {Net} net @param {Float32Array} ink */
function spokesman(net, ink) {
  const layers = net.forward(ink);
  const answer = largest(layers[layers.length - 1]);
  const said = speakers(net, answer);
  return largest(layers[0].map((active, unit) => active * said[unit]));
}

async function main() {
  const [view, arrays] = await opened();
  const { story, net, samples, state } = view;
  const twin = net.twin();
  const lines = {
    loss: { step: arrays["loss.step"], value: arrays.loss },
    accuracy: { step: arrays["accuracy.step"], value: arrays.accuracy },
  };
  /** @type {(change: Partial<typeof state>) => void} */
  const go = (change) => {
    Object.assign(state, change);
    later();
  };
  const choose = (/** @type {number} */ sample) => go({ sample, strokes: [] });
  const panels = {
    timeline: timeline(story, lines, (time) => go({ time })),
    input: input(view, { draw: (strokes) => go({ strokes }), choose }),
    grid: grid(view, { unit: (unit) => go({ unit }), layer: (layer) => go({ layer, unit: 0 }) }),
    why: why(view, () => later()),
    unit: unit(choose),
    confusion: confusion(view, choose),
  };
  let [waiting, next, settling, moved] = [false, 0, 0, 0];
  const seen = onScreen("hidden-layer", "why", "unit");
  let before = { time: -1, sample: -2, strokes: /** @type {any} */ (null), unit: -1, layer: -1 };

  /** Show the moment in the next frame, once. */
  function later() {
    if (!waiting) requestAnimationFrame(show);
    waiting = true;
  }

  function show() {
    waiting = false;
    const changed = before;
    before = { ...state };
    if (net.time !== state.time) net.at(state.time);
    view.ink = state.strokes.length ? inkOf(story, state.strokes)
      : state.sample >= 0 ? samples.row(state.sample) : new Float32Array(net.sizes[0]);
    view.layers = net.forward(view.ink);
    view.outputs = view.layers[view.layers.length - 1];
    view.label = state.strokes.length || !samples.labels.length ? null : samples.labels[state.sample];
    if (changed.time !== state.time && performance.now() > next) survey();
    const told = { input: panels.input.show(view), answer: showAnswer(view), time: panels.timeline.show(view) };
    if (seen("hidden-layer")) panels.grid.show(view);
    if (seen("why")) panels.why.show(view, true);
    if (seen("unit")) panels.unit.show(view);
    moved = performance.now();
    clearTimeout(settling);
    settling = setTimeout(() => settled(changed, told), SETTLED);
  }

  function survey() {
    if (!samples.labels.length) return;
    const begin = performance.now();
    view.survey = new Survey(net, samples);
    next = performance.now() + (performance.now() - begin) / SURVEY_SHARE;
    panels.confusion.show(view);
  }

  /** When nothing has changed for a while: what takes longer, what is heard, and the address. */
  function settled(/** @type {typeof before} */ from, /** @type {Record<string, string>} */ { input, answer, time }) {
    survey();
    for (const panel of [panels.timeline, panels.grid]) panel.show(view);
    panels.why.show(view, false);
    const unit = panels.unit.show(view);
    panels.timeline.opinions(opinions(twin, view.ink));
    panels.grid.name(view);
    const first = from.time === -1;
    const heard = from.unit !== state.unit ? unit : from.time !== state.time ? `${time} ${answer}` : `${input} ${answer}`;
    if (!first) element("live").textContent = heard;
    try {
      history.replaceState(null, "", `#${written(state)}`);
    } catch {
      element("share").hidden = true; // within a notebook there is no address
    }
  }

  function repaint() {
    view.look = lookOf(story.themes[theme()]);
    element("theme").textContent = theme() === "dark" ? "Light" : "Dark";
    panels.input.again();
    panels.grid.legend(view);
    panels.timeline.draw(view);
    later();
  }

  element("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
    repaint();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  addEventListener("resize", repaint);
  addEventListener("hashchange", () => go(read(location.hash.slice(1), { moments: net.moments, sizes: net.sizes, samples: samples.labels.length })));
  element("share").addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href).catch(() => {});
    element("live").textContent = "The address of this moment is copied.";
  });
  element("save").addEventListener("click", () => save(poster(view, panels.grid.picture(view)), "moment.png"));
  element("notice").remove();
  repaint();
  if (samples.labels.length) rate();

  /** Count, in pieces and while nothing moves, how many samples are right at each kept moment. */
  function rate(moment = 0) {
    const begin = performance.now();
    const from = moment;
    while (moment < net.moments && begin - moved > SETTLED && performance.now() - begin < SLICE) {
      twin.at(moment);
      panels.timeline.note(moment, new Survey(twin, samples).right / samples.count);
      moment++;
    }
    if (moment === net.moments || Math.floor(from / 9) < Math.floor(moment / 9)) panels.timeline.draw(view);
    if (moment < net.moments) setTimeout(() => rate(moment), SLICE);
  }
}

/** Return which theme is on. */
function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
}

/** Say what is wrong instead of showing a page that does nothing. @param {Error} error */
function failed(error) {
  document.body.dataset.selfCheck = `fail: ${error}`;
}

main().catch(failed);
