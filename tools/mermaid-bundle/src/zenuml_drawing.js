// ZenUML for the drawing page: an external diagram of Mermaid, like its own ZenUML plugin.
//
// @zenuml/core draws the SVG itself; the plugin only puts it into Mermaid's element. This does
// the same with the very version of @zenuml/core that the judge parses with.

import { renderToSvg } from "@zenuml/core";

const KEYWORD = /^\s*zenuml/;
// The embedded font is dropped with every other foreign resource, so name the one measured with.
const EMBEDDED_FONT = /"IBM Plex Sans", Helvetica, Verdana, serif/g;

const diagram = {
  db: { clear: () => {} },
  parser: { parse: () => {} },
  styles: () => "",
  renderer: {
    draw(text, id) {
      const { innerSvg, width, height, viewBox } = renderToSvg(text.replace(KEYWORD, ""));
      const svg = document.querySelector(`#${id}`);
      svg.setAttribute("width", String(width));
      svg.setAttribute("height", String(height));
      svg.setAttribute("viewBox", viewBox);
      svg.innerHTML = innerSvg.replace(EMBEDDED_FONT, globalThis.__naiadFontStack);
    },
  },
};

const id = "zenuml";
globalThis.__naiadReady = mermaid.registerExternalDiagrams([
  { id, detector: (text) => KEYWORD.test(text), loader: async () => ({ id, diagram }) },
]);
