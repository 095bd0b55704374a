/** Main: reads what the page embeds, proves that it calculates as the core does, and wires the panels. */

import { Net, Samples, selfCheck, unpack } from "./net.mjs";

/** Return an element that the page has. @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

async function main() {
  const facts = JSON.parse(element("facts").textContent ?? "");
  const arrays = await unpack(element("payload").textContent ?? "", facts.table);
  const [net, samples] = [new Net(facts, arrays), new Samples(facts, arrays)];
  document.body.dataset.selfCheck = selfCheck(net, samples, arrays.outputs);
  element("page").hidden = false;
  element("notice").remove();
}

main();
