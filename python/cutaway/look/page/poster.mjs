/** Poster: the moment that is shown goes in, one canvas to keep comes out. */

import { brush, canvas, element, make } from "./dom.mjs";
import { paintInput } from "./view.mjs";

/** @typedef {import("./view.mjs").View} View */

const [WIDE, HIGH, EDGE] = [1600, 900, 60];
const FONT = "system-ui, sans-serif";

/** Return what is seen of a moment: the input, the hidden layer, the answer, and a sentence for each. @param {View} view */
export function poster(view) {
  const { story, look, outputs } = view;
  const on = /** @type {HTMLCanvasElement} */ (make("canvas"));
  [on.width, on.height] = [WIDE, HIGH];
  const pen = brush(on);
  const css = (/** @type {number[]} */ colour) => `rgb(${colour})`;
  const text = (/** @type {string} */ words, /** @type {number} */ x, /** @type {number} */ y, size = 22, strong = false) => {
    pen.font = `${strong ? 600 : 400} ${size}px ${FONT}`;
    pen.fillStyle = css(strong ? look.theme.ink : look.theme.muted);
    pen.fillText(words, x, y, WIDE - x - EDGE);
  };
  pen.fillStyle = css(look.theme.paper);
  pen.fillRect(0, 0, WIDE, HIGH);
  text(story.title, EDGE, 80, 34, true);
  text(element("say-time").textContent ?? "", EDGE, 120);
  const small = /** @type {HTMLCanvasElement} */ (make("canvas"));
  paintInput(small, view.ink, view);
  pen.imageSmoothingEnabled = false;
  fitted(pen, small, EDGE, 180, 380, 380);
  pen.imageSmoothingEnabled = true;
  fitted(pen, canvas("grid"), 500, 180, 620, 620);
  const most = Math.max(1, ...outputs.map(Math.abs));
  [...element("bars").children].forEach((bar, n) => {
    const [name, , value] = bar.children;
    const y = 180 + 46 * n;
    const best = bar.classList.contains("best");
    text(name.textContent ?? "", 1180, y + 24, 22, best);
    pen.fillStyle = css(best ? look.theme.second : look.theme.muted);
    pen.fillRect(1280, y + 4, (180 * Math.abs(Number((value.textContent ?? "").replace("−", "-")))) / most, 24);
    text(value.textContent ?? "", 1480, y + 24, 22, best);
  });
  text(element("say-answer").textContent ?? "", EDGE, 850, 26, true);
  return on;
}

/**
 * Draw a canvas as large as there is room.
 * @param {CanvasRenderingContext2D} pen @param {HTMLCanvasElement} from
 * @param {number} x @param {number} y @param {number} wide @param {number} high
 */
function fitted(pen, from, x, y, wide, high) {
  const factor = Math.min(wide / from.width, high / from.height);
  pen.drawImage(from, x, y, factor * from.width, factor * from.height);
}
