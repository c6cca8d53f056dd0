import type { TimedFrame } from "../codecs/frames.ts";

/** What one group may be at most. */
const maxBytes = 6 * 1024 * 1024;
const maxFrames = 4000;
const maxAgeMs = 30_000;
/** What a frame costs beside its data, bytes. */
const overheadBytes = 400;

/** Bounds what all groups that share it hold together: of whoever has most, the largest gives way. */
export class GroupBudget {
  #groups = new Set<KeptGroup>();
  #maxBytes: number;
  #bytes = 0;

  /** `maxBytes`: of all groups together. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Says how much a group holds now. */
  account(group: KeptGroup, change: number): void {
    this.#bytes += change;
    if (group.bytes > 0) this.#groups.add(group);
    else this.#groups.delete(group);
    while (this.#bytes > this.#maxBytes) this.#largest()?.clear();
  }

  #largest(): KeptGroup | undefined {
    const held = new Map<string, number>();
    for (const { owner, bytes } of this.#groups) held.set(owner, (held.get(owner) ?? 0) + bytes);
    const most = Math.max(...held.values());
    let largest: KeptGroup | undefined;
    for (const group of this.#groups) {
      if (held.get(group.owner) !== most) continue;
      if (!largest || group.bytes > largest.bytes) largest = group;
    }
    return largest;
  }
}

/** Where a video's group counts, and as whose. */
export interface Keeping {
  budget: GroupBudget;
  /** A person. */
  owner: string;
}

/** Of all tracks of this process, if nothing else is said. */
export const processBudget = new GroupBudget(96 * 1024 * 1024);

/**
 * The frames of one video since its latest keyframe: whoever begins to record has a picture at once, also of a sender
 * that makes no keyframe when it is asked for one. Holds nothing once it would be too much, until the next keyframe.
 */
export class KeptGroup {
  /** Whose video it is. */
  readonly owner: string;
  #budget: GroupBudget;
  #frames: TimedFrame[] = [];
  #bytes = 0;

  constructor({ budget, owner }: Keeping) {
    this.#budget = budget;
    this.owner = owner;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** From the keyframe on; empty when nothing is kept. */
  get frames(): readonly TimedFrame[] {
    return this.#frames;
  }

  /** Adds the next frame. */
  add(frame: TimedFrame): void {
    if (frame.key) this.clear();
    else if (this.#frames.length === 0) return;
    const bytes = frame.data.length + overheadBytes;
    if (this.#bytes + bytes > maxBytes || this.#frames.length >= maxFrames) {
      this.clear();
      return;
    }
    this.#frames.push(frame);
    this.#bytes += bytes;
    this.#budget.account(this, bytes);
  }

  /** Forgets a group that is too old to be of use. */
  expire(now: number): void {
    const [first] = this.#frames;
    if (first && now - first.arrivedAt > maxAgeMs) this.clear();
  }

  clear(): void {
    if (this.#bytes === 0) return;
    const bytes = this.#bytes;
    this.#frames = [];
    this.#bytes = 0;
    this.#budget.account(this, -bytes);
  }
}
