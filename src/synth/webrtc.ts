// The one way to node-datachannel.
export {
  Audio,
  PeerConnection,
  RtcpNackResponder,
  type Track,
  Video,
} from "node-datachannel";
