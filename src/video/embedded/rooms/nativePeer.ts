import nodeDataChannel, { type PeerConnection, type Track } from "node-datachannel";
import type { Peer, PeerFactory, PeerTrack } from "./peer.ts";

export interface TransportOptions {
  /** The one UDP port of all peers. */
  udpPort: number;
  /** Local address; absent = every address of the machine. */
  bindAddress?: string;
}

const gatherTimeoutMs = 3000;

/** Peers on libdatachannel, all on one UDP port. */
export function nativePeers(options: TransportOptions): PeerFactory {
  const { udpPort, bindAddress } = options;
  return (name) =>
    new NativePeer(
      new nodeDataChannel.PeerConnection(name, {
        iceServers: [],
        enableIceUdpMux: true,
        portRangeBegin: udpPort,
        portRangeEnd: udpPort,
        ...(bindAddress === undefined ? {} : { bindAddress }),
      }),
    );
}

class NativePeer implements Peer {
  #connection: PeerConnection;
  /** Kept: the native side does not keep them from being collected. */
  #tracks: Track[] = [];
  #closed = false;
  #listeners: {
    track?: (track: PeerTrack) => void;
    connected?: () => void;
    closed?: (reason: string) => void;
  } = {};

  constructor(connection: PeerConnection) {
    this.#connection = connection;
    connection.onTrack((track) => {
      this.#tracks.push(track);
      // Without a listener the native side keeps the handle of a closed track for ever.
      track.onClosed(() => undefined);
      this.#listeners.track?.(peerTrack(track));
    });
    connection.onStateChange((state) => this.#state(state));
  }

  onTrack(listener: (track: PeerTrack) => void): void {
    this.#listeners.track = listener;
  }

  onConnected(listener: () => void): void {
    this.#listeners.connected = listener;
  }

  onClosed(listener: (reason: string) => void): void {
    this.#listeners.closed = listener;
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
    return answer.sdp;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // Not from inside one of its own callbacks.
    setImmediate(() => {
      this.#connection.close();
      this.#tracks = [];
    });
  }

  #state(state: string): void {
    if (this.#closed) return;
    if (state === "connected") this.#listeners.connected?.();
    else if (state === "failed" || state === "closed")
      this.#listeners.closed?.(`transport_${state}`);
  }
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
