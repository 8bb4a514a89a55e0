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
