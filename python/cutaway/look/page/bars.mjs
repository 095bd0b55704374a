/** Bars: named numbers go in, bars to the left and to the right of zero come out. */

import { make } from "./dom.mjs";
import { signed } from "./words.mjs";

/**
 * A number, and perhaps a small picture beside its name, which is painted only when its key is another one.
 * @typedef {{name: string, value: number, picture?: {key: string, paint: (on: HTMLCanvasElement) => void}}} Bar
 */

/**
 * Show bars, in the elements that are there already.
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
    if (picture && canvas.dataset.key !== picture.key) {
      picture.paint(canvas);
      canvas.dataset.key = picture.key;
    }
    if (text.title !== name) text.textContent = text.title = name;
    const fill = /** @type {HTMLElement} */ (track.firstChild);
    fill.className = value < 0 ? "minus" : "plus";
    fill.style.width = `${(50 * Math.abs(value)) / most}%`;
    number.textContent = signed(value);
  });
}
