import { createRequire } from "node:module";

/** What is used of sherpa-onnx: a native library without types for the merged decoder of Moonshine. */
export interface Sherpa {
  OfflineRecognizer: new (config: object) => Recognizer;
  Vad: new (config: object, bufferSeconds: number) => VoiceActivity;
}

export interface Recognizer {
  createStream(): { acceptWaveform(sound: { sampleRate: number; samples: Float32Array }): void };
  decode(stream: object): void;
  getResult(stream: object): { text: string };
}

export interface VoiceActivity {
  acceptWaveform(samples: Float32Array): void;
  isEmpty(): boolean;
  isDetected(): boolean;
  pop(): void;
  /** `false`: a copy; newer versions of Node refuse memory that is not theirs. */
  front(external: false): { start: number; samples: Float32Array };
  flush(): void;
  reset(): void;
}

/** @throws where the library has no binary for this machine */
export function loadSherpa(): Sherpa {
  return createRequire(import.meta.url)("sherpa-onnx-node") as Sherpa;
}
