// Conditions of a search, as they stand among its words: `from:"Anna Berg"`, `is:unread`. What is chosen on the page is
// written there, so that there is one language of filters. Words part as in the engine's search/word.rs.

export type ConditionKey = "from" | "in" | "is" | "has" | "tag" | "before" | "after";

/** A word as it was typed, and the condition that it may be. */
interface Word {
  text: string;
  key: string;
  value: string;
}

/** The words of a search, parted at spaces outside of quotes. */
function split(words: string): Word[] {
  const all = words.match(/(?:"[^"]*"?|[^\s"])+/gu) ?? [];
  return all.map((text) => {
    const colon = text.indexOf(":");
    const key = colon > 0 && !text.slice(0, colon).includes('"') ? text.slice(0, colon).toLowerCase() : "";
    return { text, key, value: key ? text.slice(colon + 1).replaceAll('"', "").trim() : "" };
  });
}

/** The value of the first condition with this key; undefined where there is none. */
export function conditionOf(words: string, key: ConditionKey): string | undefined {
  return split(words).find((word) => word.key === key && word.value !== "")?.value;
}

/** The words with one condition of this key, in place of those that were there; without any for no value. */
export function withCondition(words: string, key: ConditionKey, value: string): string {
  const rest = split(words).filter((word) => word.key !== key);
  const plain = value.replaceAll('"', "").trim();
  const condition = plain === "" ? [] : [`${key}:${/\s/u.test(plain) ? `"${plain}"` : plain}`];
  const all = [...rest.map((word) => word.text), ...condition].join(" ");
  // What is typed next is another word.
  return all === "" ? "" : `${all} `;
}

/** The day so many days before a time, as conditions name it. */
export const daysBefore = (ms: number, days: number): string => new Date(ms - days * 86_400_000).toISOString().slice(0, 10);
