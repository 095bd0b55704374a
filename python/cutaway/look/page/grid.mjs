/** Grid: a hidden layer's tiles at the moment, each with its activation; arrow keys go from unit to unit. */

import { arranged, paintTiles } from "./colours.mjs";
import { canvas, element, enlarged, enter, make, paint, roving } from "./dom.mjs";
import { loudest, votes } from "./measure.mjs";
import { largest } from "./net.mjs";
import { nameOf, shapeOf } from "./view.mjs";
import { number } from "./words.mjs";

/** @typedef {import("./view.mjs").View} View */

const MOST = 1024; // units with a tile
const BAR = 3; // pixels of the activation's bar, and the line above it

/**
 * @param {View} view
 * @param {{unit: (unit: number) => void, layer: (layer: number) => void}} told
 */
export function grid(view, told) {
  const { story } = view;
  const keys = element("grid-keys");
  const small = document.createElement("canvas"); // a pixel per weight
  let [layout, layer] = [arranged(1, [1, 1], BAR), -1];
  let pixels = new Uint32Array(1);
  roving(keys, () => layout.columns);
  layers(story, told.layer);

  /** Lay out a layer's tiles and its buttons. @param {View} view */
  const lay = ({ state }) => {
    layer = state.layer;
    const units = Math.min(MOST, story.sizes[layer + 1]);
    layout = arranged(units, shapeOf(story, layer), BAR);
    pixels = new Uint32Array(layout.width * layout.height);
    keys.style.gridTemplateColumns = `repeat(${layout.columns}, 1fr)`;
    keys.replaceChildren(
      ...[...Array(units).keys()].map((unit) => {
        const key = make("button", { type: "button", "aria-label": nameOf(story, layer, unit) });
        key.addEventListener("click", () => told.unit(unit));
        return key;
      }),
    );
    enter(/** @type {HTMLElement[]} */ ([...keys.children]), state.unit);
  };

  return {
    /** @param {View} view */
    show(view) {
      const { state, net, look, limits } = view;
      if (layer !== state.layer) {
        lay(view);
        this.legend(view);
      }
      const active = scaled(view);
      paintTiles(pixels, layout, net.layers[layer], net.sizes[layer + 1], limits[layer], active, look);
      paint(small, pixels, layout.width);
      enlarged(small, canvas("grid").clientWidth * (window.devicePixelRatio || 1), canvas("grid"));
      const chosen = keys.querySelector("[aria-pressed=true]");
      const now = keys.children[state.unit];
      if (chosen !== now) {
        chosen?.setAttribute("aria-pressed", "false");
        now?.setAttribute("aria-pressed", "true");
      }
      const told = sentence(view);
      element("say-grid").textContent = told;
      canvas("grid").setAttribute("aria-label", `Weights of the ${layout.units} units. ${told}`);
      return told;
    },
    /** Return the tiles, a pixel per weight or some. @param {View} view */
    picture(view) {
      this.show(view);
      return small;
    },
    /** Draw the scale of colours. @param {View} view */
    legend({ look, limits, state }) {
      paint(canvas("scale"), look.signed.slice(), 255);
      element("low").textContent = `−${limits[state.layer].toPrecision(2)}`;
      element("high").textContent = `+${limits[state.layer].toPrecision(2)}`;
    },
    /** Tell each button's unit anew, for those who hear it. @param {View} view */
    name({ net, state, layers, story }) {
      [...keys.children].forEach((key, unit) => {
        const speaks = story.sizes.length > 2 ? `, speaks for ${story.names[largest(votes(net, state.layer, unit))]}` : "";
        key.setAttribute("aria-label", `${nameOf(story, state.layer, unit)}${speaks}, active ${number(layers[state.layer][unit])}`);
      });
    },
  };
}

/** Return activations by the largest there may be: 1, or of a layer without bounds its largest. @param {View} view */
function scaled({ layers, state, story }) {
  const active = layers[state.layer];
  if (["sigmoid", "tanh", "softmax"].includes(story.activations[state.layer])) return active;
  const most = Math.max(1e-9, ...active.map(Math.abs));
  return active.map((value) => value / most);
}

/** @param {View} view */
function sentence({ layers, state, story }) {
  const active = layers[state.layer];
  const most = loudest(active, 3).map(({ place, value }) => `${place} (${number(value)})`);
  const shown = Math.min(MOST, active.length);
  const part = shown < active.length ? `The first ${shown} of ${active.length} are shown. ` : "";
  const what = story.sizes.length === 2 ? "Classes" : "Neurons";
  return `${part}${what} most active for it: ${most.join(", ") || "none"}.`;
}

/** Let people choose among several hidden layers. @param {import("./words.mjs").Story} story @param {(layer: number) => void} choose */
function layers(story, choose) {
  const select = /** @type {HTMLSelectElement} */ (element("layer"));
  const hidden = Math.max(1, story.sizes.length - 2);
  element("layer-row").hidden = hidden < 2;
  for (let l = 0; l < hidden; l++) {
    select.append(make("option", { value: String(l) }, `${l + 1}: ${story.sizes[l + 1]} units`));
  }
  select.addEventListener("change", () => choose(Number(select.value)));
}
