// Builds what is in vendor/, with checksums and licences: npm ci && npm run build
//
// The same lock file gives the same bytes. `node build.mjs FOLDER` writes elsewhere, to compare.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { drawing } from "./drawing.mjs";
import { licencesOf } from "./licences.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = resolve(process.argv[2] ?? join(here, "../../src/naiad/mermaid/vendor"));
const BUNDLE = "mermaid-parser.js";

const require = createRequire(import.meta.url);
const { dependencies } = require("./package.json");

const DRAWING_ONLY =
  /^(katex|roughjs|cytoscape|cytoscape-cose-bilkent|cytoscape-fcose|elkjs(\/.*)?)$/;
const FROM_CORE = ["Diagram", "cleanupText", "processAndSetConfigs"];
const FROM_CONFIG = ["directiveRegex", "matchFrontMatter", "setDiagramConfigScope"];

// Mermaid exports its parse() and none of the steps in it. The judge needs the steps, to know
// which text the parser saw, so they are exported here; not a line of them is changed.
const mermaidInternals = {
  name: "mermaid-internals",
  setup({ onResolve, onLoad }) {
    const core = join(here, "node_modules/mermaid/dist/mermaid.core.mjs");
    const source = readFileSync(core, "utf8");
    const config = /\bmatchFrontMatter\b[^}]*\} from "(\.\/chunks\/[^"]+)"/.exec(source);
    if (!config) {
      throw new Error(`${core} no longer imports matchFrontMatter: look where it went`);
    }
    onLoad({ filter: /mermaid[/\\]dist[/\\]mermaid\.core\.mjs$/ }, () => ({
      contents: `${source}\nexport { ${FROM_CORE.join(", ")} };\n`,
      loader: "js",
    }));
    onResolve({ filter: /^mermaid-internals$/ }, ({ path }) => ({ path, namespace: "internals" }));
    onLoad({ filter: /.*/, namespace: "internals" }, () => ({
      contents:
        `export { ${FROM_CORE.join(", ")} } from "mermaid/dist/mermaid.core.mjs";\n` +
        `export { ${FROM_CONFIG.join(", ")} } from "mermaid/dist/${config[1].slice(2)}";\n`,
      resolveDir: here,
      loader: "js",
    }));
  },
};

const stubs = {
  name: "stubs",
  setup({ onResolve }) {
    onResolve({ filter: DRAWING_ONLY }, () => ({ path: join(here, "src/not_for_parsing.js") }));
    onResolve({ filter: /^dompurify$/ }, () => ({ path: join(here, "src/no_sanitizer.js") }));
  },
};

const { outputFiles, metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["src/entry.js"],
  bundle: true,
  minify: true,
  format: "iife",
  platform: "browser",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  write: false,
  outfile: BUNDLE,
  logLevel: "warning",
  plugins: [mermaidInternals, stubs],
  define: {
    MERMAID_VERSION: JSON.stringify(dependencies.mermaid),
    ZENUML_VERSION: JSON.stringify(dependencies["@zenuml/core"]),
  },
});

const drawn = await drawing(here);
const files = { [BUNDLE]: outputFiles[0].contents, ...drawn.files };
const metafiles = [metafile, ...drawn.metafiles];

mkdirSync(vendor, { recursive: true });
const checksums = Object.entries(files).map(([name, contents]) => {
  writeFileSync(join(vendor, name), contents);
  return `${createHash("sha256").update(contents).digest("hex")}  ${name}\n`;
});
writeFileSync(join(vendor, "CHECKSUMS"), checksums.join(""));
writeFileSync(join(vendor, "LICENSES.txt"), licencesOf(metafiles, here));
console.log(checksums.join(""));
