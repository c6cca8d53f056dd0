/** Notices which received pictures are looked at, so that no others have to be sent. */
export class SlotWatcher {
  readonly #onChange: (slots: readonly number[]) => void;
  readonly #observer: IntersectionObserver;
  readonly #slots = new Map<Element, number>();
  readonly #visible = new Set<Element>();
  #due = false;

  constructor(onChange: (slots: readonly number[]) => void) {
    this.#onChange = onChange;
    this.#observer = new IntersectionObserver((entries) => this.#look(entries));
  }

  open(): void {
    document.addEventListener("visibilitychange", this.#tellSoon);
    for (const element of this.#slots.keys()) this.#observer.observe(element);
  }

  /** @returns how to end it */
  watch(element: Element, slot: number): () => void {
    this.#slots.set(element, slot);
    this.#observer.observe(element);
    return () => {
      this.#observer.unobserve(element);
      this.#slots.delete(element);
      this.#visible.delete(element);
      this.#tellSoon();
    };
  }

  close(): void {
    document.removeEventListener("visibilitychange", this.#tellSoon);
    this.#observer.disconnect();
  }

  #look(entries: readonly IntersectionObserverEntry[]): void {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#visible.add(target);
      else this.#visible.delete(target);
    }
    this.#tellSoon();
  }

  /** Tiles come and go together: told once. */
  readonly #tellSoon = () => {
    if (this.#due) return;
    this.#due = true;
    setTimeout(() => {
      this.#due = false;
      this.#onChange(this.#wanted());
    }, 0);
  };

  #wanted(): number[] {
    if (document.visibilityState === "hidden") return [];
    const slots = [...this.#visible].map((element) => this.#slots.get(element));
    return [...new Set(slots.filter((slot) => slot !== undefined))];
  }
}
