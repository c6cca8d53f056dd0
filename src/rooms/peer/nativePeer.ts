import nodeDataChannel, {
  type Audio,
  type DataChannel,
  type PeerConnection,
  type RtcpNackResponder,
  type Track,
  type Video,
} from "node-datachannel";
import type { LocalRelay } from "./localRelay.ts";
import type {
  Peer,
  PeerChannel,
  PeerFactory,
  PeerTrack,
  SendingLine,
  SendingTrack,
} from "./peer.ts";

export interface TransportOptions {
  /** The one UDP port of all peers. */
  udpPort: number;
  /** Local address; absent = every address of the machine. */
  bindAddress?: string;
  /** Further addresses under which clients on this machine reach that port. */
  relay?: Pick<LocalRelay, "addresses">;
}

const gatherTimeoutMs = 3000;
/** Packets kept for retransmission: two seconds of video at 2.5 Mbit/s. */
const retransmissionPackets = { audio: 128, video: 512 } as const;
/** More than this waiting on a channel means that nobody reads, bytes. */
const maxBuffered = 256 * 1024;

/** Peers on libdatachannel, all on one UDP port. */
export function nativePeers(options: TransportOptions): PeerFactory {
  const { udpPort, bindAddress, relay } = options;
  return (name) =>
    new NativePeer(
      new nodeDataChannel.PeerConnection(name, {
        iceServers: [],
        enableIceUdpMux: true,
        portRangeBegin: udpPort,
        portRangeEnd: udpPort,
        ...(bindAddress === undefined ? {} : { bindAddress }),
      }),
      relay,
    );
}

class NativePeer implements Peer {
  #connection: PeerConnection;
  #relay: TransportOptions["relay"];
  /** Kept: the native side does not keep them from being collected. */
  #kept: (Track | DataChannel)[] = [];
  #handlers: RtcpNackResponder[] = [];
  #closed = false;
  #listeners: {
    track?: (track: PeerTrack) => void;
    channel?: (channel: PeerChannel) => void;
    connected?: () => void;
    closed?: (reason: string) => void;
  } = {};

  constructor(connection: PeerConnection, relay: TransportOptions["relay"]) {
    this.#connection = connection;
    this.#relay = relay;
    connection.onTrack((track) => {
      if (this.#keep(track)) this.#listeners.track?.(peerTrack(track));
    });
    connection.onDataChannel((channel) => {
      if (this.#keep(channel)) this.#listeners.channel?.(peerChannel(channel));
    });
    connection.onStateChange((state) => this.#state(state));
  }

  onTrack(listener: (track: PeerTrack) => void): void {
    this.#listeners.track = listener;
  }

  onChannel(listener: (channel: PeerChannel) => void): void {
    this.#listeners.channel = listener;
  }

  onConnected(listener: () => void): void {
    this.#listeners.connected = listener;
  }

  onClosed(listener: (reason: string) => void): void {
    this.#listeners.closed = listener;
  }

  addTrack(line: SendingLine): SendingTrack {
    const track = this.#connection.addTrack(description(line));
    const responder = new nodeDataChannel.RtcpNackResponder(retransmissionPackets[line.kind]);
    track.setMediaHandler(responder);
    this.#kept.push(track);
    this.#handlers.push(responder);
    return sendingTrack(track, line.mid);
  }

  async answer(offer: string): Promise<string> {
    const gathered = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error("candidates were not gathered in time")),
        gatherTimeoutMs,
      );
      this.#connection.onGatheringStateChange((state) => {
        if (state !== "complete") return;
        clearTimeout(timer);
        resolve();
      });
    });
    // A refused offer leaves the gathering pending: nobody waits for it then.
    gathered.catch(() => undefined);
    this.#connection.setRemoteDescription(offer, "offer");
    await gathered;
    const answer = this.#connection.localDescription();
    if (!answer) throw new Error("no answer was generated");
    return withCandidates(answer.sdp, (await this.#relay?.addresses()) ?? []);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The native side may keep this, and must not keep the session with it.
    this.#listeners = {};
    // Not from inside one of its own callbacks.
    setImmediate(() => {
      this.#connection.close();
      // Each keeps its listeners, and all they refer to, until it is closed itself.
      for (const one of this.#kept.splice(0)) one.close();
      this.#handlers = [];
    });
  }

  /** False for what comes when this is closed already. */
  #keep(part: Track | DataChannel): boolean {
    // Without a listener the native side keeps the handle of what is closed for ever.
    part.onClosed(() => undefined);
    if (this.#closed) part.close();
    else this.#kept.push(part);
    return !this.#closed;
  }

  #state(state: string): void {
    if (this.#closed) return;
    if (state === "connected") this.#listeners.connected?.();
    else if (state === "failed" || state === "closed")
      this.#listeners.closed?.(`transport_${state}`);
  }
}

/** Further host candidates behind the library's own, which are preferred. */
function withCandidates(
  sdp: string,
  addresses: readonly { address: string; port: number }[],
): string {
  return sdp.replace(
    /^a=candidate:(\S+) 1 UDP (\d+) .*\r\n(?=a=end-of-candidates)/m,
    (own: string, foundation: string, priority: string) =>
      addresses.reduce((lines, { address, port }, index) => {
        const rank = `${foundation}${index} 1 UDP ${Number(priority) - 256 * (index + 1)}`;
        return `${lines}a=candidate:${rank} ${address} ${port} typ host\r\n`;
      }, own),
  );
}

function peerTrack(track: Track): PeerTrack {
  return {
    mid: track.mid(),
    onMessage: (listener) => track.onMessage(listener),
    send: (packet) => {
      try {
        return track.isOpen() && track.sendMessageBinary(packet);
      } catch {
        // Closed between the two calls.
        return false;
      }
    },
  };
}

/** Says itself when it is open: asking with every packet costs. */
function sendingTrack(track: Track, mid: string): SendingTrack {
  let open = false;
  track.onClosed(() => {
    open = false;
  });
  return {
    mid,
    onMessage: (listener) => track.onMessage(listener),
    onOpen: (listener) =>
      track.onOpen(() => {
        open = true;
        listener();
      }),
    send: (packet) => {
      try {
        return open && track.sendMessageBinary(packet);
      } catch {
        return false;
      }
    },
  };
}

function description(line: SendingLine): Audio | Video {
  const { mid, kind, formats, ssrc, stream, attributes } = line;
  const media = kind === "audio" ? audio(mid, formats) : video(mid, formats);
  media.addSSRC(ssrc, stream, stream, `${stream}-${kind}`);
  for (const attribute of attributes) media.parseSdpLine(`a=${attribute}`);
  return media;
}

function audio(mid: string, formats: SendingLine["formats"]): Audio {
  const media = new nodeDataChannel.Audio(mid, "SendOnly");
  for (const { payloadType, parameters } of formats) {
    // Without any it writes its own, and `undefined` it does not take.
    if (parameters === undefined) media.addOpusCodec(payloadType);
    else media.addOpusCodec(payloadType, parameters);
  }
  return media;
}

function video(mid: string, formats: SendingLine["formats"]): Video {
  const media = new nodeDataChannel.Video(mid, "SendOnly");
  for (const { codec, payloadType, parameters } of formats) {
    // It has parameters: those of a subscriber name a packetization mode.
    if (codec === "H264") media.addH264Codec(payloadType, parameters);
    else media.addVP8Codec(payloadType);
  }
  return media;
}

function peerChannel(channel: DataChannel): PeerChannel {
  return {
    label: channel.getLabel(),
    onMessage: (listener) =>
      channel.onMessage((message) => {
        if (typeof message === "string") listener(message);
      }),
    onClosed: (listener) => channel.onClosed(listener),
    send: (message) => {
      try {
        if (!channel.isOpen() || channel.bufferedAmount() > maxBuffered) return false;
        return channel.sendMessage(message);
      } catch {
        return false;
      }
    },
    close: () => channel.close(),
  };
}
