import { exclusive, faults } from "./faults.ts";
import { plainSender } from "./plain.ts";
import { Random } from "./random.ts";
import type { NumberScript, SenderScript, SessionScript } from "./script.ts";

/** The session of a seed (32 bits): one sender, sometimes two, with up to four faults each. Pure. */
export function drawSession(seed: number): SessionScript {
  const random = new Random(seed);
  const fromMs = random.whole(500, 4000);
  const toMs = fromMs + random.whole(8000, 18_000);
  const people = random.chance(0.1) ? 2 : 1;
  const session: SessionScript = {
    ...{ seed, name: "", lengthMs: toMs, wallSteps: [] },
    recording: { fromMs, toMs, pauses: [] },
    senders: Array.from({ length: people }, (_, index) => drawSender(index, random.fork())),
  };
  const names = session.senders.map((sender) => {
    const chosen = chooseFaults(random.fork(), session.senders.length > 1);
    for (const name of chosen) faults[name]?.({ session, sender, random: random.fork() });
    leaveKnowable(sender);
    return [sender.video.codec, ...chosen].join(", ");
  });
  return { ...session, name: names.join(" | ") };
}

/** Arrival tells of a jump, and without reports of a pause: not while nothing arrives. */
function leaveKnowable({ reports, audio, video, network }: SenderScript): void {
  const silently = audio.pauses.some(({ timeGoesOn }) => !timeGoesOn);
  const jumps = audio.jumps.length + video.jumps.length > 0;
  if (jumps || (silently && reports === undefined)) network.stalls = [];
}

function drawSender(participant: number, random: Random): SenderScript {
  const sender = plainSender(participant);
  const clockRates = { audio: 48_000, video: 90_000 };
  for (const kind of ["audio", "video"] as const) {
    sender[kind].numbers = drawNumbers(random, clockRates[kind]);
    sender[kind].encodeMs = random.between(0, kind === "audio" ? 10 : 30);
  }
  const everyMs = random.between(700, 2500);
  return {
    ...sender,
    clock: { offsetMs: random.between(-1000, 1000), ppm: 0 },
    reports: { firstMs: random.between(100, 2500), everyMs, wrong: [] },
    network: {
      ...sender.network,
      delayMs: random.between(5, 150),
      jitterMs: random.between(0, 20),
    },
    video: {
      ...sender.video,
      codec: random.pick(["VP8", "H264"]),
      keyframeEveryMs: random.between(2000, 6000),
      answersAfterMs: random.between(50, 200),
    },
  };
}

/** Some are about to wrap. */
function drawNumbers(random: Random, clockRate: number): NumberScript {
  const wraps = random.chance(0.3);
  const soon = clockRate * 10;
  return {
    ssrc: random.whole(1, 2 ** 32 - 1),
    sequence: wraps ? random.whole(65_200, 65_535) : random.whole(0, 65_535),
    timestamp: wraps ? 2 ** 32 - random.whole(1, soon) : random.whole(0, 2 ** 32 - 1),
    ppm: 0,
  };
}

/** What befalls a session happens to all of its senders, so it is left to those that are alone. */
const ofSession = ["recording paused", "wall clock set"];

function chooseFaults(random: Random, together: boolean): string[] {
  const open = new Set(
    Object.keys(faults).filter((name) => !together || !ofSession.includes(name)),
  );
  const chosen: string[] = [];
  for (let count = random.whole(together ? 0 : 1, 4); count > 0 && open.size > 0; count--) {
    const name = [...open][random.whole(0, open.size - 1)] ?? "";
    chosen.push(name);
    open.delete(name);
    for (const group of exclusive)
      if (group.includes(name)) for (const one of group) open.delete(one);
  }
  return chosen;
}
