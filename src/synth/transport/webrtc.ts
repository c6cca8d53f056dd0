// The one way to node-datachannel.
export {
  Audio,
  type DataChannel,
  PeerConnection,
  RtcpNackResponder,
  type Track,
  Video,
} from "node-datachannel";
