// The script that Naiad's judge runs: globalThis.naiad, with check(), answer and versions.

import "./dom_shims.js";
import mermaid from "mermaid";
import { Diagram, processAndSetConfigs, setDiagramConfigScope } from "mermaid-internals";
import { validate as validateZenuml } from "@zenuml/core/parser";
import { frontMatterLine, originalLines } from "./original_lines.js";
import { antlrProblem, problemsOf } from "./problems.js";
import { withoutChance } from "./chance.js";
import { structureOf } from "./structure.js";

const MERMAID = `mermaid ${MERMAID_VERSION}`;
const ZENUML = `@zenuml/core ${ZENUML_VERSION}`;
// Parsing a diagram's beginnings to find the line of an error costs a parse each.
const MAX_LINES_TO_LOCATE = 2000;
// After the first few, the rest is the parser failing to find its feet again.
const MAX_PROBLEMS = 50;

class ZenumlErrors extends Error {
  constructor(details) {
    super("ZenUML syntax errors");
    this.details = details;
  }
}

// Mermaid's own ZenUML plugin parses nothing. Its renderer hands everything behind the
// keyword to @zenuml/core, and so does this parser.
const zenuml = {
  db: { clear: () => {} },
  renderer: { draw: () => {} },
  styles: () => "",
  parser: {
    parse: (text) => {
      const { errorDetails } = validateZenuml(text.replace(/^\s*zenuml/, ""));
      if (errorDetails.length > 0) {
        throw new ZenumlErrors(errorDetails);
      }
    },
  },
};

mermaid.registerExternalDiagrams([
  {
    id: "zenuml",
    detector: (text) => /^\s*zenuml/.test(text),
    loader: async () => ({ id: "zenuml", diagram: zenuml }),
  },
]);
// Its log would tell every diagram's errors twice.
mermaid.initialize({ startOnLoad: false, logLevel: "fatal" });

/**
 * Mermaid's `parse`, step by step, so that the text its parser saw is known on failure.
 * Like `parse` it begins by resetting the configuration: nothing of one diagram, not even its
 * directives, reaches the next. `read` is given the diagram while its configuration still holds.
 */
async function parse(source, read = null) {
  const seen = { text: null, withComments: false, type: null };
  try {
    const { code, config: own, title } = processAndSetConfigs(source);
    seen.text = code.cleaned;
    const config = mermaid.mermaidAPI.getConfig();
    seen.type = mermaid.detectType(code.cleaned, config);
    const text = {
      ...code,
      // Line numbers are put right here, for all diagrams alike.
      frontmatterLineOffset: 0,
      // Read only for the few diagrams whose parsers want the comments too.
      get withComments() {
        if (code.withComments.length <= config.maxTextSize) {
          seen.text = code.withComments;
          seen.withComments = true;
        }
        return code.withComments;
      },
    };
    // The title of the front matter is drawn, and no parser asks for it.
    const diagram = await Diagram.fromText(text, read === null ? {} : { title });
    await read?.(diagram, own);
    return { seen, error: null };
  } catch (error) {
    return { seen, error: error ?? "the parser refused it" };
  } finally {
    setDiagramConfigScope(undefined);
  }
}

/** What is wrong, with lines of the text the parser saw. */
function found(seen, error) {
  if (error instanceof ZenumlErrors) {
    return error.details.map(antlrProblem);
  }
  if (error?.name === "UnknownDiagramError") {
    const [first] = seen.text.split("\n", 1);
    return [{ line: 1, message: `\`${first.slice(0, 80)}\` begins no diagram type it knows` }];
  }
  return problemsOf(error);
}

/**
 * The line at which an error without one arises: the first line that, as the last, brings the
 * same message. Semantic checks (an unknown branch, a second root) name no line themselves.
 */
async function locate(seen, message) {
  const lines = seen.text.split("\n");
  const failsAlike = async (count) => {
    const { error } = await parse(lines.slice(0, count).join("\n"));
    return error !== null && problemsOf(error)[0].message === message;
  };
  if (lines.length > MAX_LINES_TO_LOCATE || !(await failsAlike(lines.length))) {
    return null;
  }
  let [low, high] = [0, lines.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    [low, high] = (await failsAlike(middle)) ? [low, middle] : [middle, high];
  }
  return high;
}

async function problems(source, seen, error) {
  const judge = error instanceof ZenumlErrors ? ZENUML : MERMAID;
  if (seen.text === null) {
    // Only front matter that is not YAML stops Mermaid before it has a text to parse.
    const line = error.mark ? frontMatterLine(source, error.mark.line) : null;
    return [{ line, message: `front matter: ${error.reason ?? error}`, judge }];
  }
  const lines = originalLines(source, seen.text, seen.withComments);
  const all = found(seen, error);
  if (all.length === 1 && all[0].line === null) {
    all[0].line = await locate(seen, all[0].message);
  }
  // "Line 9" of eight lines is the parser's way to say that the text ended too early.
  const last = seen.text.trimEnd().split("\n").length;
  return all.slice(0, MAX_PROBLEMS).map(({ line, message }) => ({
    line: line === null || lines === null ? null : lines[Math.min(line, last) - 1],
    message,
    judge,
  }));
}

async function judged(source) {
  const { seen, error } = await parse(source);
  return {
    type: seen.type,
    problems: error === null ? [] : await problems(source, seen, error),
  };
}

/** The verdict, and where there is no problem the facts of the drawing: both from one parse. */
async function judgedAndRead(source) {
  let structure = null;
  let unreadable = null;
  const read = async (diagram, own) => {
    try {
      structure = await structureOf(diagram, own);
    } catch (error) {
      unreadable = String(error?.message ?? error);
    }
  };
  const { seen, error } = await withoutChance(() => parse(source, read));
  if (error !== null) {
    return { type: seen.type, problems: await problems(source, seen, error) };
  }
  return { type: seen.type, problems: [], structure, unreadable };
}

globalThis.naiad = {
  versions: { mermaid: MERMAID_VERSION, zenuml: ZENUML_VERSION },
  /**
   * JSON of the last check's {type, problems: [{line, message, judge}]}, and if it was asked for
   * `structure`, or in `unreadable` why a diagram that parses has none; null until then.
   */
  answer: null,
  /** Starts a check; `answer` is there once the pending promises have run. */
  check(source, { structure = false } = {}) {
    globalThis.naiad.answer = null;
    (structure ? judgedAndRead : judged)(source).then(
      (answer) => {
        globalThis.naiad.answer = JSON.stringify(answer);
      },
      (error) => {
        globalThis.naiad.answer = JSON.stringify({ failure: String(error?.stack ?? error) });
      },
    );
  },
};
