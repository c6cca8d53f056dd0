import type { Format } from "../sdp/format.ts";

/** One track of a peer. */
export interface PeerTrack {
  readonly mid: string;
  onMessage(listener: (packet: Buffer) => void): void;
  /** Sends a packet; false when the transport is not there (yet, or any more). */
  send(packet: Buffer): boolean;
}

/** A track this side sends on. */
export interface SendingTrack extends PeerTrack {
  /** Packets are taken from now on. */
  onOpen(listener: () => void): void;
}

/** What a line we answer as sender says. */
export interface SendingLine {
  mid: string;
  kind: "audio" | "video";
  formats: readonly Format[];
  ssrc: number;
  /** Tracks of one stream are played in sync. */
  stream: string;
  /** Further attribute lines, without `a=`. */
  attributes: readonly string[];
}

/** An ordered, reliable channel of text messages. */
export interface PeerChannel {
  readonly label: string;
  onMessage(listener: (message: string) => void): void;
  onClosed(listener: () => void): void;
  /** False when it is not open, or too much is waiting already. */
  send(message: string): boolean;
  close(): void;
}

/** The transport of one person's media: ICE, DTLS, SRTP. */
export interface Peer {
  onTrack(listener: (track: PeerTrack) => void): void;
  onChannel(listener: (channel: PeerChannel) => void): void;
  onConnected(listener: () => void): void;
  /** Called once, when the other side or the transport ended; not after `close`. */
  onClosed(listener: (reason: string) => void): void;
  /** Answers the offer's line of that mid as sender; to be called before `answer`. */
  addTrack(line: SendingLine): SendingTrack;
  /** Takes an offer; the complete answer, all candidates included. @throws when the offer cannot be used or candidates do not come */
  answer(offer: string): Promise<string>;
  close(): void;
}

export type PeerFactory = (name: string) => Peer;
