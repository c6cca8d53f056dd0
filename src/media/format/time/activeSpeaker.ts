/** Who is shown large from `atMs` on. */
export interface SpeakerTurn {
  atMs: number;
  participant: string;
}

/** Louder than this is speech, dBov (RFC 6464). */
const speechDbov = -45;
/** Someone else takes over when the speaker has been quiet for that long, and had the floor for that long, ms. */
const holdMs = 1500;
/** A cough is shorter than this, ms. */
const minSpeechMs = 250;
/** Pauses shorter than this belong to one utterance, ms. */
const pauseMs = 600;

interface Voice {
  since: number;
  last: number;
}

/** Derives speaker turns from audio levels, one at a time and in order, so that levels need not be kept. */
export class ActiveSpeaker {
  readonly turns: SpeakerTurn[] = [];
  #voices = new Map<string, Voice>();

  level(atMs: number, participant: string, dbov: number): void {
    if (dbov <= speechDbov) return;
    const voice = this.#heard(atMs, participant);
    const current = this.turns.at(-1);
    if (current?.participant === participant) return;
    if (!current || (this.#isFree(current, atMs) && atMs - voice.since >= minSpeechMs))
      this.turns.push({ atMs, participant });
  }

  /** Someone who left holds the floor no longer. */
  left(participant: string): void {
    this.#voices.delete(participant);
  }

  #heard(atMs: number, participant: string): Voice {
    const known = this.#voices.get(participant);
    const goesOn = known && atMs - known.last <= pauseMs;
    const voice = { since: goesOn ? known.since : atMs, last: atMs };
    this.#voices.set(participant, voice);
    return voice;
  }

  #isFree(current: SpeakerTurn, atMs: number): boolean {
    const voice = this.#voices.get(current.participant);
    return !voice || (atMs - current.atMs > holdMs && atMs - voice.last > holdMs);
  }
}
