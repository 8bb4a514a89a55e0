import "./entry.js";
import { Diagram, processAndSetConfigs, setDiagramConfigScope } from "mermaid-internals";
globalThis.explore = async (source) => {
  const { code } = processAndSetConfigs(source);
  const d = await Diagram.fromText({ ...code, frontmatterLineOffset: 0 });
  return { db: d.db, type: d.type, d };
};
