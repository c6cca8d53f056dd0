import type { MediaEnvironment } from "./environment.ts";
import type { Loss } from "./link.ts";

/** A connection in trouble often mends itself; after this long it is given up, ms. */
const disconnectedMs = 3000;
/** From the answer to the connection, ms. */
const connectMs = 10_000;

/** Follows one connection: resolves `connected` once, and tells when it is lost. */
export class PeerWatch {
  readonly connected: Promise<void>;
  readonly #env: MediaEnvironment;
  readonly #peer: RTCPeerConnection;
  readonly #onLost: (why: Loss) => void;
  #cancel: (() => void) | undefined;
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #over = false;
  #lost = false;

  constructor(env: MediaEnvironment, peer: RTCPeerConnection, onLost: (why: Loss) => void) {
    this.#env = env;
    this.#peer = peer;
    this.#onLost = onLost;
    this.connected = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Nobody may be waiting any more when it fails.
    this.connected.catch(() => undefined);
    this.#cancel = env.after(connectMs, () => this.#lose("silent"));
    peer.addEventListener("connectionstatechange", this.#look);
    peer.addEventListener("icegatheringstatechange", this.#gathered);
  }

  /** Also told when the other side says goodbye (DTLS), which the connection's own state does not show in time. */
  watchTransport(transport: RTCDtlsTransport | null | undefined): void {
    transport?.addEventListener("statechange", () => {
      if (transport.state === "closed") this.#lose("closed");
    });
  }

  /** Whether there is nobody left to say goodbye to. */
  get lost(): boolean {
    return this.#lost;
  }

  stop(): void {
    this.#over = true;
    this.#cancel?.();
    this.#peer.removeEventListener("connectionstatechange", this.#look);
    this.#peer.removeEventListener("icegatheringstatechange", this.#gathered);
    this.#settle?.reject(new Error("stopped"));
  }

  readonly #look = () => {
    const { connectionState } = this.#peer;
    if (connectionState === "connected") this.#isConnected();
    else if (connectionState === "failed") this.#gathered();
    else if (connectionState === "closed") this.#lose("closed");
    else if (connectionState === "disconnected") this.#waitForRecovery();
  };

  /** A way that is refused is not the end while others are being gathered, though Chromium calls it "failed". */
  readonly #gathered = () => {
    const { connectionState, iceGatheringState } = this.#peer;
    if (connectionState === "failed" && iceGatheringState === "complete") this.#lose("silent");
  };

  #isConnected(): void {
    this.#cancel?.();
    this.#settle?.resolve();
  }

  #waitForRecovery(): void {
    this.#cancel?.();
    this.#cancel = this.#env.after(disconnectedMs, () => this.#lose("silent"));
  }

  #lose(why: Loss): void {
    if (this.#over) return;
    this.#lost = true;
    this.stop();
    this.#onLost(why);
  }
}
