// Loading of the parts that the first screen does not need, as soon as it is shown and never again: whoever answers
// at this address later may be another program, and no script of theirs may come into an open page.

class Later {
  parts = $state.raw<typeof import("../components/later")>();
  /** They will never come. */
  failed = $state(false);

  /** Loads them; to be called when the first rows are shown. */
  load(): void {
    import("../components/later").then(
      (parts) => (this.parts = parts),
      // The app has gone meanwhile, or was replaced: the page says so.
      () => (this.failed = true),
    );
  }
}

export const later = new Later();
