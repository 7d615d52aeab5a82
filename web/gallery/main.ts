// The gallery of components: each in its states, without an app. Only `fetch` is replaced, and the clock stands.
import { mount } from "svelte";

import { useOpeningToken } from "../src/lib/connection/session";
import { prefs } from "../src/lib/prefs.svelte";
import "../src/styles/fonts.css";
import "../src/styles/tokens.css";
import "../src/styles/base.css";
import "../src/styles/controls.css";
import "../src/styles/prose.css";
import { answer } from "./answers";
import { fill, NOW } from "./home";
import Gallery from "./Gallery.svelte";

/** The typeface is there before anything is drawn: a picture must not depend on how fast it comes. */
async function start(): Promise<void> {
  await Promise.all(["", "italic "].map((style) => document.fonts.load(`${style}16px "IBM Plex Sans Variable"`)));
  Date.now = () => NOW;
  globalThis.fetch = (path, init) => Promise.resolve(answer(String(path), init));
  useOpeningToken("gallery");
  prefs.apply();
  fill();
  const target = document.getElementById("gallery");
  if (target) mount(Gallery, { target });
}

void start();
