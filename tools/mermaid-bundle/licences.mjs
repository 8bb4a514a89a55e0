// The licence of every package with code in the bundle.
//
// esbuild's metafile names the files that went in. Mermaid's own files have other packages
// inlined already; their source maps name those.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const LICENCE_FILE = /^(licen[cs]e|copying)(\.(md|txt))?$/i;

/** `node_modules/a/node_modules/@b/c/x.js` -> its last package, `@b/c`, and where it lies. */
function packageOf(path) {
  const match = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(path);
  return match ? { folder: match[1], name: match[2] } : null;
}

/** `../../node_modules/.pnpm/js-yaml@4.3.2/node_modules/js-yaml/x.js` -> js-yaml 4.3.2. */
function inlinedIn(file, folder) {
  if (!existsSync(`${file}.map`)) {
    // @zenuml/core is published bundled and without maps: all that it depends on counts.
    const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const bundled = file.endsWith("zenuml.esm.mjs") ? dependencies : {};
    return Object.keys(bundled).map((name) => ({ name }));
  }
  const { sources } = JSON.parse(readFileSync(`${file}.map`, "utf8"));
  return sources.flatMap((source) => {
    const found = packageOf(source);
    const version = /\.pnpm\/(?:@[^+/]+\+)?[^@/]+@([^_/]+)/.exec(source)?.[1];
    return found ? [{ name: found.name, version }] : [];
  });
}

function licenceText(root, folder, name) {
  const file = readdirSync(folder).find((entry) => LICENCE_FILE.test(entry));
  // Two packages are published without the file; it is copied from their repositories.
  const path = file ? join(folder, file) : join(root, "licences", `${name}.txt`);
  return readFileSync(path, "utf8").replace(/\r\n?/g, "\n").trim();
}

export function licencesOf(metafiles, root) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.entries(Object.values(outputs)[0].inputs),
  );
  const packages = new Map();
  const add = (folder, name, version) => {
    const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const text = licenceText(root, folder, name);
    packages.set(`${name} ${version ?? about.version}`, { licence: about.license ?? "licence below", text });
  };
  for (const [path, { bytesInOutput }] of inputs) {
    const found = packageOf(path);
    if (!found || bytesInOutput === 0) {
      continue;
    }
    add(join(root, found.folder), found.name);
    for (const { name, version } of inlinedIn(join(root, path), join(root, found.folder))) {
      add(join(root, "node_modules", name), name, version);
    }
  }
  const rule = "=".repeat(80);
  const entries = [...packages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { licence, text }]) => `${rule}\n${name} (${licence})\n${rule}\n\n${text}\n`);
  return (
    "The scripts in this folder hold code of these packages. tools/mermaid-bundle makes them;\n" +
    "mermaid.min.js is npm's mermaid/dist/mermaid.min.js, byte for byte.\n\n" +
    entries.join("\n")
  );
}
