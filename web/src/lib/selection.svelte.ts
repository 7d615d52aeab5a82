// Threads that are selected in a list, to be put away together.

class Selection {
  ids = $state.raw<ReadonlySet<number>>(new Set());
  /** Where the next range begins. */
  #anchor = 0;

  has(id: number): boolean {
    return this.ids.has(id);
  }

  toggle(id: number): void {
    const ids = new Set(this.ids);
    if (!ids.delete(id)) ids.add(id);
    this.#anchor = id;
    this.ids = ids;
  }

  /** Selects all from the one that was last toggled up to this one, in the order of the list. */
  extend(to: number, order: readonly number[]): void {
    const [from, until] = [order.indexOf(this.#anchor), order.indexOf(to)];
    if (from < 0 || until < 0) return this.toggle(to);
    this.ids = new Set([...this.ids, ...order.slice(Math.min(from, until), Math.max(from, until) + 1)]);
  }

  /** Selects none; false when none was. */
  clear(): boolean {
    const was = this.ids.size > 0;
    if (was) this.ids = new Set();
    return was;
  }
}

export const selection = new Selection();
