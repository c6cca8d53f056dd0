/** Keeps the page's peer connections, so that a test can tell what is received. Tests put this file into pages as it is. */
globalThis.peers = [];
globalThis.RTCPeerConnection = class extends globalThis.RTCPeerConnection {
  constructor(...given) {
    super(...given);
    globalThis.peers.push(this);
  }
};

/** Of every track that is received now: its kind, frames decoded, and energy heard. */
globalThis.received = async () => {
  const live = globalThis.peers.filter(({ connectionState }) => connectionState === "connected");
  const reports = await Promise.all(live.map((peer) => peer.getStats()));
  return reports
    .flatMap((report) => [...report.values()])
    .filter(({ type, packetsReceived }) => type === "inbound-rtp" && packetsReceived > 0)
    .map(({ kind, mid, framesDecoded = 0, totalAudioEnergy = 0 }) => ({
      kind,
      mid,
      framesDecoded,
      totalAudioEnergy,
    }));
};

/** How many others have been seen in motion and heard since then. */
globalThis.progress = async (since) => {
  const now = await globalThis.received();
  const grown = (kind, property, least) =>
    now.filter((track) => {
      const before = since.find(({ mid, kind }) => mid === track.mid && kind === track.kind);
      const was = before?.[property] ?? 0;
      // A connection that was made anew counts from zero.
      const growth = track[property] - (track[property] < was ? 0 : was);
      return track.kind === kind && growth > least;
    }).length;
  return Math.min(grown("video", "framesDecoded", 5), grown("audio", "totalAudioEnergy", 0));
};
