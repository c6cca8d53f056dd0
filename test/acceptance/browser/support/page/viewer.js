/** Watches a room by WHEP in nothing but browser API. Tests put this file into pages as it is. */
globalThis.viewer = new (class Viewer {
  #connection;
  #slots = [];
  #end;
  /** From the subscription's answer to the first picture, ms, in the order of the slots. */
  firstPictures = [];
  /** What the room's channel said last. */
  room = null;

  /** Subscribes with that many slots, and plays what comes. Resolves once connected. */
  async watch({ whepUrl, token, slots }) {
    const connection = new RTCPeerConnection();
    this.#connection = connection;
    this.#slots = Array.from({ length: slots }, () => ({
      audio: connection.addTransceiver("audio", { direction: "recvonly" }),
      video: connection.addTransceiver("video", { direction: "recvonly" }),
    }));
    const channel = connection.createDataChannel("room");
    channel.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "room") this.room = message;
    });
    const offer = await connection.createOffer();
    // Lost sound is asked for again only where the offer says so, which browsers leave out.
    const sdp = offer.sdp.replace(/^(a=rtpmap:(\d+) opus.*?)\r?$/gm, "$1\r\na=rtcp-fb:$2 nack");
    await connection.setLocalDescription({ type: "offer", sdp });
    const authorization = `Bearer ${token}`;
    const response = await fetch(whepUrl, {
      method: "POST",
      headers: { "content-type": "application/sdp", authorization },
      body: connection.localDescription.sdp,
    });
    const answer = await response.text();
    if (response.status !== 201) throw new Error(`WHEP: ${response.status} ${answer}`);
    const session = new URL(response.headers.get("location"), response.url);
    this.#end = () => fetch(session, { method: "DELETE", headers: { authorization } });
    const answered = performance.now();
    for (const [index, slot] of this.#slots.entries()) this.#play(slot, index, answered);
    await connection.setRemoteDescription({ type: "answer", sdp: answer });
  }

  /** Leaves as WHEP has it. */
  async leave() {
    const { status } = await this.#end();
    if (status !== 200) throw new Error(`WHEP: ${status}`);
    this.#connection.close();
  }

  /** What has arrived so far in each slot: of the last frame its size, else totals since the beginning. */
  async received() {
    const reports = [...(await this.#connection.getStats()).values()];
    const of = ({ mid }) =>
      reports.find((report) => report.type === "inbound-rtp" && report.mid === mid);
    return this.#slots.map(({ audio, video }) => ({
      audio: of(audio) ?? {},
      video: of(video) ?? {},
    }));
  }

  #play({ audio, video }, index, answered) {
    const element = document.createElement("video");
    element.srcObject = new MediaStream([audio.receiver.track, video.receiver.track]);
    document.body.append(element);
    element.requestVideoFrameCallback(() => {
      this.firstPictures[index] = performance.now() - answered;
    });
    void element.play().catch(() => undefined);
  }
})();
