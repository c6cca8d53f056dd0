/** Publishes a camera in several sizes at once (simulcast). A module of its own page. */
import { offerByWhip } from "./whip.js";

const width = 1280;
const height = 720;

globalThis.layers = {
  connection: undefined,

  /** `rids` are named from the smallest to the largest; the answer says which of them is sent. */
  async publish({ whipUrl, token, rids }) {
    const connection = new RTCPeerConnection();
    this.connection = connection;
    const sendEncodings = rids.map((rid, index) => ({
      rid,
      scaleResolutionDownBy: 2 ** (rids.length - 1 - index),
    }));
    connection.addTransceiver(camera(), { direction: "sendonly", sendEncodings });
    await offerByWhip(connection, { whipUrl, token });
  },

  /** What is sent: how many pictures of each RID so far. */
  async sent() {
    const report = [...(await this.connection.getStats()).values()];
    return report
      .filter(({ type, framesSent }) => type === "outbound-rtp" && framesSent > 0)
      .map(({ rid, framesSent }) => ({ rid, frames: framesSent }));
  },
};

function camera() {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  document.body.append(canvas);
  const context = canvas.getContext("2d", { alpha: false });
  let step = 0;
  setInterval(() => {
    context.fillStyle = `hsl(${step++ % 360} 60% 50%)`;
    context.fillRect(0, 0, width, height);
  }, 100);
  return canvas.captureStream().getVideoTracks()[0];
}
