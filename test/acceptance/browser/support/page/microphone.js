/** A microphone that beeps for 100 ms at every full second of the wall clock. A module of `drawnPerson.js`. */
const beepMs = 100;
/** Of full scale, as `src/synth/beep.ts`. */
const loudness = 0.25;
const rampMs = 4;

/** A worker's clock runs on in a hidden tab, as a device's does. */
const ticks = new Worker(
  URL.createObjectURL(new Blob(["setInterval(() => postMessage(undefined), 15)"])),
);
export const onTick = (act) => ticks.addEventListener("message", act);

/** The wall clock, epoch ms: it goes on while the page stands still. */
export const now = () => performance.timeOrigin + performance.now();

/** `onBeep` is told of every beep when it is made, epoch ms. */
export function openMicrophone(pitchHz, onBeep) {
  // Without an audio device, Firefox never starts an AudioContext.
  return "mozCaptureStream" in HTMLMediaElement.prototype
    ? playedMicrophone(pitchHz, onBeep)
    : synthesizedMicrophone(pitchHz, onBeep);
}

function toneAt(ms, pitchHz) {
  if (ms >= beepMs) return 0;
  const ramp = Math.min(1, ms / rampMs, (beepMs - ms) / rampMs);
  return loudness * ramp * Math.sin((2 * Math.PI * pitchHz * ms) / 1000);
}

async function synthesizedMicrophone(pitchHz, onBeep) {
  const context = new AudioContext({ sampleRate: 48_000 });
  await context.audioWorklet.addModule("/beeper.js");
  const beep = Float32Array.from({ length: 4800 }, (_, index) => toneAt(index / 48, pitchHz));
  const out = new AudioWorkletNode(context, "beeper", {
    numberOfInputs: 0,
    processorOptions: { beep },
  });
  out.port.onmessage = ({ data }) => onBeep(data);
  await context.resume();
  const newTrack = () => {
    const destination = context.createMediaStreamDestination();
    out.connect(destination);
    return destination.stream.getAudioTracks()[0];
  };
  return {
    track: newTrack(),
    another() {
      this.track = newTrack();
      return this.track;
    },
    suspend: () => context.suspend(),
    resume: () => context.resume(),
  };
}

/** Longer than a test takes: when a file begins again, Firefox is late for it. */
const fileSeconds = 240;
const fileRate = 8000;
/** How far a file may be from the wall clock before it is set right, s: to seek is heard. */
const tolerance = 0.2;
/** The position is told a few times a second, late where cores are few: so many looks show how far it is at least. */
const looks = 60;

async function playedMicrophone(pitchHz, onBeep) {
  const element = new Audio(URL.createObjectURL(new Blob([beepingFile(pitchHz)])));
  const behind = () => {
    const difference = (now() / 1000 - element.currentTime) % 1;
    return difference > 0.5 ? difference - 1 : difference;
  };
  const setRight = () => {
    element.currentTime = Math.max(0, element.currentTime + behind());
  };
  const capture = () => element.mozCaptureStream();
  const stream = capture();
  await element.play();
  setRight();
  await until(() => stream.getAudioTracks().length > 0 && !element.seeking);
  let second = Math.floor(now() / 1000);
  let seen = [];
  onTick(() => {
    const at = now();
    if (element.seeking) seen = [];
    else seen = [...seen.slice(1 - looks), behind()];
    const isQuiet = at % 1000 > 300 && at % 1000 < 600;
    if (isQuiet && seen.length === looks && Math.abs(Math.min(...seen)) > tolerance) {
      setRight();
      seen = [];
    }
    if (Math.floor(at / 1000) === second) return;
    second = Math.floor(at / 1000);
    // When the file comes to it: where cores are few, it falls behind.
    onBeep(1000 * (second + (seen.length > 0 ? Math.min(...seen) : 0)));
  });
  return {
    track: stream.getAudioTracks()[0],
    another() {
      this.track = capture().getAudioTracks()[0];
      return this.track;
    },
  };
}

async function until(holds) {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** A WAV file with a beep at the beginning of every second. */
function beepingFile(pitchHz) {
  const count = fileSeconds * fileRate;
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const words = (at, text) =>
    [...text].forEach((letter, index) => {
      view.setUint8(at + index, letter.charCodeAt(0));
    });
  words(0, "RIFF");
  view.setUint32(4, 36 + 2 * count, true);
  words(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, fileRate, true);
  view.setUint32(28, 2 * fileRate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  words(36, "data");
  view.setUint32(40, 2 * count, true);
  for (let index = 0; index < count; index++) {
    const ms = ((index % fileRate) * 1000) / fileRate;
    view.setInt16(44 + 2 * index, 32_767 * toneAt(ms, pitchHz), true);
  }
  return view.buffer;
}
