import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { PeerConnection, type Track } from "node-datachannel";

export interface ReceivedPacket {
  kind: "audio" | "video";
  /** Epoch ms. */
  at: number;
  /** The connection it came over, counted from 0. */
  connection: number;
  data: Buffer;
}

interface Connection {
  peer: PeerConnection;
  tracks: Track[];
  reports: NodeJS.Timeout;
}

export type Refusal = { status: number; body?: unknown; headers?: Record<string, string> };

/** A WHIP endpoint that keeps all packets and does what a test tells it to. */
export class WhipReceiver {
  readonly packets: ReceivedPacket[] = [];
  readonly requests: { method: string; path: string; authorization: string }[] = [];
  /** Answers the next POSTs in order, one each. */
  readonly refusals: Refusal[] = [];
  readonly #connections: Connection[] = [];
  readonly #server: Server;
  /** False: media is answered for, but never reached. */
  answersMedia = true;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => {
      void this.#answer(request, response).catch(() => response.writeHead(500).end());
    });
  }

  static async open(): Promise<WhipReceiver> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new WhipReceiver(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/rooms/r1/whip`;
  }

  of(kind: "audio" | "video", connection?: number): Buffer[] {
    const wanted = this.packets.filter((packet) => packet.kind === kind);
    return wanted
      .filter((packet) => connection === undefined || packet.connection === connection)
      .map(({ data }) => data);
  }

  rtp(kind: "audio" | "video", connection?: number): Buffer[] {
    return this.of(kind, connection).filter((packet) => !isRtcp(packet));
  }

  rtcp(kind: "audio" | "video"): Buffer[] {
    return this.of(kind).filter(isRtcp);
  }

  /** Asks the latest connection's video for a key frame. */
  requestKeyFrame(): void {
    this.#sendVideoFeedback(1, 206, Buffer.alloc(0));
  }

  /** Asks for one packet again. */
  requestPacket(sequence: number): void {
    const entry = Buffer.alloc(4);
    entry.writeUInt16BE(sequence, 0);
    this.#sendVideoFeedback(1, 205, entry);
  }

  /** The server's side of every connection is gone; WebRTC has no word for that which would arrive. */
  dropConnections(): void {
    for (const connection of this.#connections.splice(0)) {
      clearInterval(connection.reports);
      for (const track of connection.tracks) track.close();
      connection.peer.close();
    }
  }

  /** The server is stuck: nothing comes from it any more, but its connections stay. */
  fallSilent(): void {
    for (const { reports } of this.#connections) clearInterval(reports);
  }

  async close(): Promise<void> {
    this.dropConnections();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    this.requests.push({ method, path: url, authorization: headers.authorization ?? "" });
    const offer = await text(request);
    if (method === "DELETE") return void response.writeHead(200).end();
    const refusal = this.refusals.shift();
    if (refusal) {
      response.writeHead(refusal.status, {
        "content-type": "application/json",
        ...refusal.headers,
      });
      return void response.end(JSON.stringify(refusal.body ?? {}));
    }
    const answer = await this.#accept(offer);
    response.writeHead(201, { "content-type": "application/sdp", location: `${url}/session-1` });
    response.end(this.answersMedia ? answer : answer.replace(/^a=candidate:.*\r\n/gm, ""));
  }

  async #accept(offer: string): Promise<string> {
    const peer = new PeerConnection("receiver", { iceServers: [], bindAddress: "127.0.0.1" });
    const tracks: Track[] = [];
    /** SSRC of what each track carries. */
    const sources = new Map<Track, Buffer>();
    const connection = this.#connectionCount++;
    peer.onTrack((track) => {
      tracks.push(track);
      track.onClosed(() => undefined);
      const kind = kindOf(track);
      track.onMessage((data) => {
        if (!isRtcp(data)) sources.set(track, data.subarray(8, 12));
        this.packets.push({ kind, at: Date.now(), connection, data });
      });
    });
    // Tracks and connections whose end nobody listens for keep the process alive.
    peer.onStateChange(() => undefined);
    const gathered = new Promise<void>((resolve) => {
      peer.onGatheringStateChange((state) => state === "complete" && resolve());
    });
    peer.setRemoteDescription(this.answersMedia ? offer : withoutCandidates(offer), "offer");
    await gathered;
    const reports = setInterval(() => this.#report(sources), 200);
    this.#connections.push({ peer, tracks, reports });
    return peer.localDescription()?.sdp ?? "";
  }

  #connectionCount = 0;

  /** Receiver reports with one block each, all zeros: enough to show that somebody listens. */
  #report(sources: ReadonlyMap<Track, Buffer>): void {
    for (const [track, source] of sources) {
      if (!track.isOpen()) continue;
      const report = Buffer.alloc(32);
      report.writeUInt32BE(0x81c90007, 0);
      report.writeUInt32BE(1, 4);
      source.copy(report, 8);
      track.sendMessageBinary(report);
    }
  }

  #sendVideoFeedback(format: number, type: number, information: Buffer): void {
    const track = this.#connections
      .at(-1)
      ?.tracks.find((candidate) => kindOf(candidate) === "video");
    const media = this.rtp("video", this.#connectionCount - 1)[0];
    if (!track || !media) throw new Error("no video is being received");
    const packet = Buffer.alloc(12 + information.length);
    packet.writeUInt16BE(((0x80 | format) << 8) | type, 0);
    packet.writeUInt16BE(packet.length / 4 - 1, 2);
    packet.writeUInt32BE(1, 4);
    media.copy(packet, 8, 8, 12);
    information.copy(packet, 12);
    track.sendMessageBinary(packet);
  }
}

function kindOf(track: Track): "audio" | "video" {
  return track.type() === "audio" ? "audio" : "video";
}

function withoutCandidates(sdp: string): string {
  return sdp.replace(/^a=candidate:.*\r?\n/gm, "");
}

function isRtcp(packet: Buffer): boolean {
  const type = packet[1] ?? 0;
  return type >= 192 && type <= 223;
}
