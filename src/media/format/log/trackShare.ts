import { FairShare } from "../../../core/limits/fairShare.ts";
import { captureLimits } from "./captureLimits.ts";

/** Who may have how many tracks in one recording. */
export class TrackShare {
  #share = new FairShare(captureLimits.tracks, captureLimits.portion);

  /** `held`: tracks that people have already. */
  constructor(held: ReadonlyMap<string, number> = new Map()) {
    for (const [participant, tracks] of held) this.#share.note(participant, tracks);
  }

  /** Counts tracks of a participant; false, and none is counted, where that is more than their share. */
  take(participant: string, tracks = 1): boolean {
    const isNew = !this.#share.has(participant);
    if (isNew && this.#share.parties >= captureLimits.participants) return false;
    return this.#share.take(participant, tracks);
  }
}
