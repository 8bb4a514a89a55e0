// The judge's process on Node, for platforms that have no mini-racer wheel.
//
// Run as `node judge_worker.cjs BUNDLE`; speaks the protocol of isolation.py. Its twin on
// mini-racer is judge_worker.py. The bundle runs in a context of its own, without Node's
// `require` and `process`.

"use strict";

const fs = require("node:fs");
const readline = require("node:readline");
const vm = require("node:vm");

const ORPHAN_GRACE_S = 2;

// Promises run inside the call that makes them, so that its timeout covers them too.
const context = vm.createContext({}, { microtaskMode: "afterEvaluate" });

function send(message) {
  // ASCII only, as Python's side writes it.
  const text = JSON.stringify(message).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  fs.writeSync(1, `${text}\n`);
}

function judge({ source, structure = false }, deadlineSeconds) {
  Object.assign(context, { source, structure });
  // The parent ends a late process; this ends it should the parent be gone.
  const timeout = Math.ceil((deadlineSeconds + ORPHAN_GRACE_S) * 1000);
  vm.runInContext("naiad.check(source, { structure })", context, { timeout });
  const answer = vm.runInContext("naiad.answer", context);
  if (typeof answer !== "string") {
    throw new Error("the check did not end");
  }
  return JSON.parse(answer);
}

vm.runInContext(fs.readFileSync(process.argv[2], "utf8"), context);
send({
  hello: { versions: JSON.parse(vm.runInContext("JSON.stringify(naiad.versions)", context)) },
});
readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on("line", (line) => {
  const { deadline_s: deadlineSeconds, request } = JSON.parse(line);
  try {
    send({ answer: judge(request, deadlineSeconds) });
  } catch (error) {
    send({ failure: String((error && error.stack) || error) });
  }
});
