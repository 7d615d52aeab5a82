// Inline validation errors of forms, in the page's own words instead of the browser's bubbles.
import { t } from "./strings";

/** Attached to a form. */
export function inlineErrors(form: HTMLFormElement): () => void {
  const oninvalid = (event: globalThis.Event): void => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
    event.preventDefault();
    clear(field);
    const note = document.createElement("p");
    note.className = "note bad";
    note.role = "alert";
    note.id = `${field.id}-wrong`;
    note.textContent = reason(field);
    field.after(note);
    field.setAttribute("aria-errormessage", note.id);
    field.setAttribute("aria-invalid", "true");
    if (form.querySelector(":invalid:not(fieldset)") === field) field.focus();
  };
  const oninput = (event: globalThis.Event): void => clear(event.target as HTMLElement);
  // Events of fields that are wrong do not bubble.
  form.addEventListener("invalid", oninvalid, true);
  form.addEventListener("input", oninput);
  return () => {
    form.removeEventListener("invalid", oninvalid, true);
    form.removeEventListener("input", oninput);
  };
}

function clear(field: HTMLElement): void {
  if (!field.hasAttribute("aria-errormessage")) return;
  document.getElementById(`${field.id}-wrong`)?.remove();
  field.removeAttribute("aria-errormessage");
  field.removeAttribute("aria-invalid");
}

function reason(field: HTMLInputElement | HTMLTextAreaElement): string {
  const { validity, minLength } = field;
  if (validity.valueMissing) return t.forms.missing;
  return validity.tooShort ? t.forms.short(minLength, field.value.length) : t.forms.wrong;
}
