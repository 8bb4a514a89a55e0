// What a diagram's database says of the drawing: the facts that two texts which draw the same
// have in common.

import mermaid from "mermaid";
import { setDiagramConfigScope } from "mermaid-internals";
import { plain, saysNothing } from "./plain_facts.js";
import { common, readerOf } from "./structure_readers.js";

// Settings that decide whether a diagram is drawn, never how.
const NOT_HOW = new Set([
  "logLevel",
  "maxEdges",
  "maxTextSize",
  "secure",
  "securityLevel",
  "startOnLoad",
  "suppressErrorRendering",
]);

const isRecord = (value) =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** What of `own` differs from what holds without it; a setting to false differs, too. */
function changed(own, base) {
  const settings = {};
  for (const key of Object.keys(own).sort()) {
    if (isRecord(own[key])) {
      const inner = changed(own[key], isRecord(base?.[key]) ? base[key] : {});
      if (!saysNothing(inner)) {
        settings[key] = inner;
      }
    } else if (JSON.stringify(own[key]) !== JSON.stringify(base?.[key])) {
      settings[key] = own[key];
    }
  }
  return settings;
}

/** What front matter and directives change of how this type is drawn by default. */
function ownConfig(own, type) {
  if (saysNothing(own)) {
    return {};
  }
  mermaid.mermaidAPI.reset();
  setDiagramConfigScope(type);
  const drawing = Object.entries(own).filter(([key]) => !NOT_HOW.has(key));
  return changed(Object.fromEntries(drawing), mermaid.mermaidAPI.getConfig());
}

/** The facts of a parsed diagram as JSON; `own` is the configuration in its own text. */
export async function structureOf({ type, db, text }, own) {
  const facts = await readerOf(type)(db, text);
  const config = ownConfig(own, type);
  return {
    ...plain({ ...common(db), ...facts }),
    ...(saysNothing(config) ? {} : { config }),
  };
}
