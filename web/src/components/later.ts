// Parts of the pages that the first screen does not need: one file, loaded once the first rows are shown.
export { insert } from "../lib/write/markup";
export { default as EmojiPicker } from "./write/EmojiPicker.svelte";
export { default as ActionDialog } from "./frame/ActionDialog.svelte";
export { default as FoundMarks } from "./letters/FoundMarks.svelte";
export { default as FoundText } from "./letters/FoundText.svelte";
export { default as KeySettings } from "./frame/KeySettings.svelte";
export { default as Palette } from "./frame/Palette.svelte";
export { default as PictureDialog } from "./letters/PictureDialog.svelte";
export { default as SearchBar } from "./frame/SearchBar.svelte";
export { default as ThreadFind } from "./letters/ThreadFind.svelte";
export { default as QrCode } from "./parts/QrCode.svelte";
export { default as QrDialog } from "./parts/QrDialog.svelte";
export { default as StyledText } from "./write/StyledText.svelte";
export { default as TextTools } from "./write/TextTools.svelte";
