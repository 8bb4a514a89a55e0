// One reader a family: what its renderer reads of its database, without what only the renderer
// adds. A family that is not named here is read by its getters, so that a new one is not blank.

import { parse as parseWithLangium } from "@mermaid-js/parser";
import { plain } from "./plain_facts.js";
import { zenumlStructure } from "./zenuml_structure.js";

// The same for every diagram of a type, or worked out from the facts that stay.
const NOT_FROM_THE_TEXT = [
  "arrowheadStyle",
  "centerLabel",
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
// Getters that tell of the parser's own affairs, or the same as the readers of every family.
const NOT_DRAWN =
  /^get(Acc(Title|Description)|DiagramTitle|Config|Logger|Tooltip|DiagramId|Head|Current.*|Parent.*|Version|CommonDb|Count|IndentMode)$/;

const facts = (value, ...dropped) => plain(value, new Set([...NOT_FROM_THE_TEXT, ...dropped]));

/** Names instead of numbers: {SOLID: 0} turns 0 into "SOLID". */
const nameIn = (numbers, number) =>
  Object.keys(numbers).find((name) => numbers[name] === number) ?? number;

// A label in quotes and one without are drawn alike; one in Markdown is not.
const drawnLabel = ({ labelType, ...rest }) =>
  labelType === "markdown" ? { ...rest, labelType } : rest;

/** The nodes and edges that the layouts of many families take. */
function graph(db) {
  const { nodes, edges, direction, other } = db.getData();
  const edge = (each) => facts(drawnLabel(each), ...(each.isUserDefinedId ? [] : ["id"]));
  return {
    direction: direction ?? db.getDirection?.(),
    nodes: facts(nodes.map(drawnLabel)),
    edges: edges.map(edge),
    other: facts(other),
    classes: facts(db.getClasses?.() ?? []),
  };
}

/** `graph` with other ids: `renamed(id)` for every id that a node or an edge names. */
function renamedGraph({ nodes, edges, ...rest }, renamed) {
  const node = ({ id, parentId, ...others }) => ({
    ...others,
    id: renamed(id),
    parentId: parentId && renamed(parentId),
  });
  const edge = ({ start, end, ...others }) => ({
    ...others,
    start: start && renamed(start),
    end: end && renamed(end),
  });
  return { ...rest, nodes: nodes.map(node), edges: edges.map(edge) };
}

// The ids that Mermaid makes up for concurrent regions (of chance and of how many it ever made)
// and for notes (of how many states there are).
const MADE_UP_STATE = /\b(?:id-[0-9a-z]+-|divider-id-|note-)\d+/g;
// These are labelled with their id, which is not drawn.
const UNLABELLED_STATE = /^(stateStart|stateEnd|divider|fork|join|choice)$/;

/** Made-up ids get the number of their first appearance. */
function stateDiagram(db) {
  const numbers = new Map();
  const numbered = (madeUp) => {
    numbers.set(madeUp, numbers.get(madeUp) ?? `${madeUp.split("-")[0]}-${numbers.size}`);
    return numbers.get(madeUp);
  };
  const { nodes, ...rest } = renamedGraph(graph(db), (id) => id.replace(MADE_UP_STATE, numbered));
  const drawn = nodes.map(({ label, ...node }) =>
    UNLABELLED_STATE.test(node.shape) ? node : { ...node, label },
  );
  return { ...rest, nodes: drawn, links: facts(db.getLinks()) };
}

function erDiagram(db) {
  const names = new Map([...db.getEntities()].map(([name, { id }]) => [id, name]));
  return renamedGraph(graph(db), (id) => names.get(id) ?? id);
}

function classDiagram(db) {
  const drawn = (members) => members.map((member) => facts(member.getDisplayDetails()));
  const { nodes, ...rest } = graph(db);
  const boxes = nodes.map((node) => {
    const box = db.classes.get(node.id);
    const isBox = box !== undefined && node.members !== null && node.shape === "classBox";
    return isBox ? { ...node, members: drawn(box.members), methods: drawn(box.methods) } : node;
  });
  return { ...rest, nodes: boxes, classes: facts(db.styleClasses) };
}

function requirement(db) {
  const { nodes, ...rest } = graph(db);
  return { ...rest, nodes: facts(nodes, "name", "cssClasses") };
}

function sequence(db) {
  const message = ({ type, placement, centralConnection, ...rest }) => ({
    ...facts(rest, "id"),
    type: nameIn(db.LINETYPE, type),
    placement: placement === undefined ? null : nameIn(db.PLACEMENT, placement),
    centralConnection: centralConnection ? nameIn(db.LINETYPE, centralConnection) : null,
  });
  const notFacts = ["actorCnt", "box", "name", "nextActor", "prevActor", "rectData"];
  return {
    actors: facts(db.getActors(), ...notFacts),
    boxes: facts(db.getBoxes()),
    created: facts(db.getCreatedActors()),
    destroyed: facts(db.getDestroyedActors()),
    messages: db.getMessages().map(message),
  };
}

function gitGraph(db) {
  return {
    direction: db.getDirection(),
    branches: db.getBranchesAsObjArray().map(({ name }) => name),
    commits: db.getCommitsArray().map((commit) => ({
      ...facts(commit),
      type: nameIn(db.commitType, commit.type),
    })),
    options: facts(db.getOptions()),
  };
}

/** C4 wraps each text in an object of its own. */
function unwrapped(fact) {
  if (fact === null || typeof fact !== "object") {
    return fact;
  }
  if (Array.isArray(fact)) {
    return fact.map(unwrapped);
  }
  const keys = Object.keys(fact);
  return keys.length === 1 && keys[0] === "text"
    ? fact.text
    : Object.fromEntries(keys.map((key) => [key, unwrapped(fact[key])]));
}

function c4(db) {
  return unwrapped({
    kind: db.getC4Type(),
    title: db.getTitle(),
    shapes: facts(db.getC4ShapeArray()),
    boundaries: facts(db.getBoundaries()),
    relations: facts(db.getRels()),
    shapesInRow: db.getC4ShapeInRow(),
    boundariesInRow: db.getC4BoundaryInRow(),
  });
}

// The database has no getter for the day that its weekend begins with.
const aFriday = { isoWeekday: () => 5, format: () => "" };

function gantt(db) {
  const excludes = db.getExcludes();
  // Dates worked out, not how they were given: `5d` and the day itself are the same bar.
  const given = ["manualEndTime", "order", "prevTaskId", "processed", "raw", "type"];
  return {
    ...byGetters(db),
    tasks: db.getTasks().map((task) => facts(task, ...given)),
    fridayIsWeekend:
      excludes.includes("weekends") && db.isInvalidDate(aFriday, "", ["weekends"], []),
    inclusiveEndDates: db.endDatesAreInclusive(),
    topAxis: db.topAxisEnabled(),
  };
}

function journey(db) {
  return { sections: facts(db.getSections()), tasks: facts(db.getTasks(), "type") };
}

function timeline(db) {
  return {
    ...common(db.getCommonDb()),
    direction: db.getDirection(),
    sections: facts(db.getSections()),
    tasks: facts(db.getTasks(), "id", "score", "type"),
  };
}

/** Title and accessible texts, which every family keeps alike. */
export const common = (db) => ({
  title: db.getDiagramTitle?.(),
  accTitle: db.getAccTitle?.(),
  accDescription: db.getAccDescription?.(),
});

/** The tree alone: neither the indent that made it nor its ids are drawn. */
function mindmap(db) {
  const node = ({ type, children = [], ...rest }) => ({
    ...rest,
    shape: nameIn(db.nodeType, type),
    children: children.map(node),
  });
  const root = db.getMindmap();
  return root ? { root: node(facts(root, "id", "isRoot", "level", "nodeId", "width")) } : {};
}

/** Sections, each before its items, as they are drawn. */
function kanban(db) {
  const { nodes } = db.getData();
  return { nodes: nodes.map((node) => facts(node, "id", "level", "parentId")) };
}

// Spaces and blocks without a name get one of chance and a counter.
const MADE_UP_BLOCK = /^id-[0-9a-z]+-\d+(-\d+)?$/;

const withoutMadeUp = ({ children = [], ...block }) => ({
  ...Object.fromEntries(Object.entries(block).filter(([, fact]) => !MADE_UP_BLOCK.test(fact))),
  children: children.map(withoutMadeUp),
});

function block(db) {
  return {
    blocks: facts(db.getBlocks()).map(withoutMadeUp),
    columns: db.getColumns("root"),
    edges: db.getEdges().map((edge) => facts(edge, "id")),
    classes: facts(db.getClasses()),
  };
}

function architecture(db) {
  return {
    groups: facts(db.getGroups()),
    nodes: facts(db.getNodes(), "edges"),
    edges: facts(db.getEdges()),
    hints: facts(db.getLayoutHints()),
  };
}

/** Where the texts lie follows from which there are; a text's own style does not. */
function quadrantChart(db) {
  const { points, quadrants, axisLabels } = db.getQuadrantData();
  const point = ({ text, ...rest }) => ({ ...facts(rest), text: text.text });
  return {
    points: points.map(point),
    quadrants: quadrants.map(({ text }) => text.text),
    axes: axisLabels.map(({ text, x, y }) => ({ text, x, y })),
  };
}

function xychart(db) {
  return {
    chart: facts(db.getXYChartData(), "fill", "strokeFill"),
    orientation: db.getChartConfig().chartOrientation,
  };
}

function treeView(db) {
  return { root: facts(db.getRoot(), "id", "level") };
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
  const kept = Object.keys(node).filter((key) => !key.startsWith("$"));
  const tree = Object.fromEntries(kept.map((key) => [key, langiumTree(node[key])]));
  return { kind: node.$type, ...tree };
}

/** Its database measures text in a page; its tree holds all that the database works with. */
async function eventModeling(_db, text) {
  return { tree: langiumTree(await parseWithLangium("eventmodeling", text)) };
}

/** Whatever the getters without arguments give. */
function byGetters(db) {
  const names = new Set();
  for (let each = db; each && each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    Object.getOwnPropertyNames(each).forEach((name) => names.add(name));
  }
  const found = {};
  for (const name of [...names].sort()) {
    const getter = db[name];
    const reads = /^get[A-Z]/.test(name) && typeof getter === "function" && getter.length === 0;
    if (reads && !NOT_DRAWN.test(name)) {
      found[name[3].toLowerCase() + name.slice(4)] = facts(getter.call(db));
    }
  }
  return found;
}

const READERS = {
  agentflow: graph,
  architecture,
  block,
  c4,
  class: classDiagram,
  classDiagram,
  er: erDiagram,
  eventmodeling: eventModeling,
  flowchart: graph,
  "flowchart-elk": graph,
  "flowchart-v2": graph,
  gantt,
  gitGraph,
  journey,
  kanban,
  mindmap,
  quadrantChart,
  requirement,
  sankey: (db) => facts(db.getGraph()),
  sequence,
  state: stateDiagram,
  stateDiagram,
  swimlane: graph,
  timeline,
  treemap: (db) => ({ root: facts(db.getRoot()), classes: facts(db.getClasses()) }),
  treeView,
  usecase: graph,
  xychart,
  zenuml: (_db, text) => zenumlStructure(text),
};

/** The reader of Mermaid's diagram type `type`: (db, text) => facts. */
export const readerOf = (type) => READERS[type] ?? byGetters;
