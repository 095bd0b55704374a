/** State: the moment that people share goes in, the fragment of an address comes out, and back. */

/** @typedef {import("./draw.mjs").Stroke} Stroke */
/** @typedef {{time: number, layer: number, unit: number, sample: number, strokes: Stroke[]}} State */

const FINE = 255; // a drawing's points are so many steps from edge to edge
const MOST_POINTS = 4000;

/**
 * Return a state as text for a fragment.
 * @param {State} state
 */
export function written(state) {
  const parts = new URLSearchParams();
  parts.set("t", String(Number(state.time.toFixed(3))));
  parts.set("layer", String(state.layer));
  parts.set("neuron", String(state.unit));
  if (state.strokes.length) parts.set("drawing", state.strokes.map(strokeText).join("_"));
  else parts.set("sample", String(state.sample));
  return parts.toString();
}

/**
 * Return what a fragment says that makes sense; people edit them.
 * @param {string} fragment without "#"
 * @param {{moments: number, sizes: number[], samples: number}} bounds
 * @returns {Partial<State>}
 */
export function read(fragment, bounds) {
  const parts = new URLSearchParams(fragment);
  /** @type {Partial<State>} */
  const state = {};
  const time = number(parts.get("t"), bounds.moments - 1);
  const layer = number(parts.get("layer"), Math.max(0, bounds.sizes.length - 3)) ?? 0;
  const unit = number(parts.get("neuron"), bounds.sizes[Math.floor(layer) + 1] - 1);
  const sample = number(parts.get("sample"), bounds.samples - 1);
  const strokes = (parts.get("drawing") ?? "").slice(0, 6 * MOST_POINTS).split("_").map(strokeOf);
  if (time !== null) state.time = time;
  if (unit !== null) [state.layer, state.unit] = [Math.floor(layer), Math.floor(unit)];
  if (sample !== null) state.sample = Math.floor(sample);
  state.strokes = strokes.filter((stroke) => stroke.length);
  return state;
}

/** @param {string | null} text @param {number} most */
function number(text, most) {
  const value = text === null || text.trim() === "" ? NaN : Number(text);
  return value >= 0 && value <= most ? value : null;
}

/** Points as pairs of hexadecimal bytes. @param {Stroke} stroke */
function strokeText(stroke) {
  return stroke.flat().map((share) => byte(share).toString(16).padStart(2, "0")).join("");
}

/** @param {number} share */
function byte(share) {
  return Math.round(FINE * Math.min(1, Math.max(0, share)));
}

/** @param {string} text @returns {Stroke} */
function strokeOf(text) {
  const points = text.match(/[0-9a-f]{4}/g) ?? [];
  return points.map((pair) => [parseInt(pair.slice(0, 2), 16) / FINE, parseInt(pair.slice(2), 16) / FINE]);
}
