/** Publishes a picture that nothing compresses well, as fast as the network takes it. Tests put this file into pages as it is. */
globalThis.uplink = {
  connection: undefined,

  /** Resolves once connected. */
  async publish({ whipUrl, token }) {
    const connection = new RTCPeerConnection();
    this.connection = connection;
    connection.addTransceiver(noise(640, 360), { direction: "sendonly" });
    await connection.setLocalDescription();
    const response = await fetch(whipUrl, {
      method: "POST",
      headers: { "content-type": "application/sdp", authorization: `Bearer ${token}` },
      body: connection.localDescription.sdp,
    });
    const sdp = await response.text();
    if (response.status !== 201) throw new Error(`WHIP: ${response.status} ${sdp}`);
    await connection.setRemoteDescription({ type: "answer", sdp });
    if (connection.connectionState !== "connected")
      await new Promise((resolve) => {
        connection.addEventListener("connectionstatechange", () => {
          if (connection.connectionState === "connected") resolve();
        });
      });
  },

  /** What has been sent so far: pictures and bytes, and when that was, ms. */
  async sent() {
    const report = [...(await this.connection.getStats()).values()];
    const {
      framesSent = 0,
      bytesSent = 0,
      timestamp,
    } = report.find(({ type }) => type === "outbound-rtp") ?? {};
    return { frames: framesSent, bytes: bytesSent, at: timestamp };
  },
};

/** A picture of new random grey values 20 times a second. */
function noise(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  setInterval(() => {
    const pixels = new Uint32Array(image.data.buffer);
    for (let at = 0; at < pixels.length; at += 4)
      pixels.fill(0xff000000 | (Math.floor(Math.random() * 256) * 0x010101), at, at + 4);
    context.putImageData(image, 0, 0);
  }, 50);
  return canvas.captureStream().getVideoTracks()[0];
}
