/** Timeline: the slider over the run, its curves on the same axis, and what was answered along it. */

import { brush, canvas, element, make } from "./dom.mjs";
import { count, moment, opinionSentence, percent, runs, timeSentence } from "./words.mjs";

/** @typedef {import("./view.mjs").View} View */
/** @typedef {{step: ArrayLike<number>, value: ArrayLike<number>}} Line */

const SECONDS = 14; // that a run takes to play
const ROOM = 44; // points of a number below the curves
const PAGE = 6; // kept moments
const FIRST_TICKS = [0, 1, 2, 5, 10, 20, 50];

/**
 * @param {import("./words.mjs").Story} story
 * @param {{loss: Line, accuracy: Line}} lines
 * @param {(time: number) => void} go
 */
export function timeline(story, lines, go) {
  const slider = /** @type {HTMLInputElement} */ (element("slider"));
  const last = story.steps.length - 1;
  const play = player(last, () => Number(slider.value), go);
  slider.max = String(last);
  element("time").classList.toggle("still", last === 0);
  slider.addEventListener("input", () => go(play.stop(Number(slider.value))));
  slider.addEventListener("keydown", (event) => {
    const to = keyed(event, Number(slider.value), last);
    if (to === null) return;
    event.preventDefault();
    slider.value = String(to); // keys may come faster than frames
    go(play.stop(to));
  });
  /** @type {(number | null)[]} */
  const here = story.steps.map(() => null); // shares of the samples that are right
  const loss = numberAt(lines.loss);
  return {
    /** Note how many samples are right at a kept moment. @param {number} n @param {number} share */
    note(n, share) {
      here[n] = share;
    },
    /** Draw the curves, which only a new size, theme or number changes. @param {View} view */
    draw(view) {
      ticks(story);
      const known = [...here.keys()].filter((n) => here[n] !== null);
      const own = { step: known.map((n) => story.steps[n]), value: known.map((n) => here[n] ?? 0) };
      drawCurves(story, lines, own, view);
    },
    /** @param {View} view */
    show({ state: { time }, survey, samples }) {
      slider.value = String(time);
      element("cursor").style.left = `${(100 * time) / Math.max(1, last)}%`;
      const step = story.steps[Math.floor(time)];
      const here = survey ? `${percent(survey.right / samples.count)} of the ${samples.count} samples here` : "";
      const told = timeSentence(story, time, { loss: loss(step), accuracy: lastOf(lines.accuracy, step), here });
      element("say-time").textContent = told;
      element("curve").setAttribute("aria-label", `Loss and accuracy over the run. ${told}`);
      const interpolated = Number.isInteger(time) ? "" : ", interpolated";
      slider.setAttribute("aria-valuetext", moment(story, time) + interpolated);
      return told;
    },
    /** Show what was answered at every kept moment. @param {number[]} answers */
    opinions(answers) {
      const box = element("opinions");
      const stretches = runs(answers).map(({ answer, from, to }) => {
        const stretch = make("span", {}, story.names[answer]);
        const [left, right] = [Math.max(0, from - 0.5), Math.min(last, to + 0.5)];
        stretch.style.left = `${(100 * left) / Math.max(1, last)}%`;
        stretch.style.width = `${(100 * (right - left)) / Math.max(1, last)}%`;
        stretch.classList.toggle("final", answer === answers[last]);
        return stretch;
      });
      box.replaceChildren(...stretches);
      element("say-opinions").textContent = last ? opinionSentence(story, answers) : "";
    },
  };
}

/**
 * Return where a key moves to: the kept moment before or after, with Shift a tenth of the way to it.
 * @param {KeyboardEvent} event @param {number} time @param {number} last
 */
function keyed({ key, shiftKey }, time, last) {
  const on = shiftKey ? Math.round(10 * time + 1) / 10 : Math.floor(time) + 1;
  const back = shiftKey ? Math.round(10 * time - 1) / 10 : Math.ceil(time) - 1;
  /** @type {Record<string, number>} */
  const places = {
    ArrowRight: on, ArrowUp: on, ArrowLeft: back, ArrowDown: back, Home: 0, End: last,
    PageUp: time + PAGE, PageDown: time - PAGE,
  };
  return key in places ? Math.min(last, Math.max(0, places[key])) : null;
}

/**
 * Play the run; where people want less motion, from one kept moment to the next.
 * @param {number} last @param {() => number} now @param {(time: number) => void} go
 */
function player(last, now, go) {
  const button = element("play");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let [playing, before, rest] = [false, 0, 0];
  /** @param {number} time */
  const stop = (time) => {
    playing = false;
    button.textContent = "Play";
    return time;
  };
  /** @param {number} at */
  const frame = (at) => {
    if (!playing) return;
    rest += Math.min(at - before, 100) * (last / SECONDS / 1000);
    before = at;
    const on = calm.matches ? (rest >= 4 ? 4 : 0) : rest;
    rest -= on;
    const to = Math.min(last, now() + on);
    if (on) go(to);
    if (to === last) stop(to);
    else requestAnimationFrame(frame);
  };
  button.addEventListener("click", () => {
    if (playing) {
      stop(0);
      return;
    }
    if (now() === last) go(0);
    [playing, before, rest] = [true, performance.now(), 0];
    button.textContent = "Pause";
    requestAnimationFrame(frame);
  });
  return { stop };
}

/** Return the position of a mini-batch on the axis. @param {number[]} steps @param {number} step */
export function placeOf(steps, step) {
  let after = steps.findIndex((kept) => kept >= step);
  if (after < 0) after = steps.length - 1;
  if (after === 0 || steps[after] <= step) return after;
  return after - 1 + (step - steps[after - 1]) / (steps[after] - steps[after - 1]);
}

/** Return what looks up a number at a mini-batch. @param {Line} line */
function numberAt({ step, value }) {
  const known = new Map(Array.from(step, (n, i) => [n, value[i]]));
  return (/** @type {number} */ at) => known.get(at) ?? null;
}

/** Return the last number known up to a mini-batch. @param {Line} line @param {number} at */
function lastOf({ step, value }, at) {
  let found = null;
  for (let i = 0; i < step.length; i++) {
    if (step[i] <= at && (found === null || step[i] > found.step)) found = { step: step[i], share: value[i] };
  }
  return found;
}

/** Write some mini-batches below the curves. @param {import("./words.mjs").Story} story */
function ticks({ steps }) {
  const last = steps.length - 1;
  const wanted = [...FIRST_TICKS, ...[100, 1e3, 1e4, 1e5].flatMap((n) => [n, 2 * n, 5 * n])];
  const box = element("ticks");
  const room = ROOM / Math.max(1, box.clientWidth);
  let before = -1;
  box.replaceChildren();
  for (const step of [...wanted.filter((n) => n < steps[last]), steps[last]]) {
    const place = placeOf(steps, step) / Math.max(1, last);
    if (step !== steps[last] && (place - before < room || place > 1 - 1.5 * room)) continue;
    before = place;
    const tick = make("span", {}, count(step));
    tick.style.left = `${100 * place}%`;
    box.append(tick);
  }
}

/**
 * Draw loss and accuracy over the axis of the slider.
 * @param {import("./words.mjs").Story} story
 * @param {{loss: Line, accuracy: Line}} lines @param {Line} own @param {View} view
 */
function drawCurves(story, lines, own, { look: { theme } }) {
  const on = canvas("curve");
  const dense = window.devicePixelRatio || 1;
  const [wide, high] = [on.clientWidth, on.clientHeight];
  [on.width, on.height] = [wide * dense, high * dense];
  const pen = brush(on);
  pen.scale(dense, dense);
  const across = (/** @type {number} */ step) =>
    (placeOf(story.steps, step) / Math.max(1, story.steps.length - 1)) * wide;
  const most = Math.max(...Array.from(lines.loss.value), 1e-9);
  const css = (/** @type {number[]} */ colour) => `rgb(${colour})`;
  pen.strokeStyle = css(theme.gap);
  pen.strokeRect(0.5, 0.5, wide - 1, high - 1);
  const line = (/** @type {Line} */ { step, value }, /** @type {number} */ top, /** @type {number[]} */ colour) => {
    pen.strokeStyle = css(colour);
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (let i = 0; i < step.length; i++) {
      pen.lineTo(across(step[i]), high - 3 - (value[i] / top) * (high - 6));
    }
    pen.stroke();
  };
  line(binned(lines.loss, across), most, theme.second);
  line(own.step.length ? own : lines.accuracy, 1, theme.first);
}

/** Average what falls into the same two points of the axis. @param {Line} line @param {(step: number) => number} across */
function binned({ step, value }, across) {
  /** @type {Map<number, {step: number, sum: number, n: number}>} */
  const bins = new Map();
  for (let i = 0; i < step.length; i++) {
    const bin = Math.floor(across(step[i]) / 2);
    const found = bins.get(bin) ?? { step: step[i], sum: 0, n: 0 };
    bins.set(bin, { step: step[i], sum: found.sum + value[i], n: found.n + 1 });
  }
  const all = [...bins.values()];
  return { step: all.map((bin) => bin.step), value: all.map((bin) => bin.sum / bin.n) };
}
