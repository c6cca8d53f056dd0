/** A call that is kept as an example of its minute. */
export interface CallExample {
  fn: string;
  requestId: string;
  ms: number;
  /** Epoch ms of its end. */
  at: number;
  failed: boolean;
  /** What it was refused or failed with. */
  code: string | null;
}

/** Of a node in a minute. */
const most = 20;

const rank = ({ failed, ms }: CallExample) => (failed ? 1e12 : 0) + ms;

/** Keeps those that failed, and of all others the slowest. @returns whether this one is kept */
export function keepExample(kept: CallExample[], example: CallExample): boolean {
  if (kept.length < most) {
    kept.push(example);
    return true;
  }
  let least = 0;
  for (const [index, one] of kept.entries())
    if (rank(one) < rank(kept[least] as CallExample)) least = index;
  if (rank(example) <= rank(kept[least] as CallExample)) return false;
  kept[least] = example;
  return true;
}
