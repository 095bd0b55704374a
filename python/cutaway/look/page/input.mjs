/** Input: the pad to draw on, the strip of samples, and the form that the network sees. */

import { signedBars } from "./bars.mjs";
import { brush, canvas, element, enter, make, roving } from "./dom.mjs";
import { inked } from "./draw.mjs";
import { inputName, paintInput, sampleName } from "./view.mjs";

/** @typedef {import("./view.mjs").View} View */
/** @typedef {import("./draw.mjs").Stroke} Stroke */

const PEN = 1 / 14; // of the pad's side
const SHOWN = 10; // samples of the strip
export const FEW = 16; // inputs that are told one by one where they are no picture

/**
 * Return the ink of strokes as the first layer gets it: that of pixels in bytes.
 * @param {import("./words.mjs").Story} story @param {Stroke[]} strokes
 */
export function inkOf(story, strokes) {
  const range = (story.full ?? 0) - story.paper;
  return inked(strokes, story.shape ?? [1, 1]).map((share) => (Math.round(255 * share) / 255) * range);
}

/**
 * @param {View} view
 * @param {{draw: (strokes: Stroke[]) => void, choose: (sample: number) => void}} told
 */
export function input(view, told) {
  const drawable = view.story.full !== null && view.story.shape?.length === 2;
  element("input").classList.toggle("undrawable", !drawable);
  if (drawable) pad(view, told.draw);
  const strip = stripOf(view, told.choose);
  element("clear").addEventListener("click", () => told.draw([]));
  element("download").addEventListener("click", () => download(view));
  return {
    /** @param {View} view */
    show(view) {
      const { state, story } = view;
      const drawn = state.strokes.length > 0;
      paintInput(canvas("seen"), view.ink, view);
      if (drawn || drawable) drawPad(view);
      const what = drawn
        ? "You drew this; it is brought into the form of the samples, as small as the network sees it"
        : state.sample >= 0 && view.samples.labels.length
          ? `${sampleName(view, state.sample)}${drawable ? "; draw over it with mouse, pen or finger" : ""}`
          : "Draw here with mouse, pen or finger";
      const told = `${what[0].toUpperCase()}${what.slice(1)}.`;
      element("say-input").textContent = told;
      canvas("pad").setAttribute("aria-label", `Pad to draw on. ${told}`);
      canvas("seen").setAttribute("aria-label", `What the network sees: ${story.sizes[0]} inputs. ${told}`);
      if (!story.shape && view.ink.length <= FEW) {
        signedBars(element("values"), Array.from(view.ink, (value, n) => ({ name: inputName(story, 0, n), value })));
      }
      strip.show(view);
      return told;
    },
    again: strip.again,
  };
}

/** Take strokes from mouse, pen and fingers. @param {View} view @param {(strokes: Stroke[]) => void} draw */
function pad(view, draw) {
  const on = canvas("pad");
  /** @type {Stroke | null} */
  let stroke = null;
  const at = (/** @type {PointerEvent} */ event) => {
    const box = on.getBoundingClientRect();
    const side = Math.max(box.width, box.height);
    return /** @type {[number, number]} */ ([(event.clientX - box.left) / side, (event.clientY - box.top) / side]);
  };
  on.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    on.setPointerCapture(event.pointerId);
    stroke = [at(event)];
    draw([...view.state.strokes, stroke]);
  });
  on.addEventListener("pointermove", (event) => {
    if (!stroke || !event.isPrimary) return;
    const events = event.getCoalescedEvents?.() ?? [];
    stroke.push(...(events.length ? events : [event]).map(at));
    draw(view.state.strokes);
  });
  for (const end of ["pointerup", "pointercancel"]) on.addEventListener(end, () => (stroke = null));
}

/** Draw the pad: strokes, or a sample to draw over. @param {View} view */
function drawPad(view) {
  const on = canvas("pad");
  const { state, story, look } = view;
  if (!state.strokes.length) {
    paintInput(on, view.ink, view);
    on.classList.add("sharp");
    return;
  }
  on.classList.remove("sharp");
  const [height, width] = story.shape ?? [1, 1];
  const side = 2 * 280; // twice as dense as it is shown
  [on.width, on.height] = [(side * width) / Math.max(width, height), (side * height) / Math.max(width, height)];
  const pen = brush(on);
  pen.strokeStyle = `rgb(${look.theme.ink})`;
  pen.lineWidth = side * PEN;
  pen.lineCap = pen.lineJoin = "round";
  for (const stroke of state.strokes) {
    pen.beginPath();
    stroke.forEach(([x, y]) => pen.lineTo(side * x, side * y));
    if (stroke.length === 1) pen.lineTo(side * stroke[0][0], side * stroke[0][1] + 0.01);
    pen.stroke();
  }
}

/** The strip: some samples at a time. @param {View} view @param {(sample: number) => void} choose */
function stripOf(view, choose) {
  const { samples } = view;
  const box = element("strip");
  element("strip-row").hidden = samples.labels.length === 0;
  let first = -1;
  const fill = (/** @type {number} */ from) => {
    first = Math.max(0, Math.min(from, samples.count - 1));
    first -= first % SHOWN;
    const numbers = [...Array(Math.min(SHOWN, samples.count - first)).keys()].map((n) => n + first);
    box.replaceChildren(...numbers.map((n) => thumb(view, n, choose)));
    enter(/** @type {HTMLElement[]} */ ([...box.children]), 0);
  };
  const turn = (/** @type {number} */ by) => {
    fill(first + by);
    mark(view.state.sample);
  };
  const mark = (/** @type {number} */ sample) => {
    [...box.children].forEach((item, n) => item.setAttribute("aria-pressed", String(first + n === sample)));
  };
  roving(box, () => SHOWN);
  element("strip-back").addEventListener("click", () => turn(-SHOWN));
  element("strip-on").addEventListener("click", () => turn(SHOWN));
  return {
    /** Draw the samples anew, in other colours. */
    again() {
      if (samples.labels.length) fill(Math.max(0, first));
    },
    /** @param {View} view */
    show({ state }) {
      if (!samples.labels.length) return;
      const sample = state.strokes.length ? -1 : state.sample;
      if (sample >= 0 && Math.floor(sample / SHOWN) * SHOWN !== first) fill(sample);
      mark(sample);
    },
  };
}

/**
 * Return a sample as a button.
 * @param {View} view @param {number} n @param {(sample: number) => void} choose
 */
export function thumb(view, n, choose) {
  const picture = /** @type {HTMLCanvasElement} */ (make("canvas", { class: "sharp" }));
  paintInput(picture, view.samples.row(n), view);
  const button = make("button", { type: "button", class: "thumb", "aria-label": sampleName(view, n) }, picture);
  button.addEventListener("click", () => choose(n));
  return button;
}

/** Save what the network sees as a picture that `cutaway why` takes. @param {View} view */
function download({ story, ink }) {
  const [height, width] = story.shape ?? [1, ink.length];
  const on = /** @type {HTMLCanvasElement} */ (make("canvas"));
  [on.width, on.height] = [width, height];
  const image = new ImageData(width, height);
  const dark = (story.full ?? 0) > story.paper; // pixels grow from paper to ink
  ink.forEach((value, i) => {
    const share = Math.min(1, Math.max(0, value / ((story.full ?? 0) - story.paper)));
    image.data.set([...Array(3).fill(Math.round(255 * (dark ? share : 1 - share))), 255], 4 * i);
  });
  brush(on).putImageData(image, 0, 0);
  save(on, "drawing.png");
}

/** Let the browser save a canvas. @param {HTMLCanvasElement} on @param {string} name */
export function save(on, name) {
  on.toBlob((blob) => {
    if (!blob) return;
    const link = /** @type {HTMLAnchorElement} */ (make("a", { download: name }));
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}
