/** One received track of a peer. */
export interface PeerTrack {
  readonly mid: string;
  onMessage(listener: (packet: Buffer) => void): void;
  /** Sends RTCP; false when the transport is not there (yet, or any more). */
  send(packet: Buffer): boolean;
}

/** The transport of one publisher: ICE, DTLS, SRTP. */
export interface Peer {
  onTrack(listener: (track: PeerTrack) => void): void;
  onConnected(listener: () => void): void;
  /** Called once, when the other side or the transport ended; not after `close`. */
  onClosed(listener: (reason: string) => void): void;
  /** Takes an offer; the complete answer, all candidates included. Rejects when the offer cannot be used. */
  answer(offer: string): Promise<string>;
  close(): void;
}

export type PeerFactory = (name: string) => Peer;
