/**
 * Publishes a drawn camera that flashes and a microphone that beeps at every full second of the wall clock, whatever stood
 * still before, and mutes them in every way there is. Tests have it in pages of their own.
 */
import { now, onTick, openMicrophone } from "./microphone.js";
import { offerByWhip } from "./whip.js";

const flashMs = 100;
const standsStillMs = 250;
const pictureEveryMs = 1000 / 15;

globalThis.person = {
  connection: undefined,
  camera: undefined,
  microphone: undefined,
  senders: {},
  /** What was done when, epoch ms. */
  log: [],
  flashes: 0,

  /** Resolves once connected. `rgb` and `pitchHz` tell this person from others. */
  async publish({ whipUrl, token, rgb, pitchHz }) {
    this.camera = drawnCamera(rgb, (at) => this.note("flash", at));
    this.microphone = await openMicrophone(pitchHz, (at) => this.note("beep", at));
    const connection = new RTCPeerConnection();
    this.connection = connection;
    const stream = new MediaStream();
    const add = (track) =>
      connection.addTransceiver(track, { direction: "sendonly", streams: [stream] }).sender;
    this.watchClock();
    this.senders = { audio: add(this.microphone.track), video: add(this.camera) };
    await offerByWhip(connection, { whipUrl, token });
    await happens(connection, "connectionstatechange", () => {
      if (connection.connectionState === "failed") throw new Error("no way to the server");
      return connection.connectionState === "connected";
    });
  },

  /** Does one of `steps`, when there is neither flash nor beep, and notes when it was begun and done. */
  async take(step) {
    await quietTime();
    this.note(`${step}: begun`, now());
    await steps[step](this);
    this.note(`${step}: done`, now());
  },

  /** What stood still made neither flash nor beep. */
  watchClock() {
    let last = now();
    onTick(() => {
      const at = now();
      if (at - last > standsStillMs) this.log.push({ what: "stood still", at: last, until: at });
      last = at;
    });
  },

  note(what, at) {
    this.log.push({ what, at });
    if (what === "flash") this.flashes++;
  },
};

const steps = {
  "disable the microphone": ({ microphone }) => {
    microphone.track.enabled = false;
  },
  "enable the microphone": ({ microphone }) => {
    microphone.track.enabled = true;
  },
  "take the microphone away": ({ senders }) => senders.audio.replaceTrack(null),
  "give the microphone back": ({ senders, microphone }) =>
    senders.audio.replaceTrack(microphone.track),
  "stop the microphone": ({ microphone }) => microphone.track.stop(),
  "open another microphone": ({ senders, microphone }) =>
    senders.audio.replaceTrack(microphone.another()),
  "change the microphone": ({ senders, microphone }) => {
    const last = microphone.track;
    return senders.audio.replaceTrack(microphone.another()).then(() => last.stop());
  },
  "suspend the sound": ({ microphone }) => microphone.suspend(),
  "resume the sound": ({ microphone }) => microphone.resume(),
  "disable the camera": ({ camera }) => {
    camera.enabled = false;
  },
  "enable the camera": ({ camera }) => {
    camera.enabled = true;
  },
  "take the camera away": ({ senders }) => senders.video.replaceTrack(null),
  "give the camera back": ({ senders, camera }) => senders.video.replaceTrack(camera),
  "do nothing": () => undefined,
};

async function quietTime() {
  while (now() % 1000 < 300 || now() % 1000 > 700)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

function happens(target, event, holds) {
  return new Promise((resolve, reject) => {
    const look = () => {
      try {
        if (holds()) resolve();
      } catch (error) {
        reject(error);
      }
    };
    target.addEventListener(event, look);
    look();
  });
}

/** A field in one colour, and under it a bar that is white while it flashes (`src/synth/pattern.ts`). */
function drawnCamera(rgb, onFlash) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  document.body.append(canvas);
  const context = canvas.getContext("2d", { alpha: false });
  const stream = canvas.captureStream(0);
  const [track] = stream.getVideoTracks();
  // Firefox has not followed the standard here.
  const capture = "requestFrame" in track ? track : stream;
  const fill = (colour, { x, y, width, height }) => {
    context.fillStyle = colour;
    context.fillRect(320 * x, 180 * y, 320 * width, 180 * height);
  };
  let drawnAt = 0;
  let wasFlash = false;
  onTick(() => {
    const at = now();
    const isFlash = at % 1000 < flashMs;
    if (at - drawnAt < pictureEveryMs && isFlash === wasFlash) return;
    fill(`rgb(${rgb})`, { x: 0, y: 0, width: 1, height: 1 });
    // The first and the last cell tell what is white and what is black.
    fill("#fff", { x: 0, y: 0.4, width: 1 / 12, height: 0.1 });
    fill("#000", { x: 11 / 12, y: 0.5, width: 1 / 12, height: 0.1 });
    fill(isFlash ? "#fff" : "#000", { x: 0, y: 0.62, width: 1, height: 0.16 });
    // No two pictures are the same.
    fill("#888", { x: 0.2 + (at % 4000) / 8000, y: 0.42, width: 0.05, height: 0.16 });
    capture.requestFrame();
    if (isFlash && !wasFlash) onFlash(at);
    drawnAt = at;
    wasFlash = isFlash;
  });
  return track;
}
