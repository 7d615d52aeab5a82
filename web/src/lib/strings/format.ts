// Formatting of counts and names in sentences.
export const plural = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

/** A name in a sentence, in Unicode isolates: one written from right to left must not reorder the rest. */
export const apart = (name: string): string => `\u2068${name}\u2069`;

/** A list of names in a sentence. */
export const listed = (names: string[]): string => names.map(apart).join(", ");
