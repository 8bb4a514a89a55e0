// From a line of the text that a parser sees back to the line that the user wrote.
//
// Before it parses, Mermaid cuts out front matter, %%{directives}%%, comments and the blank
// lines before them, and counts the lines of what is left. The same cuts are made here, with
// Mermaid's own expressions, while the number of every line is kept.

import { cleanupText, directiveRegex, matchFrontMatter } from "mermaid-internals";

// The expression of Mermaid's cleanupComments, which keeps it inside a function.
const COMMENT = /^\s*%%(?!{)[^\n]+\n?/gm;

function countNewlines(text) {
  let count = 0;
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) {
    count++;
  }
  return count;
}

/** `{text, numbers}` without the matches of `expression`; numbers[i] belongs to line i. */
function without({ text, numbers }, expression) {
  const pieces = [];
  const kept = [];
  let line = 0;
  let lineIsNew = true;
  const keep = (piece) => {
    for (let start = 0; start < piece.length; ) {
      if (lineIsNew) {
        kept.push(numbers[line]);
      }
      const newline = piece.indexOf("\n", start);
      lineIsNew = newline !== -1;
      start = lineIsNew ? newline + 1 : piece.length;
      line += lineIsNew ? 1 : 0;
    }
    pieces.push(piece);
  };
  let end = 0;
  for (const match of text.matchAll(expression)) {
    keep(text.slice(end, match.index));
    line += countNewlines(match[0]);
    end = match.index + match[0].length;
  }
  keep(text.slice(end));
  if (lineIsNew) {
    kept.push(numbers[line]);
  }
  return { text: pieces.join(""), numbers: kept };
}

/**
 * The 1-based original line of each line of `parsed`, which is `original` after Mermaid's
 * preprocessing with (`withComments`) or without its comments; null if it cannot be told.
 */
export function originalLines(original, parsed, withComments) {
  const normalised = cleanupText(original);
  const body = normalised.slice(matchFrontMatter(normalised)?.length ?? 0);
  const firstLine = countNewlines(normalised) - countNewlines(body) + 1;
  const numbers = body.split("\n").map((_, index) => firstLine + index);
  let cut = without({ text: body, numbers }, directiveRegex);
  if (!withComments) {
    cut = without(cut, COMMENT);
    const trimmed = cut.text.trimStart();
    const blank = cut.text.slice(0, cut.text.length - trimmed.length);
    cut = { text: trimmed, numbers: cut.numbers.slice(countNewlines(blank)) };
  }
  return cut.text === parsed ? cut.numbers : null;
}

/** The original line of line `line` (0-based) of the front matter's YAML. */
export function frontMatterLine(original, line) {
  const normalised = cleanupText(original);
  const { body } = matchFrontMatter(normalised);
  return countNewlines(normalised.slice(0, normalised.indexOf(body))) + line + 1;
}
