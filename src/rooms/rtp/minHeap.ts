/** Numbers of which the lowest is always at hand; adding and taking cost the logarithm of how many there are. */
export class MinHeap {
  #numbers: number[] = [];

  /** The lowest; undefined when empty. */
  get lowest(): number | undefined {
    return this.#numbers[0];
  }

  add(number: number): void {
    const numbers = this.#numbers;
    let at = numbers.push(number) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#at(parent) <= number) break;
      numbers[at] = this.#at(parent);
      at = parent;
    }
    numbers[at] = number;
  }

  /** Takes the lowest out. */
  take(): void {
    const last = this.#numbers.pop();
    if (last !== undefined && this.#numbers.length > 0) this.#sink(last);
  }

  /** Finds the place of a number that takes the one at the top. */
  #sink(number: number): void {
    const numbers = this.#numbers;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (this.#at(child + 1) < this.#at(child)) child++;
      if (this.#at(child) >= number) break;
      numbers[at] = this.#at(child);
      at = child;
    }
    numbers[at] = number;
  }

  #at(index: number): number {
    return this.#numbers[index] ?? Number.POSITIVE_INFINITY;
  }
}
