// Parts of the pages that the first screen does not need: one file, loaded once the first rows are shown.
export { default as Palette } from "./frame/Palette.svelte";
export { default as ThreadFind } from "./letters/ThreadFind.svelte";
