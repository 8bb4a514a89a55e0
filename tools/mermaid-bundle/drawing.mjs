// What draws: mermaid.min.js as npm serves it, and zenuml-renderer.js made here.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

// Cloud icons load on demand, and neither Mermaid's ZenUML plugin nor ours demands them.
const noCloudIcons = {
  name: "no-cloud-icons",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/cloud-icons-[^/]*\.js$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "none", namespace: "no-icons" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "no-icons" }, () => ({
      contents: "export const cloudIcons = {};",
    }));
  },
};

/** {files: {name: contents}, metafiles}: what to vendor, and the lists of what it is made of. */
export async function drawing(here) {
  const common = {
    absWorkingDir: here,
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    metafile: true,
    write: false,
    outfile: "drawing.js",
    logLevel: "warning",
  };
  const zenuml = await build({
    ...common,
    entryPoints: ["src/zenuml_drawing.js"],
    plugins: [noCloudIcons],
  });
  // Thrown away but for its list of files: the packages that are in mermaid.min.js.
  const mermaid = await build({
    ...common,
    stdin: { contents: 'import mermaid from "mermaid"; mermaid.run();', resolveDir: here },
  });
  return {
    files: {
      "mermaid.min.js": readFileSync(join(here, "node_modules/mermaid/dist/mermaid.min.js")),
      "zenuml-renderer.js": zenuml.outputFiles[0].contents,
    },
    metafiles: [zenuml.metafile, mermaid.metafile],
  };
}
