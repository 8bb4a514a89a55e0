// ZenUML's structure: the parse tree of @zenuml/core without what only separates.

import { parse } from "@zenuml/core/parser";

const SEPARATORS = new Set([
  "CBRACE",
  "COL",
  "COMMA",
  "CR",
  "EVENT_END",
  "OBRACE",
  "SCOL",
  "TITLE",
  "TITLE_END",
]);

const quotes = /^"(.*)"$/s;
const spaces = /\s+/g;

function leaf(token, names) {
  const name = names[token.symbol.type];
  if (token.symbol.type === -1 || SEPARATORS.has(name)) {
    return null;
  }
  return token.getText().replace(spaces, " ").trim().replace(quotes, "$1");
}

function tree(context, parser) {
  if (context.symbol) {
    return leaf(context, parser.symbolicNames);
  }
  const children = (context.children ?? [])
    .map((child) => tree(child, parser))
    .filter((child) => child !== null && child !== "");
  const rule = parser.ruleNames[context.ruleIndex];
  // A comment in front of a statement is drawn above it.
  const comment = rule === "stat" ? context.getComment()?.trim() : null;
  const isText = !comment && children.every((child) => typeof child === "string");
  return {
    [rule]: isText ? children.join(" ") : children,
    ...(comment ? { comment } : {}),
  };
}

/** {prog: [...]}: every rule an object with its text, or the list of what is in it. */
export function zenumlStructure(text) {
  const { rootContext } = parse(text.replace(/^\s*zenuml/, ""));
  return tree(rootContext, rootContext.parser);
}
