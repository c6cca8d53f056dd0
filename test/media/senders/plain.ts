import type {
  AudioScript,
  NetworkScript,
  SenderScript,
  SessionScript,
  VideoScript,
} from "./script.ts";

/** What differs from a session in which nothing goes wrong. */
export interface Changes {
  lengthMs?: number;
  recording?: Partial<SessionScript["recording"]>;
  wallSteps?: SessionScript["wallSteps"];
  clock?: Partial<SenderScript["clock"]>;
  /** null: none. */
  reports?: Partial<NonNullable<SenderScript["reports"]>> | null;
  network?: Partial<NetworkScript>;
  audio?: Partial<AudioScript>;
  video?: Partial<VideoScript>;
}

/** One sender without a fault, recorded from its second second on. */
export function plainSession(name: string, changes: Changes = {}): SessionScript {
  const { lengthMs = 12_000, recording = {}, wallSteps = [] } = changes;
  return {
    ...{ seed: 1, name, lengthMs, wallSteps },
    recording: { fromMs: 1500, toMs: lengthMs, pauses: [], ...recording },
    senders: [plainSender(0, changes)],
  };
}

export function plainSender(participant: number, changes: Changes = {}): SenderScript {
  const { clock, reports, network, audio, video } = changes;
  return {
    participant,
    clock: { offsetMs: 0, ppm: 0, ...clock },
    reports: reports === null ? undefined : { firstMs: 300, everyMs: 1000, wrong: [], ...reports },
    network: {
      ...{ delayMs: 20, jitterMs: 5, reorders: false, duplicates: 0, loss: 0, stalls: [] },
      ...network,
    },
    audio: {
      numbers: { ssrc: 1001 + participant, sequence: 100, timestamp: 10_000, ppm: 0 },
      ...{ nack: true, encodeMs: 5, jumps: [], sources: [], pauses: [], dtx: false, ...audio },
    },
    video: {
      numbers: { ssrc: 2001 + participant, sequence: 5000, timestamp: 900_000, ppm: 0 },
      ...{ nack: true, encodeMs: 15, jumps: [], sources: [], pauses: [] },
      ...{ codec: "VP8", sizes: [{ atMs: 0, width: 192, height: 108 }] },
      ...{ keyframeEveryMs: 4000, answersAfterMs: 80, parameterSets: "inline", stills: [] },
      ...video,
    },
  };
}
