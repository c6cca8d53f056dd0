/** A window of somebody in the meeting, as the server lists it. */
export interface PeerSession {
  sessionId: string;
  userId: string;
  name: string;
}

export type Signal =
  | { type: "sdp"; data: { type: RTCSdpType; sdp: string } }
  | { type: "ice"; data: IceCandidate };

/** An RTCIceCandidateInit as the server takes it: what is not known is left out. */
export interface IceCandidate {
  candidate: string;
  sdpMid?: string;
  sdpMLineIndex?: number;
  usernameFragment?: string;
}

export type ReceivedSignal = Signal & { id: string; fromUserId: string; sessionId: string };

/** What is known at one moment: who is there, oldest first, and what they sent. */
export interface PeerRound {
  sessions: PeerSession[];
  signals: ReceivedSignal[];
}

/** bit/s, percent lost, ms, ms. */
export interface ConnectionStats {
  bitrate: number;
  packetLoss: number;
  latency: number;
  jitter: number;
}

export type Standing = "connecting" | "connected" | "disconnected";

/** What is told to the server. Every call fails with ApiError. */
export interface PeerServer {
  iceServers(): Promise<RTCIceServer[]>;
  open(sessionId: string): Promise<void>;
  send(sessionId: string, targetUserId: string, signal: Signal): Promise<void>;
  processed(signalIds: string[]): Promise<void>;
  stand(sessionId: string, state: Standing): Promise<void>;
  /** @returns whether to try again */
  failed(sessionId: string, details: string): Promise<boolean>;
  report(sessionId: string, stats: ConnectionStats): Promise<void>;
  close(sessionId: string): Promise<void>;
}

export interface Following {
  stop(): void;
}

/** What comes from the server, whenever it changes. */
export interface PeerFeed {
  follow(onRound: (round: PeerRound) => void, onError: (error: unknown) => void): Following;
}
