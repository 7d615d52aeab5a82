// Starts the pages.
import { mount } from "svelte";

import App from "./App.svelte";
import { prefs } from "./lib/prefs.svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/prose.css";
import "./styles/print.css";

prefs.apply();

const target = document.getElementById("app");
if (target) mount(App, { target });
