"use strict";
// What Mermaid 12 asks of a browser beyond what mermaidx's DOM gives it. Runs between the two.
// `__naiadClockMs` is the time that the page shows, in milliseconds since 1970.

// DOMPurify 3.4 reads nodeType through the getter of Node.prototype, so that a form field named
// "nodeType" cannot fool it. Without one it takes every node for none and discards whole labels.
Object.defineProperty(Node.prototype, "nodeType", {
  configurable: true,
  get() {
    return Object.getOwnPropertyDescriptor(this, "nodeType")?.value;
  },
  set(value) {
    Object.defineProperty(this, "nodeType", {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  },
});

// C4's styles fill empty rules through CSSRule.style and then count their declarations.
(() => {
  const insertText = CSSStyleSheet.prototype.insertRule;

  class StyleRule {
    constructor(text) {
      const open = text.indexOf("{");
      this.selector = text.slice(0, open).trim();
      this.declarations = text
        .slice(open + 1, text.lastIndexOf("}"))
        .split(";")
        .filter((declaration) => declaration.includes(":"));
      this.text = text;
    }
    get style() {
      const rule = this;
      return {
        get length() {
          return rule.declarations.length;
        },
        setProperty(name, value) {
          // As in a browser, a value that would end the declaration sets nothing.
          if (/[{};]/.test(String(value))) return;
          rule.declarations.push(`${name}: ${value}`);
          rule.text = `${rule.selector} { ${rule.declarations.join("; ")}; }`;
        },
      };
    }
    get cssText() {
      return this.text;
    }
  }

  CSSStyleSheet.prototype.insertRule = function (text, index) {
    const at = insertText.call(this, text, index);
    this.cssRules[at] = new StyleRule(this.cssRules[at].cssText);
    return at;
  };
})();

// mermaidx parses a selector each time it matches one and searches on after it has found what it
// was looking for. Mermaid 12's styles have hundreds of rules, and each label's font is asked of
// them at every ancestor, which takes C4 half a minute. The same answers from an index.
(() => {
  const chainsOf = new Map();
  const matchesAny = globalThis.__matchesCompound;
  const oneName = /^([.#]?)([\w-]+)$/;
  const testOf = new Map();

  const testFor = (compound) => {
    const [, sigil, name] = oneName.exec(compound) ?? [];
    switch (sigil) {
      case ".":
        return (element) =>
          (element.getAttribute("class") ?? "").includes(name) && element.classList.contains(name);
      case "#":
        return (element) => element.getAttribute("id") === name;
      case "":
        return (element) => (element.tagName ?? "").toLowerCase() === name.toLowerCase();
      default:
        return (element) => matchesAny(element, compound);
    }
  };

  globalThis.__matchesCompound = (element, compound) => {
    let test = testOf.get(compound);
    if (test === undefined) {
      test = testFor(compound);
      testOf.set(compound, test);
    }
    return test(element);
  };

  const parsed = (selectors) => {
    let chains = chainsOf.get(selectors);
    if (chains === undefined) {
      chains = __splitTopLevel(selectors.trim(), (character) => character === ",")
        .map(([selector]) => __parseComplex(selector.trim()))
        .filter((chain) => chain.length > 0);
      chainsOf.set(selectors, chains);
    }
    return chains;
  };
  const matchesChain = (element, chain) => __matchesChain(element, chain, chain.length - 1);

  globalThis.__matches = (element, selectors) =>
    parsed(selectors).some((chain) => matchesChain(element, chain));

  // property -> what an element must have to match -> [{ order, chain, value }], by order
  const indexOf = new WeakMap();
  const requirement = (chain) => {
    const compound = chain.at(-1).compound.replace(/:not\([^()]*\)|\[[^\]]*\]/g, "");
    return /[.#][\w-]+/.exec(compound)?.[0] ?? "";
  };
  const indexed = (rules) => {
    const index = new Map();
    let order = 0;
    for (const { selectors, decls } of rules) {
      for (const chain of parsed(selectors)) {
        order += 1;
        for (const [property, value] of Object.entries(decls)) {
          if (!index.has(property)) index.set(property, new Map());
          const entries = index.get(property);
          const key = requirement(chain);
          if (!entries.has(key)) entries.set(key, []);
          entries.get(key).push({ order, chain, value });
        }
      }
    }
    return index;
  };

  // Within one getBBox() the same ancestors are asked again and again; any change forgets it all.
  let answers = new Map();
  for (const [prototype, names] of [
    [Element.prototype, ["setAttribute", "removeAttribute"]],
    [Node.prototype, ["appendChild", "insertBefore", "removeChild"]],
  ]) {
    for (const name of names) {
      const change = prototype[name];
      prototype[name] = function (...parts) {
        if (answers.size > 0) answers = new Map();
        return change.apply(this, parts);
      };
    }
  }

  globalThis.__resolveCssProp = (element, property) => {
    let known = answers.get(element);
    if (known === undefined) {
      known = new Map();
      answers.set(element, known);
    }
    if (!known.has(property)) known.set(property, resolve(element, property));
    return known.get(property);
  };
  const resolve = (element, property) => {
    const rules = __getCssRules();
    if (!indexOf.has(rules)) indexOf.set(rules, indexed(rules));
    const entries = indexOf.get(rules).get(property);
    if (entries === undefined) return null;
    const classes = (element.getAttribute("class") ?? "").split(/\s+/).map((name) => `.${name}`);
    let last = { order: 0, value: null };
    for (const key of ["", `#${element.getAttribute("id")}`, ...classes]) {
      const candidates = entries.get(key) ?? [];
      for (let i = candidates.length - 1; i >= 0 && candidates[i].order > last.order; i -= 1) {
        if (matchesChain(element, candidates[i].chain)) last = candidates[i];
      }
    }
    return last.value;
  };

  const firstMatch = (root, selectors) => {
    for (const child of root.childNodes) {
      if (child.nodeType !== 1) continue;
      if (__matches(child, selectors)) return child;
      const found = firstMatch(child, selectors);
      if (found) return found;
    }
    return null;
  };
  // The style sheet is asked for at every step of the above; it stays where it is while one draws.
  let styleSheet = null;
  globalThis.__querySelector = (root, selectors) => {
    if (root !== document || selectors !== "style") return firstMatch(root, selectors);
    if (styleSheet?.getRootNode() !== document) styleSheet = firstMatch(root, selectors);
    return styleSheet;
  };
})();

// Mermaid waits for the images in a label. None is ever loaded, so each reports that it cannot be;
// and an image that is a node counts as a square.
(() => {
  globalThis.Image ??= class Image {
    naturalWidth = 64;
    naturalHeight = 64;
    async decode() {}
  };

  const listen = Element.prototype.addEventListener;
  Element.prototype.addEventListener = function (type, listener) {
    listen.call(this, type, listener);
    if (type === "error" && this.tagName.toLowerCase() === "img") {
      setTimeout(() => listener.call(this, { type, target: this }));
    }
  };
})();

// There is no MathML here, and Mermaid writes that it is missing over each formula. The formula's
// own text says more.
(() => {
  const replace = String.prototype.replace;
  String.prototype.replace = function (pattern, replacement) {
    return replacement === "MathML is unsupported in this environment."
      ? replace.call(this, pattern, (_formula, tex) => tex)
      : replace.call(this, pattern, replacement);
  };

  // Sequence diagrams put a formula into the page to see how large it is.
  Element.prototype.insertAdjacentElement ??= function (place, element) {
    const before = { beforebegin: this, afterbegin: this.firstChild, afterend: this.nextSibling };
    const parent = place === "afterbegin" || place === "beforeend" ? this : this.parentNode;
    return parent.insertBefore(element, before[place] ?? null);
  };
  for (const [name, side] of [
    ["clientWidth", "width"],
    ["clientHeight", "height"],
  ]) {
    const { get: declared } = Object.getOwnPropertyDescriptor(Element.prototype, name);
    Object.defineProperty(Element.prototype, name, {
      configurable: true,
      get() {
        const isFormula = this.getAttribute("id") === "katex-temp";
        return isFormula ? this.getBoundingClientRect()[side] : declared.call(this);
      },
    });
  }
})();

// The same source gives the same bytes: chance comes from a fixed seed (mulberry32), and the
// clock stands still.
(() => {
  let state = 0x6e616961;
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };

  const RealDate = Date;
  RealDate.now = () => __naiadClockMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, parts) => new target(...(parts.length === 0 ? [__naiadClockMs] : parts)),
    apply: (target) => new target(__naiadClockMs).toString(),
  });
})();
