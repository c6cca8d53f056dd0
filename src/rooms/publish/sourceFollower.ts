import type { RtpPacket } from "../rtp/packet.ts";
import type { SenderReport } from "../rtp/rtcp.ts";
import { SequenceTracker, Unwrapper } from "../rtp/sequence.ts";

/** A packet of an SSRC that is not followed yet. */
export interface HeldPacket {
  buffer: Buffer;
  packet: RtpPacket;
  /** When it arrived. */
  at: number;
}

/** The SSRC that is followed from now on. */
export interface Successor {
  ssrc: number;
  /** What it has sent so far, in the order of sending: what is taken first counts as its beginning. */
  held: HeldPacket[];
  report: (SenderReport & { at: number }) | undefined;
}

interface Candidate {
  /** Since when it sends and the present one does not; undefined while both do. */
  aloneSince: number | undefined;
  lastAt: number;
  held: HeldPacket[];
  report?: SenderReport & { at: number };
}

/** A new SSRC is followed when it has gone on for this long while the present one sent nothing, ms. */
const aloneMs = 100;
/** The same when nothing more has come of it: a picture that stands still, ms. */
const patienceMs = 500;
/** What came longer before the present one's last packet is the same once more; what came later was only overtaken. */
const overlapMs = 100;
const forgetMs = 1000;
const maxCandidates = 4;
/** Kept of all candidates together: a second of video with its keyframe. */
const maxHeld = { packets: 1024, bytes: 1024 * 1024 } as const;
/** Changes at once, and how long until one more is allowed, ms: each begins new files. */
const changes = { most: 16, everyMs: 10_000 } as const;

/**
 * Chooses which of a line's SSRCs is followed. The present one stays for as long as it sends; of another everything is
 * kept, so that nothing is lost when it takes over. All times are ms of one monotonic clock.
 */
export class SourceFollower {
  /** How often another SSRC was followed. */
  changed = 0;
  #payloadType: number;
  #present: number | undefined;
  #sequence = new SequenceTracker();
  #ended = false;
  #candidates = new Map<number, Candidate>();
  #heldBytes = 0;
  #heldPackets = 0;
  #credit = { left: changes.most as number, at: Number.NEGATIVE_INFINITY };

  constructor(payloadType: number) {
    this.#payloadType = payloadType;
  }

  /** The SSRC that is followed. */
  get ssrc(): number | undefined {
    return this.#present;
  }

  /** Whether a packet is of the SSRC that is followed; the first one of the line's payload type makes it that. */
  isPresent(packet: RtpPacket, now: number): boolean {
    if (packet.ssrc !== this.#present) {
      if (this.#present !== undefined || packet.payloadType !== this.#payloadType) return false;
      this.#present = packet.ssrc;
    }
    if (!this.#isNew(packet)) return true;
    this.#ended = false;
    if (this.#candidates.size > 0) this.#bothSend(now);
    return true;
  }

  /** Keeps a packet of another SSRC. The buffer must not be changed. */
  hold(buffer: Buffer, packet: RtpPacket, now: number): void {
    if (packet.payloadType !== this.#payloadType) return;
    const candidate = this.#candidates.get(packet.ssrc) ?? this.#newCandidate(packet.ssrc, now);
    if (!candidate) return;
    candidate.aloneSince ??= now;
    candidate.lastAt = now;
    if (this.#heldPackets >= maxHeld.packets || this.#heldBytes + buffer.length > maxHeld.bytes)
      this.#release(candidate, candidate.held.length);
    candidate.held.push({ buffer, packet, at: now });
    this.#heldPackets++;
    this.#heldBytes += buffer.length;
  }

  /** Notes a sender report of an SSRC that packets have come of. */
  reported(report: SenderReport, now: number): void {
    const candidate = this.#candidates.get(report.ssrc);
    if (candidate) candidate.report = { ...report, at: now };
  }

  /** The sender says that an SSRC has ended. */
  ended(ssrc: number): void {
    this.#drop(ssrc);
    if (ssrc === this.#present) this.#ended = true;
  }

  /** The SSRC to go on with, once: it is the present one from now on. */
  successor(now: number): Successor | undefined {
    if (this.#candidates.size === 0) return undefined;
    const ready = [...this.#candidates].filter(([, one]) => this.#takesOver(one, now));
    const [latest] = ready.sort(([, a], [, b]) => b.lastAt - a.lastAt);
    if (!latest || !this.#mayChange(now)) return undefined;
    const [ssrc, { held, report }] = latest;
    for (const other of [...this.#candidates.keys()]) this.#drop(other);
    this.#present = ssrc;
    this.#sequence = new SequenceTracker();
    this.#ended = false;
    this.changed++;
    return { ssrc, held: inOrder(held), report };
  }

  /** What was asked for again, or comes twice, does not show that the present one still sends. */
  #isNew({ sequence }: RtpPacket): boolean {
    const { first, highest } = this.#sequence;
    this.#sequence.accept(sequence);
    return first === undefined || this.#sequence.highest > highest;
  }

  #takesOver({ aloneSince, lastAt }: Candidate, now: number): boolean {
    if (aloneSince === undefined) return false;
    return this.#ended || lastAt - aloneSince >= aloneMs || now - aloneSince >= patienceMs;
  }

  #mayChange(now: number): boolean {
    const earned = Math.floor((now - this.#credit.at) / changes.everyMs);
    if (earned > 0)
      this.#credit = { left: Math.min(changes.most, this.#credit.left + earned), at: now };
    if (this.#credit.left === 0) return false;
    this.#credit.left--;
    return true;
  }

  /** The present one has sent: what others have sent until a while ago is not its continuation. */
  #bothSend(now: number): void {
    for (const [ssrc, candidate] of this.#candidates) {
      candidate.aloneSince = undefined;
      const fresh = candidate.held.findIndex(({ at }) => now - at <= overlapMs);
      this.#release(candidate, fresh === -1 ? candidate.held.length : fresh);
      if (now - candidate.lastAt > forgetMs) this.#drop(ssrc);
    }
  }

  #newCandidate(ssrc: number, now: number): Candidate | undefined {
    for (const [other, { lastAt }] of this.#candidates)
      if (this.#candidates.size >= maxCandidates && now - lastAt > forgetMs) this.#drop(other);
    if (this.#candidates.size >= maxCandidates) return undefined;
    const candidate: Candidate = { aloneSince: undefined, lastAt: now, held: [] };
    this.#candidates.set(ssrc, candidate);
    return candidate;
  }

  #drop(ssrc: number): void {
    const candidate = this.#candidates.get(ssrc);
    if (!candidate) return;
    this.#heldPackets -= candidate.held.length;
    this.#heldBytes -= bytesOf(candidate.held);
    this.#candidates.delete(ssrc);
  }

  #release(candidate: Candidate, count: number): void {
    if (count === 0) return;
    const released = candidate.held.splice(0, count);
    this.#heldPackets -= released.length;
    this.#heldBytes -= bytesOf(released);
  }
}

const bytesOf = (held: readonly HeldPacket[]): number =>
  held.reduce((sum, { buffer }) => sum + buffer.length, 0);

function inOrder(held: readonly HeldPacket[]): HeldPacket[] {
  const numbers = new Unwrapper(16);
  return held
    .map((one) => ({ one, number: numbers.unwrap(one.packet.sequence) }))
    .sort((a, b) => a.number - b.number)
    .map(({ one }) => one);
}
