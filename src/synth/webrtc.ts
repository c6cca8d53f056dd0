// The one way to node-datachannel.
export {
  Audio,
  cleanup,
  PeerConnection,
  RtcpNackResponder,
  type Track,
  Video,
} from "node-datachannel";
