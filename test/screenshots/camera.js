/** Gives a page a drawn person instead of a camera, and their sentences instead of a microphone. Put into pages as it is. */
globalThis.camera = {
  /** Looks of the person: colours of wall, skin, hair and shirt; whether the hair is long. */
  look: undefined,
  /** What they can say: WAV files in base64 by name. */
  voice: {},

  /** Whoever sits there, a little in motion: what stands still is not sent. */
  draw(context, { wall, skin, hair, shirt, long }) {
    const shape = (colour, path) => {
      context.fillStyle = colour;
      context.beginPath();
      path();
      context.fill();
    };
    const [x, y] = [320, 180 + 2 * Math.sin(performance.now() / 700)];
    shape(wall, () => context.rect(0, 0, 640, 360));
    shape("rgb(255 255 255 / 0.2)", () => {
      context.rect(60, 22, 130, 165);
      context.rect(460, 12, 115, 90);
    });
    shape(shirt, () => context.ellipse(x, 400, 140, 120, 0, 0, 7));
    if (long) shape(hair, () => context.roundRect(x - 75, y - 110, 150, 195, 70));
    shape(skin, () => {
      context.rect(x - 24, y + 55, 48, 66);
      context.ellipse(x, y, 66, 84, 0, 0, 7);
    });
    shape(hair, () => context.ellipse(x, y - 40, 74, 62, 0, Math.PI, 0));
    shape("#1c1c22", () => {
      context.ellipse(x - 25, y, 5.5, 6, 0, 0, 7);
      context.ellipse(x + 25, y, 5.5, 6, 0, 0, 7);
    });
    context.strokeStyle = "#7a3030";
    context.lineWidth = 4.5;
    context.lineCap = "round";
    context.beginPath();
    context.arc(x, y + 28, 25, 0.25, Math.PI - 0.25);
    context.stroke();
  },

  picture() {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
    const context = canvas.getContext("2d");
    const next = () => this.draw(context, this.look);
    next();
    setInterval(next, 100);
    return canvas.captureStream(10).getTracks();
  },

  sound() {
    this.room ??= new AudioContext();
    this.mouth ??= this.room.createMediaStreamDestination();
    return this.mouth.stream.getTracks().map((track) => track.clone());
  },

  /** Resolves once it has been said. */
  async say(name) {
    const bytes = Uint8Array.from(atob(this.voice[name]), (one) => one.charCodeAt(0));
    const buffer = await this.room.decodeAudioData(bytes.buffer);
    await this.room.resume();
    const source = new AudioBufferSourceNode(this.room, { buffer });
    source.connect(this.mouth);
    source.start();
    await new Promise((resolve) => source.addEventListener("ended", resolve));
  },
};

const devices = [
  { kind: "videoinput", deviceId: "camera", label: "HD Webcam" },
  { kind: "audioinput", deviceId: "microphone", label: "Headset microphone" },
];

Object.assign(navigator.mediaDevices, {
  enumerateDevices: async () => devices,
  getUserMedia: async ({ audio, video }) => {
    const { camera } = globalThis;
    const named = (tracks, deviceId) =>
      tracks.map((track) => Object.assign(track, { getSettings: () => ({ deviceId }) }));
    return new MediaStream([
      ...(audio ? named(camera.sound(), "microphone") : []),
      ...(video ? named(camera.picture(), "camera") : []),
    ]);
  },
});
