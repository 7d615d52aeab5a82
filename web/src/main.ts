// Entry of the pages: asks for the first rows, and loads what draws them meanwhile.
import { askFirst } from "./lib/connection/first";
import { removeServiceWorkers } from "./lib/connection/serviceworker";
import { useOpeningToken } from "./lib/connection/session";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/low.css";
import "./styles/prose.css";
import "./styles/print.css";

async function start(): Promise<void> {
  const pages = import("./pages");
  // With the token still in the address, so that the page that comes instead has it.
  if (!(await removeServiceWorkers())) return location.reload();
  // The token is good once, and belongs neither into the history nor into a bookmark.
  const token = new URLSearchParams(location.search).get("token");
  if (token) {
    useOpeningToken(token);
    history.replaceState(null, "", location.pathname + location.hash);
  }
  askFirst();
  (await pages).open();
}

void start();
