// All strings of the pages, by subject, ready for translation. Errors say what happened, what it means and what
// to do.
import { frame } from "./strings/frame";
import { letters } from "./strings/letters";
import { people } from "./strings/people";
import { service } from "./strings/service";
import { write } from "./strings/write";

export { apart, listed } from "./strings/format";

export const t = { ...frame, ...letters, ...write, ...people, ...service };
