/** The notes of a meeting as stored; times are epoch ms. */
export interface Notes {
  meetingId: string;
  content: string;
  /** One more with every call that changes something. */
  version: number;
  /** Of the last operation in the log. */
  sequence: number;
  /** The log has all operations above this one. */
  keptFrom: number;
  /** UTF-16 units in the log. */
  loggedCharacters: number;
  rebasedAt: number;
  createdAt: number;
  updatedAt: number;
}

/** Who writes, and where. */
export interface Writer {
  meetingId: string;
  userId: string;
}
