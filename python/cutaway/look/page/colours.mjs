/** Colours: numbers go in, pixels come out: signed ones orange and blue, ink dark on paper. */

/** @typedef {[number, number, number]} Colour */
/** @typedef {Record<string, any>} Theme as Python's look.theme has it */

/**
 * Return the colours of -1 to 1 as pixels (255,); number 127 is zero.
 * @param {Theme} theme
 */
export function scale(theme) {
  const stops = [...theme.negative, theme.zero, ...theme.positive];
  const colours = new Uint32Array(255);
  for (let i = 0; i < 255; i++) colours[i] = along(stops, i / 254);
  return colours;
}

/**
 * Return the colours of ink from none to full, as pixels (256,).
 * @param {Theme} theme
 */
export function inks(theme) {
  return Uint32Array.from({ length: 256 }, (_, i) => along([theme.paper, theme.ink], i / 255));
}

/**
 * Return the colour at a share of the way along stops, as a pixel.
 * @param {Colour[]} stops @param {number} share
 */
function along(stops, share) {
  const at = share * (stops.length - 1);
  const n = Math.min(Math.floor(at), stops.length - 2);
  return pixel(stops[n].map((value, c) => value + (at - n) * (stops[n + 1][c] - value)));
}

/** Return a colour as a pixel. @param {number[]} colour */
export function pixel([red, green, blue]) {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

/**
 * Return the number of a signed value's colour.
 * @param {number} value @param {number} limit that gets the strongest colour
 */
export function level(value, limit) {
  const share = (127 * value) / limit; // rounded below: each tile's every pixel comes here
  return share >= 127 ? 254 : share <= -127 ? 0 : (share + 127.5) | 0;
}

/** Return what all but one in a thousand magnitudes are below, to be the strongest colour. @param {Float32Array} values */
export function strongest(values) {
  const sizes = values.map(Math.abs).sort();
  return sizes[Math.floor(0.999 * (sizes.length - 1))] || sizes[sizes.length - 1] || 1;
}

const [SMALLEST, STRIP, STRIPS] = [28, 240, 12]; // pixels of a tile, and of a strip, which is so many times as wide as high

/**
 * Where tiles lie in a picture of many: columns side by side, a line between them, a bar below each. A
 * weight is `zoom` pixels wide and `tall` high, so that lines are thin beside few weights, too.
 * @typedef {{units: number, columns: number, high: number, wide: number, deep: number,
 *   zoom: number, tall: number, bar: number, width: number, height: number}} Layout
 */

/**
 * Arrange tiles.
 * @param {number} units @param {number[]} shape height, width, 3 if of colours; 1 high for strips
 * @param {number} bar height of the activation's bar
 * @returns {Layout}
 */
export function arranged(units, [high, wide, deep = 1], bar) {
  const strips = high === 1 && wide > 1;
  const columns = strips ? (units > 24 ? 2 : 1) : Math.ceil(Math.sqrt(units));
  const zoom = Math.ceil(strips ? STRIP / wide : SMALLEST / Math.max(high, wide));
  const tall = strips ? Math.round((zoom * wide) / STRIPS) : zoom;
  const rows = Math.ceil(units / columns);
  return {
    units, columns, high, wide, deep, zoom, tall, bar,
    width: columns * (zoom * wide + 1) + 1,
    height: rows * (tall * high + bar + 1) + 1,
  };
}

/**
 * Paint a layer's tiles, each with a bar of its activation below. Weights of colours are colours around a
 * middle gray.
 * @param {Uint32Array} pixels (height x width) of the layout
 * @param {Layout} layout
 * @param {Float32Array} layer (1 + fan_in, units), row 0 the biases
 * @param {number} units of the layer, some of which have tiles
 * @param {number} limit
 * @param {Float32Array} active (units,): -1 to 1
 * @param {{signed: Uint32Array, gap: number, paper: number, ink: number}} look
 */
export function paintTiles(pixels, layout, layer, units, limit, active, look) {
  const { columns, high, wide, deep, zoom, tall, bar, width } = layout;
  const [across, down] = [zoom * wide, tall * high]; // pixels of a tile
  pixels.fill(look.paper);
  for (let n = 0; n < layout.units; n++) {
    const left = 1 + (n % columns) * (across + 1);
    const top = 1 + Math.floor(n / columns) * (down + bar + 1);
    for (let y = 0; y < high; y++) {
      const to = (top + y * tall) * width + left;
      for (let x = 0; x < wide; x++) {
        const input = (y * wide + x) * deep;
        const colour = deep === 1
          ? look.signed[level(layer[(1 + input) * units + n], limit)]
          : pixel([1, 2, 3].map((c) => level(layer[(c + input) * units + n], limit)));
        if (zoom === 1) pixels[to + x] = colour;
        else pixels.fill(colour, to + x * zoom, to + (x + 1) * zoom);
      }
      for (let row = 1; row < tall; row++) pixels.copyWithin(to + row * width, to, to + across);
    }
    frame(pixels, width, left - 1, top - 1, across + 2, down + 2, look.gap);
    const length = Math.round(Math.min(1, Math.abs(active[n])) * across);
    const from = active[n] < 0 ? across - length : 0;
    for (let y = 1; y < bar; y++) {
      const to = (top + down + y) * width + left + from;
      pixels.fill(look.ink, to, to + length);
    }
  }
}

/**
 * Draw a line around a rectangle.
 * @param {Uint32Array} pixels @param {number} width
 * @param {number} x @param {number} y @param {number} wide @param {number} high @param {number} colour
 */
function frame(pixels, width, x, y, wide, high, colour) {
  pixels.fill(colour, y * width + x, y * width + x + wide);
  pixels.fill(colour, (y + high - 1) * width + x, (y + high - 1) * width + x + wide);
  for (let row = y; row < y + high; row++) {
    pixels[row * width + x] = pixels[row * width + x + wide - 1] = colour;
  }
}
