/**
 * Draw: strokes go in, ink as MNIST has it comes out: in a box of 20 / 28 of the side, centred by mass
 * (LeCun, Cortes, Burges, "The MNIST database").
 *
 * Strokes are scaled before they get their width, so that a small drawing has no thicker lines than a
 * large one.
 */

/** @typedef {[number, number]} Point to the right and down, in any unit that is as long both ways */
/** @typedef {Point[]} Stroke */

const BOX = 20 / 28;
const PEN = 2.6 / 28; // a line's width, of the shorter side
const SOFT = 1; // pixels from full ink to none

/**
 * Return the ink of strokes (height x width), 0 to 1; none if there are no points.
 * @param {Stroke[]} strokes
 * @param {number[]} shape height, width
 */
export function inked(strokes, [height, width]) {
  const drawn = strokes.filter((stroke) => stroke.length);
  if (!drawn.length) return new Float32Array(height * width);
  const pen = Math.max(PEN * Math.min(height, width), 0.9);
  const fitted = fit(drawn, [height, width], pen);
  const ink = painted(fitted, [height, width], pen);
  const [down, right] = offCentre(ink, [height, width]);
  return moved(ink, [height, width], down, right);
}

/**
 * Scale strokes so that with the pen's width they fill the box, in the middle.
 * @param {Stroke[]} strokes @param {number[]} shape @param {number} pen
 */
function fit(strokes, [height, width], pen) {
  const xs = strokes.flat().map(([x]) => x);
  const ys = strokes.flat().map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [wide, high] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const room = [BOX * width - pen, BOX * height - pen].map((side) => Math.max(side, 0));
  const scale = Math.min(wide ? room[0] / wide : Infinity, high ? room[1] / high : Infinity);
  const by = Number.isFinite(scale) ? scale : 0; // a dot stays one
  return strokes.map((stroke) =>
    stroke.map(([x, y]) => /** @type {Point} */ ([
      width / 2 + by * (x - left - wide / 2),
      height / 2 + by * (y - top - high / 2),
    ])),
  );
}

/**
 * Paint strokes: a pixel has ink where its middle is nearer to one than half the pen.
 * @param {Stroke[]} strokes @param {number[]} shape @param {number} pen
 */
function painted(strokes, [height, width], pen) {
  const ink = new Float32Array(height * width);
  const reach = pen / 2 + SOFT / 2;
  for (const stroke of strokes) {
    for (let n = 0; n < Math.max(1, stroke.length - 1); n++) {
      const [from, to] = [stroke[n], stroke[n + 1] ?? stroke[n]];
      const [top, bottom] = between(from[1], to[1], reach, height);
      const [left, right] = between(from[0], to[0], reach, width);
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) {
          const share = (reach - distance(x + 0.5, y + 0.5, from, to)) / SOFT;
          const i = y * width + x;
          ink[i] = Math.max(ink[i], Math.min(1, share));
        }
      }
    }
  }
  return ink;
}

/**
 * Return the pixels that a stretch may reach.
 * @param {number} a @param {number} b @param {number} reach @param {number} most
 */
function between(a, b, reach, most) {
  const [low, high] = [Math.min(a, b) - reach, Math.max(a, b) + reach];
  return [Math.max(0, Math.floor(low)), Math.min(most, Math.ceil(high))];
}

/**
 * Return the distance of a point from a stretch.
 * @param {number} x @param {number} y @param {Point} from @param {Point} to
 */
function distance(x, y, [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/**
 * Return by how many pixels, down and to the right, the ink's centre of mass is off the middle.
 * @param {Float32Array} ink @param {number[]} shape
 */
function offCentre(ink, [height, width]) {
  let [mass, down, right] = [0, 0, 0];
  ink.forEach((value, i) => {
    mass += value;
    down += value * Math.floor(i / width);
    right += value * (i % width);
  });
  return [(height - 1) / 2 - down / mass, (width - 1) / 2 - right / mass].map(Math.round);
}

/**
 * Move ink, but not over the edge.
 * @param {Float32Array} ink @param {number[]} shape @param {number} down @param {number} right
 */
function moved(ink, [height, width], down, right) {
  const rows = [...ink.keys()].filter((i) => ink[i] > 0).map((i) => Math.floor(i / width));
  const columns = [...ink.keys()].filter((i) => ink[i] > 0).map((i) => i % width);
  const y = within(down, -Math.min(...rows), height - 1 - Math.max(...rows));
  const x = within(right, -Math.min(...columns), width - 1 - Math.max(...columns));
  const result = new Float32Array(ink.length);
  rows.forEach((row, n) => {
    result[(row + y) * width + columns[n] + x] = ink[row * width + columns[n]];
  });
  return result;
}

/** @param {number} value @param {number} low @param {number} high */
function within(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
