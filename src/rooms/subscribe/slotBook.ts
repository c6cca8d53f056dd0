/** Which publication is in which of a subscriber's slots. */
export class SlotBook {
  /** By slot: who is in it now, and who was there last. */
  #slots: { now: string | undefined; last: string | undefined; freedAt: number }[];
  #releases = 0;

  constructor(count: number) {
    this.#slots = Array.from({ length: count }, () => ({
      now: undefined,
      last: undefined,
      freedAt: 0,
    }));
  }

  /** The slot of a publication: the one it has, the one it had, or the free one nobody had for longest. */
  take(key: string): number | undefined {
    const held = this.slotOf(key);
    if (held !== undefined) return held;
    const free = [...this.#slots.entries()].filter(([, { now }]) => now === undefined);
    const chosen =
      free.find(([, { last }]) => last === key) ??
      free.sort(([, a], [, b]) => a.freedAt - b.freedAt)[0];
    if (!chosen) return undefined;
    const [index, slot] = chosen;
    slot.now = slot.last = key;
    return index;
  }

  release(key: string): void {
    const slot = this.#slots.find(({ now }) => now === key);
    if (!slot) return;
    slot.now = undefined;
    slot.freedAt = ++this.#releases;
  }

  slotOf(key: string): number | undefined {
    const index = this.#slots.findIndex(({ now }) => now === key);
    return index === -1 ? undefined : index;
  }
}
