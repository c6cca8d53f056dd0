import type { NoteOperation } from "../textOperation.ts";

/** A client of somebody's in a meeting: the name is the client's own, and nobody else can use that queue. */
export interface QueueOwner {
  meetingId: string;
  userId: string;
  clientId: string;
}

/** An operation as a client made it offline, under the client's own id. */
export interface NewOperation extends NoteOperation {
  id: string;
  /** The last operation in the text that the client had. */
  base: number;
}

/** The same in the queue. */
export interface QueuedOperation extends NewOperation {
  /** The order in which the client made them. */
  ordinal: number;
}

/** One that was carried out, and where that is in the log: `last` is below `first` where it came to nothing. */
export interface SyncedOperation extends QueuedOperation {
  first: number;
  last: number;
}
