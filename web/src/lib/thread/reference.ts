// Links from the text of a letter to its attachments. The engine marks them by name
// (`crates/mnm-engine/src/markdown/reference.rs`); here they become pictures and links, for files that the
// letter has. Everything else stays text.
import type { Attachment } from "../api";
import { bytes, pictureWidth, shownPictures } from "../format";
import { pictureDialog } from "../picturedialog.svelte";
import { t } from "../strings";
import { attachmentUrl } from "../connection/transport";

/** Pictures that stand in the text: of those that are shown at all, each once. */
export function picturesInText(html: string, files: Attachment[]): Set<number> {
  const found = new Set<number>();
  if (files.length === 0 || !html.includes("data-picture")) return found;
  const named = byName(files);
  const shown = new Set(shownPictures(files).map((file) => file.id));
  for (const [, name] of html.matchAll(/<span data-picture="([^"]+)">/g)) {
    const file = named.get(decodeURIComponent(name ?? ""));
    if (file && shown.has(file.id)) found.add(file.id);
  }
  return found;
}

/** Puts pictures and links where the text refers to files. Gives back the links. */
export function placeFiles(body: HTMLElement, html: string, files: Attachment[]): Set<Element> {
  const links = new Set<Element>();
  const named = byName(files);
  const pictures = picturesInText(html, files);
  for (const mark of body.querySelectorAll("[data-attachment], [data-picture]")) {
    const picture = mark.getAttribute("data-picture");
    const file = named.get(decodeURIComponent(picture ?? mark.getAttribute("data-attachment") ?? ""));
    if (!file) continue;
    const link = (): void => {
      // A link in a link leads nowhere.
      if (mark.parentElement?.closest("a")) return;
      const made = linkTo(file);
      mark.querySelector(":scope > small")?.remove();
      made.append(...mark.childNodes);
      if (!made.textContent?.trim() && !made.querySelector("img")) made.append(file.name);
      mark.append(made);
      links.add(made);
    };
    if (picture === null || !pictures.delete(file.id)) {
      link();
      continue;
    }
    const was = [...mark.childNodes];
    mark.querySelector(":scope > small")?.remove();
    const shown = pictureOf(file, mark.textContent?.trim() ?? "");
    shown.onerror = () => {
      mark.replaceChildren(...was);
      link();
    };
    // In a link it is a part of what is clicked.
    mark.replaceChildren(mark.closest("a") ? shown : openerOf(file, shown, files));
  }
  return links;
}

function byName(files: Attachment[]): Map<string, Attachment> {
  const named = new Map<string, Attachment>();
  for (const file of files) {
    const name = file.wire_name ?? file.name;
    if (!file.form && !named.has(name)) named.set(name, file);
  }
  return named;
}

function linkTo(file: Attachment): HTMLAnchorElement {
  const link = document.createElement("a");
  link.href = attachmentUrl(file.id);
  link.download = file.name;
  link.title = t.thread.download(file.name, bytes(file.size));
  return link;
}

/** A button around a picture that shows it large. */
function openerOf(file: Attachment, picture: HTMLImageElement, files: Attachment[]): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.title = t.picture.open(file.name);
  button.append(picture);
  button.addEventListener("click", () => pictureDialog.show(files, file.id));
  return button;
}

function pictureOf(file: Attachment, description: string): HTMLImageElement {
  const picture = document.createElement("img");
  picture.loading = "lazy";
  picture.alt = description || t.thread.picture(file.name);
  // It has its place before it is loaded.
  if (file.picture) {
    picture.style.width = `${pictureWidth(file.picture)}px`;
    picture.style.aspectRatio = `${file.picture.width} / ${file.picture.height}`;
  }
  picture.src = attachmentUrl(file.id, true);
  return picture;
}
