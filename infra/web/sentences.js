// @ts-check
// Sentences that the API words in English, in another language, by a table of what they are made of.

/**
 * @param {Record<string, string>} table English, with {} where something else stands -> the other language, with {0}, {1} …
 *   where that stands in it, itself translated, or {0!} as it is
 * @returns {(text: string) => string | null} the sentence; null where the table has not all of it
 */
export function translator(table) {
  const rules = Object.entries(table)
    .toSorted(([one], [other]) => words(other) - words(one)) // what says most of itself is tried first
    .map(([english, other]) => ({ other, ways: [pattern(english, "(.+?)"), pattern(english, "(.+)")] }));

  /** @type {(text: string) => string | null} */
  function translated(text) {
    for (const { ways, other } of rules) {
      for (const way of ways) {
        const parts = way.exec(text)?.slice(1);
        const said = parts?.map((part, index) => (other.includes(`{${index}!}`) ? part : (translated(part) ?? name(part))));
        if (said?.every((part) => part !== null)) return other.replace(/\{(\d)!?\}/g, (_, index) => said[Number(index)] ?? "");
      }
    }
    return null;
  }
  return translated;
}

/** @param {string} text */
const words = (text) => text.replaceAll("{}", "").length;

/**
 * @param {string} text
 * @param {string} gap what stands for {}
 */
const pattern = (text, gap) => new RegExp(`^${text.split("{}").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join(gap)}$`);

/**
 * A name is the same in each language, a number almost; null for words.
 * @param {string} text
 */
function name(text) {
  if (/\s/.test(text)) return null;
  const number = /^([+-]?)([\d,]+)(?:\.(\d+))?(%?)$/.exec(text);
  if (!number) return text;
  const [, sign, whole = "", share, percent] = number;
  return `${sign}${whole.replaceAll(",", ".")}${share ? `,${share}` : ""}${percent ? "\u00a0%" : ""}`;
}
