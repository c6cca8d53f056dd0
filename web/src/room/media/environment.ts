/** What the media client takes from the browser, so that tests can stand in for it. */
export interface MediaEnvironment {
  /** Monotonic, ms. */
  now(): number;
  /** 0 ≤ x < 1. */
  random(): number;
  /** Calls back once after `ms`. @returns how to call it off */
  after(ms: number, run: () => void): () => void;
  fetch: typeof globalThis.fetch;
  createPeer(config: RTCConfiguration): RTCPeerConnection;
  /** What video can be sent in. */
  videoCodecs(): RTCRtpCodec[];
  createStream(tracks: MediaStreamTrack[]): MediaStream;
  isOnline(): boolean;
  /** Calls back whenever the device is on the network again. @returns how to end that */
  onOnline(run: () => void): () => void;
}

/** The browser itself. */
export const browserEnvironment: MediaEnvironment = {
  now: () => performance.now(),
  random: Math.random,
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  fetch: (input, init) => globalThis.fetch(input, init),
  createPeer: (config) => new RTCPeerConnection(config),
  videoCodecs: () => RTCRtpSender.getCapabilities("video")?.codecs ?? [],
  createStream: (tracks) => new MediaStream(tracks),
  isOnline: () => navigator.onLine,
  onOnline: (run) => {
    window.addEventListener("online", run);
    return () => window.removeEventListener("online", run);
  },
};
