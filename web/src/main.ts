// Entry of the pages.
import { mount } from "svelte";

import App from "./App.svelte";
import { removeServiceWorkers } from "./lib/connection/serviceworker";
import { useOpeningToken } from "./lib/connection/session";
import { prefs } from "./lib/prefs.svelte";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/low.css";
import "./styles/prose.css";
import "./styles/print.css";

async function start(): Promise<void> {
  // With the token still in the address, so that the page that comes instead has it.
  if (!(await removeServiceWorkers())) return location.reload();
  // The token is good once, and belongs neither into the history nor into a bookmark.
  const token = new URLSearchParams(location.search).get("token");
  if (token) {
    useOpeningToken(token);
    history.replaceState(null, "", location.pathname + location.hash);
  }
  prefs.apply();

  const target = document.getElementById("app");
  if (target) mount(App, { target });
}

void start();
