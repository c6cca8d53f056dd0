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
