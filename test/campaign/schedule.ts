import type { Fault } from "../../src/synth/getstream/faults.ts";
import type { PointName } from "./points.ts";

/** A schedule as plain data: what is called, what goes wrong, how Stream and receivers behave. Times are ms. */
export interface Schedule {
  /** Servers beside each other on one database. */
  nodes: number;
  stream: StreamManners;
  receiver: ReceiverManners;
  steps: Step[];
}

/** Lists are used in order, again from the beginning when they end. */
export interface StreamManners {
  /** Its clock is ahead of ours by so much. */
  aheadMs: number;
  /** From an accepted start until it runs. */
  captureMs: number[];
  /** From the end of a capture until its file is listed. */
  fileMs: number[];
  /** One way, of any request. */
  latencyMs: number[];
  /** What becomes of each of its webhooks: none = lost, two = told twice, each so late. */
  tellsAfterMs: number[][];
  gzip: boolean;
  /** After so many bytes the connection breaks over which a file is sent; 0 = never. */
  cutFileAfter: number[];
  /** Requests of each kind that it answers in a minute; absent = all. */
  perMinute?: number;
}

export interface ReceiverManners {
  answers: ReceiverAnswer[];
}

/** `lost`: taken, but its answer does not arrive. */
export type ReceiverAnswer = "taken" | "failed" | "silent" | "lost";

/** What happens, so long after the step before. */
export type Step = { afterMs: number } & Action;

export type Action =
  /** The host starts, `times` times at once. */
  | { do: "start"; times: number; audioOnly: boolean }
  | { do: "stop"; times: number }
  /** The host deletes the newest recording, `times` times at once. */
  | { do: "delete"; times: number }
  | { do: "endMeeting" }
  | { do: "refused"; who: Stranger; what: RefusedCall }
  /** Everybody leaves, and Stream ends the session. */
  | { do: "leave" }
  | { do: "join" }
  /** Stream's recorder dies without a file. */
  | { do: "loseCapture" }
  /** The next requests of this kind fail. */
  | { do: "fault"; operation: FaultyOperation; fault: Fault; times: number }
  /** A server dies at its next passage of this point, or, where `after` > 0, so many passages later. */
  | { do: "crashAt"; point: PointName; after: number; downMs: number }
  /** A server dies now. */
  | { do: "kill"; downMs: number }
  | { do: "nothing" };

export type Stranger = "participant" | "stranger" | "nobody";
export type RefusedCall = "start" | "stop" | "delete" | "endMeeting";

export const faultyOperations = [
  "StartRecording",
  "StopRecording",
  "GetCall",
  "QueryCalls",
  "UpdateCall",
  "ListRecordings",
  "DeleteRecording",
  "EndCall",
  "File",
] as const;
export type FaultyOperation = (typeof faultyOperations)[number];
