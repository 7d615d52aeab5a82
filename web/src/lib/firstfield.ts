// First field of a form that is a page of its own: who has called for the form types there, and nothing that is typed is
// taken for a command.

/** Puts the focus on the first field that is empty, otherwise on the first. Attached to such a form. */
export function focusFirst(form: HTMLElement): void {
  const fields = [...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input:not([type='checkbox'], [type='file']), textarea")];
  (fields.find((field) => field.value === "") ?? fields[0])?.focus();
}

/** A link to the form that is open already leads into it, though the address stays. */
export function listenToLinks(): void {
  addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || link.hash !== location.hash) return;
    const form = document.querySelector<HTMLElement>("#main form");
    if (form) focusFirst(form);
  });
}
