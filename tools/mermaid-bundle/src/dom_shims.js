// What Mermaid's parsers ask of a browser, and nothing of what its renderers do.
//
// Measured, not guessed: benchmarks/judge_agreement.py compares this bundle with the same
// Mermaid in Chromium. Imported first, because Mermaid reads some of it while it loads.

import { color } from "d3-color";
import { cloneDeep } from "es-toolkit";

const CSS_WIDE_KEYWORDS = new Set([
  "currentcolor",
  "inherit",
  "initial",
  "revert",
  "revert-layer",
  "transparent",
  "unset",
]);

// The sequence diagram's `box` asks whether its first word is a colour.
const CSS = {
  supports: (property, value) =>
    property === "color" &&
    (CSS_WIDE_KEYWORDS.has(value.toLowerCase()) || color(value) !== null),
};

// sanitize-url takes a link apart to see whether its scheme is safe; no verdict depends on more.
const ABSOLUTE = /^([a-z][a-z0-9+.-]*:)(?:\/\/(?:[^/?#@]*@)?([^/?#]*))?\S*$/i;

class URL {
  static canParse(address) {
    return ABSOLUTE.test(address.trim());
  }

  constructor(address) {
    const parts = ABSOLUTE.exec(address.trim());
    if (!parts) {
      throw new TypeError(`Invalid URL: ${address}`);
    }
    this.href = parts[0];
    this.protocol = parts[1].toLowerCase();
    this.host = (parts[2] ?? "").toLowerCase();
    this.hostname = this.host.replace(/:\d*$/, "");
  }

  toString() {
    return this.href;
  }
}

// Nothing here waits: a timer's function runs once the code that set it is done.
const setTimeout = (callback, _delay, ...args) => {
  Promise.resolve().then(() => callback(...args));
  return 0;
};

// Node 20 is older than this function; mini-racer and later Nodes have it.
Object.groupBy ??= (items, keyOf) => {
  const groups = Object.create(null);
  for (const [index, item] of [...items].entries()) {
    (groups[keyOf(item, index)] ??= []).push(item);
  }
  return groups;
};

Object.assign(globalThis, {
  window: globalThis,
  addEventListener: () => {},
  // The sequence diagram looks up elements of the page by name; there is no page.
  document: { getElementById: () => null },
  CSS,
  URL,
  structuredClone: cloneDeep,
  setTimeout,
  clearTimeout: () => {},
  performance: { now: () => Date.now() },
});
