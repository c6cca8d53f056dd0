import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { speechRate, type Understood } from "../transcribe/port.ts";
import { agreement } from "./agreement.ts";
import { modelFiles, writeTokens } from "./models.ts";
import { loadSherpa, type Recognizer, type VoiceActivity } from "./sherpa.ts";

/** The model hears first and last words better with silence around them, samples. */
const around = speechRate / 2;

/** Finds speech in sound, and understands it. */
export interface SpeechRecognition {
  /** Finds speech in one track. */
  voiceActivity(): VoiceActivity;
  /** What was said in a stretch of speech at 16 kHz, of 20 s at most; no text where nothing was understood. */
  understand(samples: Float32Array): Understood | Promise<Understood>;
}

/** The bundled speech model, and what finds speech in sound; one for all that is listened to. It knows English only. */
export class Recognition implements SpeechRecognition {
  readonly #sherpa = loadSherpa();
  readonly #files = modelFiles();
  #recognizer: Recognizer | undefined;

  /** Its confidence is how much stays when the same sound is listened to a second time. */
  understand(samples: Float32Array): Understood {
    const language = "en";
    const text = this.#decode(samples);
    if (text === "") return { text, confidence: 0, language };
    return { text, confidence: agreement(text, this.#decode(disturbed(samples))), language };
  }

  voiceActivity(): VoiceActivity {
    const sileroVad = {
      ...{ model: this.#files.voiceActivity, windowSize: 512, threshold: 0.3 },
      ...{ minSilenceDuration: 0.35, minSpeechDuration: 0.2, maxSpeechDuration: 12 },
    };
    const config = { sileroVad, sampleRate: speechRate, ...alone };
    return new this.#sherpa.Vad(config, 60);
  }

  #decode(samples: Float32Array): string {
    this.#recognizer ??= this.#load();
    const padded = new Float32Array(samples.length + 2 * around);
    padded.set(samples, around);
    const stream = this.#recognizer.createStream();
    stream.acceptWaveform({ sampleRate: speechRate, samples: padded });
    this.#recognizer.decode(stream);
    return this.#recognizer.getResult(stream).text.trim();
  }

  #load(): Recognizer {
    const { encoder, decoder: mergedDecoder } = this.#files;
    const folder = mkdtempSync(path.join(tmpdir(), "connvo-speech-"));
    try {
      const tokens = path.join(folder, "tokens.txt");
      writeTokens(tokens);
      return new this.#sherpa.OfflineRecognizer({
        featConfig: { sampleRate: speechRate, featureDim: 80 },
        modelConfig: { moonshine: { encoder, mergedDecoder }, tokens, ...alone },
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** One thread: the machine has others to serve. */
const alone = { numThreads: 1, debug: 0, provider: "cpu" };

/** The same sound 3 % faster and with a little noise, always the same. */
function disturbed(samples: Float32Array): Float32Array {
  let state = 1;
  const noise = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state / 2 ** 31) * 0.003;
  };
  return Float32Array.from({ length: Math.floor(samples.length / 1.03) }, (_, index) => {
    const at = index * 1.03;
    const before = Math.floor(at);
    const here = samples[before] ?? 0;
    return here + ((samples[before + 1] ?? 0) - here) * (at - before) + noise();
  });
}
