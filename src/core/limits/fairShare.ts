/**
 * Divides an amount among parties that nobody knows beforehand. Each may have no more than a portion of what is left: one
 * alone never takes it all, many get less each, and something is left for whoever comes next.
 */
export class FairShare {
  #left: number;
  #portion: number;
  #taken = new Map<string, number>();

  /** `portion`, 0–1: what one may have of what is left. */
  constructor(total: number, portion: number) {
    this.#left = total;
    this.#portion = portion;
  }

  /** Parties that have taken something. */
  get parties(): number {
    return this.#taken.size;
  }

  has(party: string): boolean {
    return this.#taken.has(party);
  }

  /** Takes an amount for a party; false, and nothing is taken, where that is more than its share. */
  take(party: string, amount = 1): boolean {
    const taken = this.#taken.get(party) ?? 0;
    if (taken + amount > this.#left * this.#portion) return false;
    this.note(party, amount);
    return true;
  }

  /** Notes what a party has already. */
  note(party: string, amount: number): void {
    this.#taken.set(party, (this.#taken.get(party) ?? 0) + amount);
    this.#left = Math.max(0, this.#left - amount);
  }
}
