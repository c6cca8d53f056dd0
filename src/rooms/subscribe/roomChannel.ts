import type { PeerChannel } from "../peer/peer.ts";
import {
  type ClientMessage,
  channelLabel,
  maxMessageBytes,
  parseClientMessage,
  type RoomView,
  type ServerMessage,
} from "./channelMessages.ts";

/** In one second; a page says a few. All rooms of the machine, and their captures, share the thread that reads them. */
const maxMessages = 100;
/** Channels refused before the whole subscription is: each stays in memory as long as the connection. */
const maxRefused = 8;

export interface RoomChannelListener {
  opened(): void;
  /** Something came, whatever it is. */
  heard(): void;
  message(message: ClientMessage): void;
  /** The other side opens one channel after the other. */
  tooMany(): void;
}

/** The channel over which one subscriber is told of the room, and says what it wants. */
export class RoomChannel {
  #listener: RoomChannelListener;
  /** Monotonic ms. */
  #now: () => number;
  #channel: PeerChannel | undefined;
  #open = false;
  #refused = 0;
  #messages = { since: 0, count: 0 };
  #told = "";
  #revision = 0;

  constructor(now: () => number, listener: RoomChannelListener) {
    this.#now = now;
    this.#listener = listener;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Takes the first channel with our label, and refuses others. */
  bind(channel: PeerChannel): void {
    if (channel.label !== channelLabel || this.#channel) {
      channel.close();
      if (++this.#refused > maxRefused) this.#listener.tooMany();
      return;
    }
    this.#channel = channel;
    this.#open = true;
    channel.onMessage((text) => this.#message(channel, text));
    channel.onClosed(() => this.close());
    this.#listener.opened();
  }

  /** Tells the room's state if it has changed since it was told; false when that has to be tried again. */
  tell(view: RoomView): boolean {
    const body = JSON.stringify(view);
    if (!this.#open || body === this.#told) return true;
    if (!this.send({ type: "room", revision: this.#revision + 1, ...view })) return false;
    this.#told = body;
    this.#revision++;
    return true;
  }

  /** False when it could not be sent. */
  send(message: ServerMessage): boolean {
    return this.#open && (this.#channel?.send(JSON.stringify(message)) ?? false);
  }

  /** Nothing is sent or read any more. */
  close(): void {
    this.#open = false;
  }

  #message(channel: PeerChannel, text: string): void {
    if (!this.#open) return;
    this.#listener.heard();
    if (Buffer.byteLength(text) > maxMessageBytes || this.#isFlooded(this.#now())) {
      this.close();
      channel.close();
      return;
    }
    const message = parseClientMessage(text);
    if (message?.type === "ping") this.send({ type: "pong" });
    else if (message) this.#listener.message(message);
  }

  #isFlooded(now: number): boolean {
    if (now - this.#messages.since >= 1000) this.#messages = { since: now, count: 0 };
    return ++this.#messages.count > maxMessages;
  }
}
