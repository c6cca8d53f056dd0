/** How the media of a window in a free meeting stands. `closed` is for good. */
export type SessionState = "connecting" | "connected" | "disconnected" | "failed" | "closed";

export type ConnectionQuality = "excellent" | "good" | "fair" | "poor";

/** What a client keeps with its session; shallow. */
export type SessionMetadata = Record<string, string | number | boolean>;

/** A session as it is named: by its meeting, its owner, and the client's own name of it. */
export interface SessionName {
  meetingId: string;
  userId: string;
  sessionId: string;
}

export interface SessionDescription {
  type: "offer" | "answer" | "pranswer" | "rollback";
  sdp: string;
}

/** An RTCIceCandidateInit. The empty `candidate` says that there are no more. */
export interface IceCandidate {
  candidate: string;
  sdpMLineIndex?: number;
  sdpMid?: string;
  usernameFragment?: string;
}

export type SignalContent =
  | { type: "sdp"; data: SessionDescription }
  | { type: "ice"; data: IceCandidate };
