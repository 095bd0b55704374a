/** Confusion: which class the samples were taken for at the moment; a cell opens its samples. */

import { element, enter, make, roving } from "./dom.mjs";
import { thumb } from "./input.mjs";
import { ranked } from "./measure.mjs";
import { confusionSentence } from "./words.mjs";

/** @typedef {import("./view.mjs").View} View */

const MOST_CLASSES = 16; // of a matrix; of more, the cells with the most mistakes are listed
const LISTED = 12;
const SHOWN = 40; // samples of a cell

/** @param {View} view @param {(sample: number) => void} choose */
export function confusion(view, choose) {
  const { story } = view;
  const names = story.names;
  const square = names.length <= MOST_CLASSES;
  /** @type {[number, number] | null} */
  let open = null;
  /** @type {HTMLElement[]} */
  const cells = [];
  element("confusion").hidden = view.samples.labels.length === 0;
  roving(element("matrix"), () => (square ? names.length : 1));
  roving(element("cell"), () => SHOWN);
  if (square) build();

  /** Make the matrix, whose numbers change later. */
  function build() {
    const heads = names.map((name) => make("th", { scope: "col", title: name }, name));
    const rows = names.map((name, label) => {
      const own = names.map((_, answer) => {
        const cell = /** @type {HTMLElement} */ (make("button", { type: "button" }));
        cell.addEventListener("click", () => show_(label, answer));
        cells.push(cell);
        return make("td", {}, cell);
      });
      return make("tr", {}, make("th", { scope: "row", title: name }, name), ...own);
    });
    element("matrix").replaceChildren(
      make("caption", {}, "Rows: what it is. Columns: what it was taken for."),
      make("tr", {}, make("td"), ...heads), ...rows,
    );
    enter(cells, 0);
  }

  /** Open a cell. @param {number} label @param {number} answer */
  function show_(label, answer) {
    open = [label, answer];
    fill(view);
  }

  /** @param {View} view */
  function fill(view) {
    if (!open || !view.survey) return;
    const [label, answer] = open;
    const those = view.survey.taken(label, answer);
    const head = make("p", { class: "say" }, `${those.length} of class ${names[label]} taken for ${names[answer]}` +
      (those.length > SHOWN ? `, the first ${SHOWN}` : ""));
    element("cell").replaceChildren(head, ...those.slice(0, SHOWN).map((n) => thumb(view, n, choose)));
    enter(/** @type {HTMLElement[]} */ ([...element("cell").querySelectorAll("button")]), 0);
  }

  return {
    /** @param {View} now */
    show(now) {
      view = now;
      if (!view.survey || !view.samples.labels.length) return "";
      const counts = view.survey.confusion();
      const totals = names.map((_, c) => counts.subarray(c * names.length, (c + 1) * names.length).reduce((a, b) => a + b, 0));
      if (square) counts.forEach((n, i) => number(cells[i], n, i, totals));
      else list(counts);
      const told = confusionSentence(names, counts, view.survey.right, view.samples.count);
      element("say-confusion").textContent = told;
      fill(view);
      return told;
    },
  };

  /** Write a number into its cell, the stronger the more of its row. @param {HTMLElement} cell @param {number} n @param {number} i @param {number[]} totals */
  function number(cell, n, i, totals) {
    const [label, answer] = [Math.floor(i / names.length), i % names.length];
    if (cell.textContent === String(n || "·")) return;
    cell.textContent = String(n || "·");
    cell.setAttribute("aria-label", `${names[label]} taken for ${names[answer]}: ${n}`);
    const share = totals[label] ? n / totals[label] : 0;
    cell.className = label === answer ? "right" : n ? "wrong" : "none";
    cell.style.setProperty("--share", `${Math.round(100 * Math.min(1, label === answer ? share : 4 * share))}%`);
  }

  /** List the most frequent mistakes. @param {Int32Array} counts */
  function list(counts) {
    const wrong = counts.map((n, i) => (i % (names.length + 1) === 0 ? 0 : n));
    const worst = ranked(wrong).slice(0, LISTED).filter((i) => wrong[i]);
    const focused = element("matrix").contains(document.activeElement);
    const rows = worst.map((i) => {
      const [label, answer] = [Math.floor(i / names.length), i % names.length];
      const cell = make("button", { type: "button" }, `${names[label]} taken for ${names[answer]}: ${wrong[i]}`);
      cell.addEventListener("click", () => show_(label, answer));
      return make("tr", {}, make("td", {}, cell));
    });
    element("matrix").className = "list";
    element("matrix").replaceChildren(...rows);
    const items = /** @type {HTMLElement[]} */ ([...element("matrix").querySelectorAll("button")]);
    enter(items, 0);
    if (focused) items[0]?.focus();
  }
}
