// What a diagram's database says of the drawing: the facts that two texts which draw the same
// have in common.

import { parse as parseWithLangium } from "@mermaid-js/parser";
import mermaid from "mermaid";
import { setDiagramConfigScope } from "mermaid-internals";
import { plain } from "./plain_facts.js";
import { zenumlStructure } from "./zenuml_structure.js";

// The same for every diagram, numbered by position, or worked out from the other facts.
const DERIVED = [
  "arrowheadStyle",
  "colorIndex",
  "config",
  "diagramId",
  "domId",
  "labelpos",
  "look",
  "minWidth",
  "padding",
  "rx",
  "ry",
  "wrappingWidth",
];
// Getters that tell of the parser's own affairs.
const NOT_DRAWN = /^get(Config|Logger|Tooltip|DiagramId|Head|Current.*|Parent.*|Version|CommonDb|Mapping.*|Element.*Mappings|Diagnostics)$/;
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

const plainly = (value, ...dropped) => plain(value, new Set([...DERIVED, ...dropped]));

// A label in quotes and one without are drawn alike; Markdown is not.
const draws = ({ labelType, ...rest }) =>
  labelType === "markdown" ? { ...rest, labelType } : rest;

/** Names instead of numbers: {SOLID: 0} turns 0 into "SOLID". */
const nameIn = (numbers, number) =>
  Object.keys(numbers).find((name) => numbers[name] === number) ?? number;

const classesOf = (db) => plainly(db.getClasses?.() ?? [], "id");

/** The nodes and edges that the renderers of one family after the other lay out. */
function graph(db) {
  const { nodes, edges, direction, other } = db.getData();
  const edge = (each) => plainly(draws(each), ...(each.isUserDefinedId ? [] : ["id"]));
  return {
    direction: direction ?? db.getDirection?.(),
    nodes: plainly(nodes.map(draws)),
    edges: edges.map(edge),
    other: plainly(other),
    classes: classesOf(db),
  };
}

// The ids that Mermaid makes up for concurrent regions (of chance and of how many it ever made)
// and for notes (of how many states there are).
const NUMBERED = /\b(?:id-[0-9a-z]+-|divider-id-|note-)\d+/g;

/** Made-up ids get the number of their first appearance. */
function stateDiagram(db) {
  const numbers = new Map();
  const renumbered = (id) =>
    id?.replace(NUMBERED, (madeUp) => {
      numbers.set(madeUp, numbers.get(madeUp) ?? `${madeUp.split("-")[0]}-${numbers.size}`);
      return numbers.get(madeUp);
    });
  const { nodes, edges, ...rest } = graph(db);
  return {
    ...rest,
    nodes: nodes.map(({ id, parentId, label, ...facts }) => ({
      ...facts,
      id: renumbered(id),
      parentId: renumbered(parentId),
      // A start, an end and a region are labelled with their id, which is not drawn.
      label: /^(stateStart|stateEnd|divider|fork|join|choice)$/.test(facts.shape) ? null : label,
    })),
    edges: edges.map(({ start, end, ...facts }) => ({
      ...facts,
      start: renumbered(start),
      end: renumbered(end),
    })),
  };
}

function classDiagram(db) {
  const members = (list) => list.map((member) => plainly(member.getDisplayDetails()));
  const { nodes, ...rest } = graph(db);
  const named = nodes.map((node) => {
    const box = db.classes.get(node.id);
    return box === undefined || node.shape !== "classBox"
      ? node
      : { ...node, members: members(box.members), methods: members(box.methods) };
  });
  return { nodes: named, ...rest };
}

function sequence(db) {
  const messages = db.getMessages().map((message) => ({
    ...plainly(message, "id"),
    type: nameIn(db.LINETYPE, message.type),
  }));
  return {
    actors: plainly(db.getActors(), "actorCnt", "box", "name", "nextActor", "prevActor", "rectData"),
    boxes: plainly(db.getBoxes()),
    created: plainly(db.getCreatedActors()),
    destroyed: plainly(db.getDestroyedActors()),
    messages,
  };
}

function gitGraph(db) {
  return {
    direction: db.getDirection(),
    branches: db.getBranchesAsObjArray().map(({ name }) => name),
    commits: plainly(db.getCommitsArray()).map((commit) => ({
      ...commit,
      type: nameIn(db.commitType, commit.type ?? 0),
    })),
    options: plainly(db.getOptions()),
  };
}

function c4(db) {
  return {
    kind: db.getC4Type(),
    title: db.getTitle(),
    shapes: plainly(db.getC4ShapeArray()),
    boundaries: plainly(db.getBoundaries()),
    relations: plainly(db.getRels()),
    shapesInRow: db.getC4ShapeInRow(),
    boundariesInRow: db.getC4BoundaryInRow(),
  };
}

function gantt(db) {
  return {
    ...byGetters(db),
    tasks: db.getTasks().map((task) => plainly(task, "processed", "raw", "type")),
    inclusiveEndDates: db.endDatesAreInclusive(),
    topAxis: db.topAxisEnabled(),
  };
}

/** One list of what the tree holds: the indent that made it is not drawn. */
function mindmap(db) {
  return { root: plainly(db.getMindmap(), "id", "level", "nodeId", "section", "width") };
}

function kanban(db) {
  const { nodes } = db.getData();
  return { nodes: nodes.map((node) => plainly(node, "id", "level", "parentId")) };
}

// Spaces and blocks without a name get one of chance and a counter.
const MADE_UP = /^id-[0-9a-z]+-\d+(-\d+)?$/;

const withoutMadeUp = ({ children = [], ...facts }) => ({
  ...Object.fromEntries(Object.entries(facts).filter(([, fact]) => !MADE_UP.test(fact))),
  children: children.map(withoutMadeUp),
});

function block(db) {
  return {
    blocks: plainly(db.getBlocks()).map(withoutMadeUp),
    columns: db.getColumns("root"),
    edges: db.getEdges().map((edge) => plainly(edge, "id")),
    classes: classesOf(db),
  };
}

function architecture(db) {
  return {
    groups: plainly(db.getGroups()),
    nodes: plainly(db.getNodes(), "edges"),
    edges: plainly(db.getEdges()),
    hints: plainly(db.getLayoutHints()),
  };
}

function quadrant(db) {
  const colours = ["fill", "strokeFill"];
  return { drawing: plainly(db.getQuadrantData(), ...colours) };
}

function xychart(db) {
  return { chart: plainly(db.getXYChartData(), "fill", "strokeFill") };
}

function timeline(db) {
  return {
    direction: db.getDirection(),
    sections: plainly(db.getSections()),
    tasks: plainly(db.getTasks(), "id", "score", "type"),
  };
}

/** Its database measures text in a page; its tree holds all that the database works with. */
async function eventModeling(_db, text) {
  return { tree: langiumTree(await parseWithLangium("eventmodeling", text)) };
}

// Langium hangs the parser's own nodes on properties that begin with `$`.
function langiumTree(node) {
  if (Array.isArray(node)) {
    return node.map(langiumTree);
  }
  if (node === null || typeof node !== "object") {
    return node;
  }
  if (typeof node.$refText === "string") {
    return node.$refText;
  }
  const facts = Object.keys(node)
    .filter((key) => !key.startsWith("$") || key === "$type")
    .map((key) => [key === "$type" ? "kind" : key, langiumTree(node[key])]);
  return Object.fromEntries(facts);
}

/** For a family without a reader of its own: whatever the getters without arguments give. */
function byGetters(db) {
  const facts = {};
  const names = new Set();
  for (let each = db; each && each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    Object.getOwnPropertyNames(each).forEach((name) => names.add(name));
  }
  for (const name of [...names].sort()) {
    const getter = db[name];
    const reads = /^get[A-Z]/.test(name) && typeof getter === "function" && getter.length === 0;
    if (reads && !NOT_DRAWN.test(name)) {
      facts[name[3].toLowerCase() + name.slice(4)] = plainly(getter.call(db));
    }
  }
  return facts;
}

const READERS = {
  agentflow: graph,
  architecture,
  block,
  c4,
  classDiagram,
  er: graph,
  eventmodeling: eventModeling,
  "flowchart-elk": graph,
  "flowchart-v2": graph,
  gantt,
  gitGraph,
  kanban,
  mindmap,
  quadrantChart: quadrant,
  requirement: graph,
  sequence,
  stateDiagram,
  swimlane: graph,
  timeline,
  usecase: graph,
  xychart,
  zenuml: (_db, text) => zenumlStructure(text),
};

const common = (db) => ({
  title: db.getDiagramTitle?.(),
  accTitle: db.getAccTitle?.(),
  accDescription: db.getAccDescription?.(),
});

/** Leaves of `own` that differ from what holds without them. */
function changed(own, base) {
  const facts = {};
  for (const key of Object.keys(own)) {
    const inner = own[key];
    const isRecord = inner !== null && typeof inner === "object" && !Array.isArray(inner);
    if (isRecord) {
      facts[key] = changed(inner, base?.[key] ?? {});
    } else if (JSON.stringify(inner) !== JSON.stringify(base?.[key])) {
      facts[key] = inner;
    }
  }
  return facts;
}

/** What front matter and directives change of how this type is drawn by default. */
function configFacts(own, type) {
  mermaid.mermaidAPI.reset();
  setDiagramConfigScope(type);
  const drawing = Object.fromEntries(
    Object.entries(own ?? {}).filter(([key]) => !NOT_HOW.has(key)),
  );
  return plain(changed(drawing, mermaid.mermaidAPI.getConfig()));
}

/** The facts of a parsed diagram; `config` is what its own text set. */
export async function structureOf(diagram, config) {
  const read = READERS[diagram.type] ?? byGetters;
  const facts = { ...common(diagram.db), ...(await read(diagram.db, diagram.text)) };
  return plain({ ...facts, config: configFacts(config, diagram.type) });
}
