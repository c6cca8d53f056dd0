/** Keeps the page's peer connections, so that a test can tell what is received. Tests put this file into pages as it is. */
globalThis.peers = [];
globalThis.RTCPeerConnection = class extends globalThis.RTCPeerConnection {
  constructor(...given) {
    super(...given);
    globalThis.peers.push(this);
  }
};

/** Of every track that is received now: its connection and place there, its kind, frames decoded, and energy heard. */
globalThis.received = async () => {
  const tracks = await Promise.all(globalThis.peers.map(receivedBy));
  return tracks.flat();
};

async function receivedBy(peer, connection) {
  if (peer.connectionState !== "connected") return [];
  const report = await peer.getStats();
  return [...report.values()]
    .filter(({ type, packetsReceived }) => type === "inbound-rtp" && packetsReceived > 0)
    .map(({ kind, mid, framesDecoded = 0, totalAudioEnergy = 0 }) => ({
      ...{ connection, mid, kind, framesDecoded, totalAudioEnergy },
    }));
}

/** How many others have been seen in motion and heard since then. */
globalThis.progress = async (since) => {
  const now = await globalThis.received();
  const isSame = (one) => (other) => other.connection === one.connection && other.mid === one.mid;
  const grown = (kind, property, least) =>
    now.filter((track) => {
      const before = since.find(isSame(track))?.[property] ?? 0;
      return track.kind === kind && track[property] - before > least;
    }).length;
  return Math.min(grown("video", "framesDecoded", 5), grown("audio", "totalAudioEnergy", 0));
};

/** Windows share few cores: these people's cameras give small pictures. */
const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = ({ video, ...others }) =>
  getUserMedia({
    ...others,
    ...(video ? { video: { ...video, width: { ideal: 320 }, height: { ideal: 180 } } } : {}),
  });
