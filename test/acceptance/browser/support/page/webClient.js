/** A web developer's client of the server in nothing but browser API. Tests put this file into pages as it is. */
globalThis.WebClient = class WebClient {
  #server = "";
  #token;
  #connection;
  #draw;
  #hangUp;

  /** For a page that is not the server's own: where the server is, and the token to show there. */
  use(server, token) {
    this.#server = server;
    this.#token = token;
  }

  /** Calls a function; on the server's own pages as the person who is signed in there. */
  async call(name, args = {}) {
    const token = this.#token ?? JSON.parse(localStorage.getItem("connvo.session"))?.token;
    const response = await fetch(`${this.#server}/api/run/${name.replace(":", "/")}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({ args }),
    });
    const answer = await response.json();
    if (answer.status !== "success") throw new Error(`${name}: ${JSON.stringify(answer)}`);
    return answer.value;
  }

  /** Status and place of the first four bytes of a file. */
  async beginningOf(url) {
    const headers = { authorization: `Bearer ${this.#token}`, range: "bytes=0-3" };
    const response = await fetch(url, { headers });
    const bytes = await response.arrayBuffer();
    const range = response.headers.get("content-range");
    return { status: response.status, range, bytes: bytes.byteLength };
  }

  /** Publishes a picture of two colours and a tone by WHIP; an earlier publication ends. Resolves once connected. */
  async publish({ whipUrl, token, codec, colours, pitchHz, configuration, generous }) {
    this.#end();
    const connection = new RTCPeerConnection(configuration);
    this.#connection = connection;
    const picture = this.#picture(colours);
    if (generous) {
      connection.createDataChannel("chat");
      this.#addVideo(picture, codec, [{ rid: "hi" }, { rid: "lo", scaleResolutionDownBy: 2 }]);
    }
    this.#addVideo(picture, codec);
    connection.addTransceiver(this.#tone(pitchHz), { direction: "sendonly" });
    await connection.setLocalDescription();
    const authorization = `Bearer ${token}`;
    const response = await fetch(whipUrl, {
      method: "POST",
      headers: { "content-type": "application/sdp", authorization },
      body: connection.localDescription.sdp,
    });
    const answer = await response.text();
    if (response.status !== 201) throw new Error(`WHIP: ${response.status} ${answer}`);
    const session = new URL(response.headers.get("location"), response.url);
    this.#hangUp = () => fetch(session, { method: "DELETE", headers: { authorization } });
    await connection.setRemoteDescription({ type: "answer", sdp: answer });
    await this.#connected();
  }

  /** Ends the publication as WHIP has it; what the server does then is not because nothing comes any more. */
  async hangUp() {
    const { status } = await this.#hangUp();
    if (status !== 200) throw new Error(`WHIP: ${status}`);
  }

  /** Resolves with the state once the connection is lost. */
  lost() {
    return this.#reaches("disconnected", "failed", "closed");
  }

  /** Codec of the video being sent; undefined before the first frame. */
  async sentCodec() {
    const reports = [...(await this.#connection.getStats()).values()];
    const video = reports.find(({ type, kind }) => type === "outbound-rtp" && kind === "video");
    return reports.find(({ id }) => id === video?.codecId)?.mimeType;
  }

  /** The kind of each stream of which something has been sent. */
  async sentStreams() {
    const reports = [...(await this.#connection.getStats()).values()];
    const sent = reports.filter(({ type, bytesSent }) => type === "outbound-rtp" && bytesSent > 0);
    return sent.map(({ kind }) => kind).sort();
  }

  /** Pictures sent so far. */
  async sentFrames() {
    const reports = [...(await this.#connection.getStats()).values()];
    return reports
      .filter(({ type, kind }) => type === "outbound-rtp" && kind === "video")
      .reduce((sum, { framesSent = 0 }) => sum + framesSent, 0);
  }

  /** Which ways to the outside these servers open: the protocols of relayed addresses, and the codes of what failed. */
  async relayedVia(configuration) {
    const connection = new RTCPeerConnection(configuration);
    const errors = new Set();
    connection.addEventListener("icecandidateerror", ({ errorCode }) => errors.add(errorCode));
    const gathered = new Promise((resolve) => {
      connection.addEventListener("icecandidate", ({ candidate }) => candidate ?? resolve());
    });
    connection.addTransceiver("audio");
    await connection.setLocalDescription();
    await gathered;
    const reports = [...(await connection.getStats()).values()];
    connection.close();
    const relayed = reports.filter(({ candidateType }) => candidateType === "relay");
    return { protocols: relayed.map(({ relayProtocol }) => relayProtocol), errors: [...errors] };
  }

  /** How the media gets to the server: type and protocol of our own end of the pair in use. */
  async sentFrom() {
    const reports = await this.#connection.getStats();
    const all = [...reports.values()];
    const { selectedCandidatePairId } = all.find(({ type }) => type === "transport") ?? {};
    const pair = reports.get(selectedCandidatePairId);
    const { candidateType, relayProtocol } = reports.get(pair?.localCandidateId) ?? {};
    return { candidateType, relayProtocol };
  }

  #end() {
    clearInterval(this.#draw);
    this.#connection?.close();
  }

  /** A way that is refused is not the end while others are being gathered, though Chromium calls it "failed". */
  #connected() {
    const connection = this.#connection;
    return new Promise((resolve, reject) => {
      const look = () => {
        const { connectionState, iceGatheringState } = connection;
        if (connectionState === "connected") resolve();
        if (connectionState === "failed" && iceGatheringState === "complete")
          reject(new Error("no connection for media"));
      };
      connection.addEventListener("connectionstatechange", look);
      connection.addEventListener("icegatheringstatechange", look);
      look();
    });
  }

  #reaches(...states) {
    const connection = this.#connection;
    return new Promise((resolve) => {
      const look = () => {
        if (states.includes(connection.connectionState)) resolve(connection.connectionState);
      };
      connection.addEventListener("connectionstatechange", look);
      look();
    });
  }

  #addVideo(track, codec, sendEncodings = []) {
    const how = { direction: "sendonly", sendEncodings };
    const transceiver = this.#connection.addTransceiver(track, how);
    const { codecs } = RTCRtpSender.getCapabilities("video");
    const wanted = codecs.filter(({ mimeType }) => mimeType === `video/${codec}`);
    if (wanted.length === 0) throw new Error(`this browser does not send ${codec}`);
    transceiver.setCodecPreferences(wanted);
  }

  /** One colour on the left, one on the right, and a white bar that crosses the lower half once in two seconds. */
  #picture([left, right]) {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
    const context = canvas.getContext("2d");
    const fill = (colour, ...rectangle) => {
      context.fillStyle = colour;
      context.fillRect(...rectangle);
    };
    const draw = () => {
      fill(left, 0, 0, 320, 360);
      fill(right, 320, 0, 320, 360);
      fill("#fff", ((performance.now() % 2000) / 2000) * 600, 200, 40, 60);
    };
    draw();
    this.#draw = setInterval(draw, 1000 / 15);
    return canvas.captureStream(15).getVideoTracks()[0];
  }

  #tone(pitchHz) {
    const context = new AudioContext();
    const destination = context.createMediaStreamDestination();
    const oscillator = new OscillatorNode(context, { frequency: pitchHz });
    oscillator.connect(new GainNode(context, { gain: 0.3 })).connect(destination);
    oscillator.start();
    return destination.stream.getAudioTracks()[0];
  }
};

globalThis.webClient = new globalThis.WebClient();
