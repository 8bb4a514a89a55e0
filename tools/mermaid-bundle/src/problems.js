// Whatever the parsers throw, as {line, message} with a message of one line.
//
// Lines count from 1 in the text the parser saw; null where the parser names none. Mermaid has
// four parser generators in it, so four ways to say "expected this, got that": jison, langium,
// ANTLR (ZenUML) and js-yaml (front matter), besides plain errors and thrown strings.

const MAX_EXPECTED = 8;
const MAX_MESSAGE_LENGTH = 400;
const END_OF_TEXT = "the end of the text";
const LINE_IN_MESSAGE = /\b(?:on|at|in) line:? ?(\d+)/i;

function oneLine(text) {
  const line = String(text).replace(/\s+/g, " ").trim();
  return line.length > MAX_MESSAGE_LENGTH ? `${line.slice(0, MAX_MESSAGE_LENGTH - 1)}…` : line;
}

function validLine(line) {
  return Number.isInteger(line) && line > 0 ? line : null;
}

function lineInMessage(message) {
  const match = LINE_IN_MESSAGE.exec(message);
  return match ? Number(match[1]) : null;
}

/** "expected A, B or 7 more, got C": a list short enough to read. */
function expectation(expected, got) {
  const shown = expected.slice(0, MAX_EXPECTED).join(", ");
  const more = expected.length - MAX_EXPECTED;
  return `expected ${shown}${more > 0 ? ` or ${more} more` : ""}, got ${got}`;
}

function quoted(text) {
  if (text === "" || text === undefined) {
    return END_OF_TEXT;
  }
  return text.trim() === "" && text.includes("\n") ? "the end of the line" : `\`${text}\``;
}

/** jison: "Parse error on line 2:\n...A -->  B[\n-----^\nExpecting 'A', 'B', got 'C'". */
function jisonProblem(error) {
  const { hash } = error;
  const message = String(error.message ?? error.str ?? "");
  const line = lineInMessage(message.split("\n", 1)[0]) ?? validLine(hash.line + 1);
  const verdict = /^Expecting (.*), got '(.*)'$/m.exec(message);
  if (verdict) {
    // Token 1 is the end of the text in every jison parser.
    const token = verdict[2] === "1" || verdict[2] === "EOF" ? END_OF_TEXT : `'${verdict[2]}'`;
    const text = String(hash.text ?? "").trim();
    const got = text && token !== END_OF_TEXT ? `${token} \`${text}\`` : token;
    return { line, message: oneLine(expectation(verdict[1].split(", "), got)) };
  }
  const [, shown, pointer] = message.split("\n");
  if (/^Lexical error on line \d+\. Unrecognized text/.test(message) && pointer) {
    return { line, message: oneLine(`unrecognised text \`${shown.slice(pointer.length - 1)}\``) };
  }
  return { line, message: oneLine(message.replace(/^(Parse|Lexical) error on line \d+[:.]\s*/, "")) };
}

/** Chevrotain's sentences below langium. `found` is the text of the token it stopped at. */
function chevrotainMessage(message, found) {
  const single = /^Expecting token of type '(.+)' but found/s.exec(message);
  if (single) {
    return expectation([`'${single[1]}'`], quoted(found));
  }
  if (/^Expecting:? one of these possible Token sequences/.test(message)) {
    const expected = [...message.matchAll(/^\s*\d+\. \[(.*)\]$/gm)].map((match) => match[1]);
    return expectation(expected, quoted(found));
  }
  const iteration = /^Expecting: expecting at least one iteration.*?<(\[.*\])>/s.exec(message);
  if (iteration) {
    const expected = iteration[1].split(" ,").map((tokens) => tokens.slice(1, -1));
    return expectation(expected, quoted(found));
  }
  if (/^Redundant input/.test(message)) {
    return expectation([END_OF_TEXT], quoted(found));
  }
  return message;
}

/** langium (@mermaid-js/parser): lists of lexer and parser errors, each with its place. */
function langiumProblems({ result }) {
  const lexer = result.lexerErrors.map(({ line, message }) => {
    const character = /^unexpected character: ->(.*)<- at offset/s.exec(message)?.[1];
    return {
      line: validLine(line),
      message: oneLine(character ? `unexpected character ${quoted(character)}` : message),
    };
  });
  const parser = result.parserErrors.map(({ message, token, previousToken }) => ({
    // The end of the text is not a token with a place; the one before it is.
    line: validLine(token.startLine) ?? validLine(previousToken?.endLine),
    message: oneLine(chevrotainMessage(message, token.image)),
  }));
  return [...lexer, ...parser];
}

/** ANTLR: "mismatched input 'x' expecting {A, B}", "no viable alternative at input 'x'". */
export function antlrProblem({ line, msg }) {
  const match = /^(?:mismatched|extraneous) input (.*) expecting (.*)$/s.exec(msg);
  const message = match
    ? expectation(match[2].replace(/^\{(.*)\}$/s, "$1").split(", "), match[1])
    : msg;
  return { line: validLine(line), message: oneLine(message.replace(/'?<EOF>'?/g, END_OF_TEXT)) };
}

export function problemsOf(error) {
  if (error?.result?.lexerErrors && error.result.parserErrors) {
    return langiumProblems(error);
  }
  if (error?.hash && typeof error.hash === "object") {
    return [jisonProblem(error)];
  }
  if (error?.name === "YAMLException") {
    // Its line counts inside the braces of `A@{ … }`.
    return [{ line: null, message: oneLine(error.reason ?? error.message) }];
  }
  const message = typeof error === "string" ? error : String(error?.message ?? error);
  return [{ line: lineInMessage(message), message: oneLine(message) || "the parser refused it" }];
}
