/** Poster: the moment that is shown goes in, one canvas for a slide comes out. */

import { shownClasses } from "./answer.mjs";
import { brush, element, enlarged, make, paint } from "./dom.mjs";
import { FEW } from "./input.mjs";
import { largest } from "./net.mjs";
import { inputName, paintInput, sampleName } from "./view.mjs";
import { answerSentence, number, signed } from "./words.mjs";

/** @typedef {import("./view.mjs").View} View */
/** @typedef {{name: string, value: number, text: string, best?: boolean}} Bar */

const [WIDE, HIGH, EDGE] = [1600, 900, 60]; // in points
const DENSE = 1.2; // pixels for a point: 1920 x 1080
const [TOP, BOTTOM] = [226, 780]; // of what is drawn
const [SMALL, LINE, ROW] = [20, 28, 46];
const FONT = "system-ui, sans-serif";

/**
 * Return what is seen of a moment: the input, the hidden layer, the answer, and what is to be said of them.
 * @param {View} view @param {HTMLCanvasElement} tiles of the layer, a pixel per weight
 */
export function poster(view, tiles) {
  const { story, look: { theme }, state, outputs, label } = view;
  const on = /** @type {HTMLCanvasElement} */ (make("canvas"));
  [on.width, on.height] = [DENSE * WIDE, DENSE * HIGH];
  const page = new Sheet(on, theme);
  page.line(answerSentence(story.names, outputs, label), EDGE, 82, WIDE - 2 * EDGE, { size: 36, strong: true });
  page.lines(`${story.title}. ${said("say-time")}`, EDGE, 124, WIDE - 2 * EDGE, 2);
  const layer = story.sizes.length > 3 ? `, layer ${state.layer + 1}` : "";
  page.line("What it is shown", EDGE, 206, 340, { strong: true });
  page.line(`What it looks for${layer}`, 460, 206, 560, { strong: true });
  shown(page, view);
  page.scale(view, 460, page.picture(tiles, 460, TOP, 560, BOTTOM - TOP) + 20);
  const [best, classes] = [largest(outputs), shownClasses(story.names, outputs)];
  const some = classes.length < outputs.length ? `: the ${classes.length} largest of ${outputs.length}` : "";
  page.line(`What it answers${some}`, 1080, 206, 460, { strong: true });
  const end = page.bars(classes.map((c) => (
    { name: story.names[c], value: outputs[c], text: number(outputs[c]), best: c === best }
  )), 1080, TOP, 460, false);
  page.lines(said("say-opinions"), 1080, end + 40, 460, 4);
  return on;
}

/** Draw the input, and what it is. @param {Sheet} page @param {View} view */
function shown(page, view) {
  const { story, state, ink } = view;
  const small = /** @type {HTMLCanvasElement} */ (make("canvas"));
  paintInput(small, ink, view);
  const low = page.picture(small, EDGE, TOP, 340, 340, true);
  const what = state.strokes.length ? "A drawing" : state.sample >= 0 && view.samples.labels.length ? sampleName(view, state.sample) : "";
  page.lines(what && `${what[0].toUpperCase()}${what.slice(1)}`, EDGE, low + 34, 340, 3);
  if (story.shape || ink.length > FEW) return;
  const values = Array.from(ink, (value, n) => ({ name: inputName(story, 0, n), value, text: signed(value) }));
  page.bars(values, EDGE, low + 60, 340, true);
}

/** Return what is said below a panel. @param {string} id */
function said(id) {
  return element(id).textContent ?? "";
}

/** A canvas in points, on which words keep within their width. */
class Sheet {
  /** @param {HTMLCanvasElement} on @param {Record<string, any>} theme */
  constructor(on, theme) {
    this.pen = brush(on);
    this.theme = theme;
    this.pen.scale(DENSE, DENSE);
    this.fill(theme.paper, 0, 0, WIDE, HIGH);
  }

  /** @param {number[]} colour @param {number} x @param {number} y @param {number} wide @param {number} high */
  fill(colour, x, y, wide, high) {
    this.pen.fillStyle = `rgb(${colour})`;
    this.pen.fillRect(x, y, wide, high);
  }

  /** Set the font, and return how wide words are in it. @param {string} words @param {{size?: number, strong?: boolean}} how */
  measure(words, { size = SMALL, strong = false } = {}) {
    this.pen.font = `${strong ? 600 : 400} ${size}px ${FONT}`;
    this.pen.fillStyle = `rgb(${strong ? this.theme.ink : this.theme.muted})`;
    return this.pen.measureText(words).width;
  }

  /**
   * Write a line: smaller if it is too long, and cut where that is not enough.
   * @param {string} words @param {number} x @param {number} y @param {number} wide
   * @param {{size?: number, strong?: boolean}} how
   */
  line(words, x, y, wide, how = {}) {
    const least = Math.min(SMALL, how.size ?? SMALL);
    const size = Math.max(least, Math.min(how.size ?? SMALL, ((how.size ?? SMALL) * wide) / this.measure(words, how)));
    let text = words;
    while (text.length > 1 && this.measure(text, { ...how, size }) > wide) text = `${text.slice(0, -2)}…`;
    this.pen.fillText(text, x, y);
  }

  /** Write words in lines. @param {string} words @param {number} x @param {number} y @param {number} wide @param {number} most */
  lines(words, x, y, wide, most) {
    /** @type {string[]} */
    const lines = [];
    for (const word of words.split(" ")) {
      const longer = `${lines[lines.length - 1] ?? ""} ${word}`.trim();
      if (lines.length && (this.measure(longer) <= wide || lines.length === most)) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    lines.forEach((line, n) => this.line(line, x, y + n * LINE, wide));
  }

  /**
   * Draw a picture as large as there is room; return where it ends.
   * @param {HTMLCanvasElement} small a pixel per number
   * @param {number} x @param {number} y @param {number} wide @param {number} high @param {boolean} framed
   */
  picture(small, x, y, wide, high, framed = false) {
    const factor = Math.min(wide / small.width, high / small.height);
    const [across, down] = [factor * small.width, factor * small.height];
    this.pen.drawImage(enlarged(small, DENSE * across), x, y, across, down);
    this.pen.strokeStyle = `rgb(${this.theme.gap})`;
    if (framed) this.pen.strokeRect(x, y, across, down);
    return y + down;
  }

  /** Draw the scale of colours. @param {View} view @param {number} x @param {number} y */
  scale({ look, limits, state }, x, y) {
    const small = /** @type {HTMLCanvasElement} */ (make("canvas"));
    paint(small, look.signed.slice(), 255);
    const limit = limits[state.layer].toPrecision(2);
    const room = this.measure(`−${limit}`);
    this.line(`−${limit}`, x, y + 14, room);
    this.pen.drawImage(small, x + room + 12, y, 140, 14);
    this.line(`+${limit}`, x + room + 164, y + 14, 2 * room);
    this.line("Orange excites, blue inhibits. Bars: how active.", x, y + 14 + LINE, 580);
  }

  /**
   * Draw a bar for each number, from the left or to both sides; return where they end.
   * @param {Bar[]} bars @param {number} x @param {number} y @param {number} wide @param {boolean} both
   */
  bars(bars, x, y, wide, both) {
    const most = Math.max(both ? 1e-9 : 1, ...bars.map(({ value }) => Math.abs(value)));
    const widest = (/** @type {string[]} */ words) => Math.max(...words.map((word) => this.measure(word, { strong: true })));
    const names = Math.min(0.45 * wide, widest(bars.map(({ name }) => name)));
    const numbers = widest(bars.map(({ text }) => text));
    const [left, room] = [x + names + 14, wide - names - numbers - 28];
    const row = Math.min(ROW, (BOTTOM - y) / bars.length);
    bars.forEach(({ name, value, text, best = false }, n) => {
      const low = y + row * n + 0.62 * row;
      this.line(name, x, low, names, { strong: best });
      const long = (Math.abs(value) / most) * room * (both ? 0.5 : 1);
      const from = both ? left + room / 2 - (value < 0 ? long : 0) : left;
      const colour = both ? (value < 0 ? this.theme.first : this.theme.second) : best ? this.theme.second : this.theme.muted;
      this.fill(colour, from, low - 0.46 * row, Math.max(1, long), 0.54 * row);
      this.line(text, x + wide - this.measure(text, { strong: best }), low, numbers, { strong: best });
    });
    return y + row * bars.length;
  }
}
