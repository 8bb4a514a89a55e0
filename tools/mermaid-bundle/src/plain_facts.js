// A diagram's database as plain JSON: no functions, no cycles, nothing that says nothing.

/** undefined, null, "", false, [] and {} say nothing; 0 does. */
export function saysNothing(fact) {
  if (fact === undefined || fact === null || typeof fact !== "object") {
    return fact === undefined || fact === null || fact === "" || fact === false;
  }
  return Object.keys(fact).length === 0;
}

// Local time, because that is how Mermaid reads and draws a date: the text's own digits, in
// whatever time zone.
function localTime(date) {
  if (Number.isNaN(date.getTime())) {
    return "no date";
  }
  const two = (number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join(":");
  const milliseconds = date.getMilliseconds();
  return `${day} ${time}${milliseconds ? `.${String(milliseconds).padStart(3, "0")}` : ""}`;
}

function entry(key, value, dropped, above) {
  const fact = plain(value, dropped, above);
  const isRecord = fact !== null && typeof fact === "object" && !Array.isArray(fact);
  return isRecord ? { ...fact, id: String(key) } : { id: String(key), value: fact };
}

/**
 * JSON of `value`. A Map becomes a list of objects with an `id`, since the order of its entries
 * is drawn; a property that says nothing is left out, as are functions, symbols, the properties
 * named in `dropped`, and whatever contains itself.
 */
export function plain(value, dropped = new Set(), above = []) {
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))) {
    return String(value);
  }
  if (value === null || typeof value !== "object") {
    return value ?? null;
  }
  if (value instanceof Date) {
    return localTime(value);
  }
  if (value instanceof RegExp) {
    return String(value);
  }
  const inside = [...above, value];
  const usable = (item) =>
    typeof item !== "function" && typeof item !== "symbol" && !inside.includes(item);
  if (value instanceof Map) {
    return [...value]
      .filter(([, item]) => usable(item))
      .map(([key, item]) => entry(key, item, dropped, inside));
  }
  if (Array.isArray(value) || value instanceof Set) {
    return [...value].filter(usable).map((item) => plain(item, dropped, inside));
  }
  const facts = {};
  for (const key of Object.keys(value).sort()) {
    if (!dropped.has(key) && usable(value[key])) {
      const fact = plain(value[key], dropped, inside);
      if (!saysNothing(fact)) {
        facts[key] = fact;
      }
    }
  }
  return facts;
}
