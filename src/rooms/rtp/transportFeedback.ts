import { Unwrapper } from "./sequence.ts";

/** Header extension that numbers all packets of a transport (draft-holmer-rmcat-transport-wide-cc-extensions-01). */
export const transportSequenceUri =
  "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/** Reports at least this far apart, ms. */
const reportEveryMs = 75;
/** So many packets are not kept waiting, and fit into one report. */
const fullReport = 200;
/** Most numbers a report speaks of, and the longest hole told: more is a new beginning, or somebody who means harm. */
const longestHole = 1000;
/** Units of the protocol, ms. */
const referenceUnitMs = 64;
const deltaUnitMs = 0.25;
const unitsPerReference = referenceUnitMs / deltaUnitMs;

const notReceived = 0;
const smallDelta = 1;
const largeDelta = 2;
type Status = typeof notReceived | typeof smallDelta | typeof largeDelta;

interface Arrival {
  /** Unwrapped. */
  sequence: number;
  /** In units of 250 µs. */
  at: number;
}

/**
 * Tells the sender of a transport when each of its packets arrived, by which it finds out what the network carries
 * before its queues are full (RTCP transport feedback, PT 205, FMT 15).
 */
export class TransportFeedback {
  #own: number;
  #numbers = new Unwrapper(16);
  #arrivals: Arrival[] = [];
  /** The first number that no report has spoken of. */
  #next: number | undefined;
  #sentAt = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** `own` is the SSRC of our feedback. */
  constructor(own: number) {
    this.#own = own;
  }

  /** Notes a packet's 16-bit transport sequence number; `now` is ms of any steady clock. */
  arrived(sequence: number, now: number): void {
    const unwrapped = this.#numbers.unwrap(sequence);
    this.#next ??= unwrapped;
    if (unwrapped < this.#next - longestHole) return;
    if (unwrapped > this.#next + longestHole) this.#next = unwrapped;
    this.#arrivals.push({ sequence: unwrapped, at: Math.round(now / deltaUnitMs) });
  }

  /** The reports that are due, about the stream `media`; none while there is nothing to tell. */
  take(now: number, media: number): Buffer[] {
    const { length } = this.#arrivals;
    if (length === 0 || (now - this.#sentAt < reportEveryMs && length < fullReport)) return [];
    this.#sentAt = now;
    const reports: Buffer[] = [];
    for (const arrivals of fitting(this.#inOrder())) {
      const first = arrivals[0]?.sequence ?? 0;
      const next = this.#next ?? first;
      // What is missing since the last report; before a late packet that has been told.
      const base = first < next || first - next > longestHole ? first : next;
      reports.push(encode({ own: this.#own, media, count: this.#count++ & 0xff, base, arrivals }));
      this.#next = Math.max(next, (arrivals.at(-1)?.sequence ?? 0) + 1);
    }
    return reports;
  }

  /** Takes what has arrived, each number once, ascending. */
  #inOrder(): Arrival[] {
    const arrivals = this.#arrivals.sort((a, b) => a.sequence - b.sequence || a.at - b.at);
    this.#arrivals = [];
    return arrivals.filter(({ sequence }, index) => sequence !== arrivals[index - 1]?.sequence);
  }
}

/** Cuts where a report is full, or a distance in time or in numbers is more than it can tell. */
function fitting(arrivals: readonly Arrival[]): Arrival[][] {
  const reports: Arrival[][] = [];
  let report: Arrival[] = [];
  for (const arrival of arrivals) {
    const [first, last] = [report[0], report.at(-1)];
    const fits =
      first !== undefined &&
      last !== undefined &&
      report.length < fullReport &&
      Math.abs(arrival.at - last.at) <= 0x7fff &&
      arrival.sequence - first.sequence <= longestHole;
    if (!fits) {
      report = [];
      reports.push(report);
    }
    report.push(arrival);
  }
  return reports;
}

interface Report {
  own: number;
  media: number;
  /** Of the reports so far, modulo 256. */
  count: number;
  /** Unwrapped number of the first packet spoken of, at most the first arrival's. */
  base: number;
  /** Ascending by number. */
  arrivals: readonly Arrival[];
}

function encode({ own, media, count, base, arrivals }: Report): Buffer {
  const reference = Math.floor((arrivals[0]?.at ?? 0) / unitsPerReference);
  const statuses: Status[] = [];
  const deltas: number[] = [];
  let last = reference * unitsPerReference;
  for (const { sequence, at } of arrivals) {
    while (base + statuses.length < sequence) statuses.push(notReceived);
    const delta = at - last;
    statuses.push(delta >= 0 && delta <= 0xff ? smallDelta : largeDelta);
    deltas.push(delta);
    last = at;
  }
  const chunks = chunksOf(statuses);
  const deltaBytes = deltas.reduce((sum, delta) => sum + bytesOf(delta), 0);
  const bytes = 20 + chunks.length * 2 + deltaBytes;
  const padding = -bytes & 3;
  const packet = Buffer.alloc(bytes + padding);
  packet.writeUInt8(0x80 | (padding > 0 ? 0x20 : 0) | 15, 0);
  if (padding > 0) packet.writeUInt8(padding, packet.length - 1);
  packet.writeUInt8(205, 1);
  packet.writeUInt16BE(packet.length / 4 - 1, 2);
  packet.writeUInt32BE(own, 4);
  packet.writeUInt32BE(media, 8);
  packet.writeUInt16BE(base & 0xffff, 12);
  packet.writeUInt16BE(statuses.length, 14);
  packet.writeUIntBE(reference & 0xffffff, 16, 3);
  packet.writeUInt8(count, 19);
  let to = 20;
  for (const chunk of chunks) to = packet.writeUInt16BE(chunk, to);
  for (const delta of deltas)
    to = bytesOf(delta) === 1 ? packet.writeUInt8(delta, to) : packet.writeInt16BE(delta, to);
  return packet;
}

const bytesOf = (delta: number): number => (delta >= 0 && delta <= 0xff ? 1 : 2);

/** Runs of one status (13 bits of length), or 14 statuses of one bit, or 7 of two. */
function chunksOf(statuses: readonly Status[]): number[] {
  const chunks: number[] = [];
  for (let at = 0; at < statuses.length; ) {
    const run = runAt(statuses, at);
    const oneBit = statuses.slice(at, at + 14);
    if (run >= 14 || at + run === statuses.length) {
      chunks.push(((statuses[at] ?? 0) << 13) | run);
      at += run;
    } else if (!oneBit.includes(largeDelta)) {
      chunks.push(oneBit.reduce((bits, status, i) => bits | (status << (13 - i)), 0x8000));
      at += 14;
    } else {
      const twoBits = statuses.slice(at, at + 7);
      chunks.push(twoBits.reduce((bits, status, i) => bits | (status << (12 - 2 * i)), 0xc000));
      at += 7;
    }
  }
  return chunks;
}

function runAt(statuses: readonly Status[], from: number): number {
  let to = from + 1;
  while (to < statuses.length && to - from < 0x1fff && statuses[to] === statuses[from]) to++;
  return to - from;
}
