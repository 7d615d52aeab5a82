// The pages themselves, loaded by the entry.
import { mount } from "svelte";

import App from "./App.svelte";
import { prefs } from "./lib/prefs.svelte";

/** Draws them. */
export function open(): void {
  prefs.apply();
  const target = document.getElementById("app");
  if (target) mount(App, { target });
}
