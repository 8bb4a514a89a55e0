// Mermaid makes up ids from random numbers and takes today for a missing date. While a structure
// is read, both are always the same, so that the same text has the same structure.

const TODAY = Date.UTC(2026, 0, 1, 12);

function unchangingDate(Real) {
  return class Date extends Real {
    constructor(...given) {
      super(...(given.length === 0 ? [TODAY] : given));
    }

    static now() {
      return TODAY;
    }
  };
}

/** Numbers that look random and are the same each time (Park and Miller's generator). */
function unchangingRandom() {
  let state = 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** What `work` resolves to, done without clock and chance. */
export async function withoutChance(work) {
  const { Date, Math } = globalThis;
  const { random } = Math;
  globalThis.Date = unchangingDate(Date);
  Math.random = unchangingRandom();
  try {
    return await work();
  } finally {
    globalThis.Date = Date;
    Math.random = random;
  }
}
