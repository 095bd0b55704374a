/** Dom: what every panel does with the document: find, make, paint, and move the focus within a group. */

/** Return an element that the page has. @param {string} id */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** Return a canvas that the page has. @param {string} id */
export function canvas(id) {
  return /** @type {HTMLCanvasElement} */ (document.getElementById(id));
}

/** Return a canvas' brush. @param {HTMLCanvasElement} on */
export function brush(on) {
  return /** @type {CanvasRenderingContext2D} */ (on.getContext("2d"));
}

/**
 * Make an element. Texts are texts, whatever is in them.
 * @param {string} tag @param {Record<string, string>} attributes @param {(Node | string)[]} children
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Say in words what a canvas shows. @param {string} id @param {string} text */
export function described(id, text) {
  canvas(id).setAttribute("aria-label", text);
}

/**
 * Give a canvas these pixels.
 * @param {HTMLCanvasElement} on @param {Uint32Array} pixels @param {number} width
 */
export function paint(on, pixels, width) {
  const height = pixels.length / width;
  if (on.width !== width || on.height !== height) [on.width, on.height] = [width, height]; // costs
  const bytes = new Uint8ClampedArray(/** @type {ArrayBuffer} */ (pixels.buffer));
  brush(on).putImageData(new ImageData(bytes, width), 0, 0);
}

/**
 * Return a small canvas so large that no pixel is smaller than its neighbour.
 * @param {HTMLCanvasElement} small @param {number} wanted its width, at least
 * @param {HTMLCanvasElement} on which it is painted
 */
export function enlarged(small, wanted, on = document.createElement("canvas")) {
  const factor = Math.max(1, Math.ceil(wanted / small.width));
  const [wide, high] = [factor * small.width, factor * small.height];
  if (on.width !== wide || on.height !== high) [on.width, on.height] = [wide, high];
  const pen = brush(on);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, wide, high);
  return on;
}

/**
 * Let arrow keys move the focus within a group, which the Tab key enters and leaves once.
 * @param {HTMLElement} group @param {() => number} columns
 */
export function roving(group, columns) {
  const items = () => /** @type {HTMLElement[]} */ ([...group.querySelectorAll("button")]);
  group.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() };
    const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : at + moves[event.key];
    if (at < 0 || !all[to]) return;
    event.preventDefault();
    enter(all, to);
    all[to].focus();
  });
  group.addEventListener("focusin", (event) => {
    const all = items();
    enter(all, all.indexOf(/** @type {HTMLElement} */ (event.target)));
  });
}

/** Make one of a group's items that which the Tab key enters. @param {HTMLElement[]} items @param {number} at */
export function enter(items, at) {
  items.forEach((item, n) => (item.tabIndex = n === Math.max(0, at) ? 0 : -1));
}

/** Return what tells whether a section is on the screen, or just below it. @param {string[]} ids */
export function onScreen(...ids) {
  const seen = new Set(ids);
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](target.id);
  }, { rootMargin: "100px" });
  ids.forEach((id) => observer.observe(element(id)));
  return (/** @type {string} */ id) => seen.has(id);
}
