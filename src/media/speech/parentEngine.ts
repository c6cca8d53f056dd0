import type { Understood } from "../transcribe/port.ts";
import type { SpeechAnswer, SpeechMessage } from "../transcribe/protocol.ts";
import { Recognition, type SpeechRecognition } from "./recognition.ts";

/** Has speech understood by the engine of the parent process, one stretch at a time; only what finds it runs here. */
export class ParentEngine implements SpeechRecognition {
  readonly #finder = new Recognition();
  readonly #send: (message: SpeechMessage) => void;
  readonly #waiting = new Map<number, (answer: SpeechAnswer) => void>();
  #asked = 0;

  constructor(send: (message: SpeechMessage) => void) {
    this.#send = send;
  }

  voiceActivity() {
    return this.#finder.voiceActivity();
  }

  /** @throws Error with the engine's reason */
  async understand(samples: Float32Array): Promise<Understood> {
    const id = ++this.#asked;
    const answered = new Promise<SpeechAnswer>((resolve) => this.#waiting.set(id, resolve));
    this.#send({ type: "understand", id, sound: pcmOf(samples).toString("base64") });
    const answer = await answered;
    if ("error" in answer) throw new Error(answer.error);
    return answer.understood;
  }

  /** Takes an answer of the parent. */
  answer(answer: SpeechAnswer): void {
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }
}

/** As 16-bit little-endian samples. */
function pcmOf(samples: Float32Array): Buffer {
  const pcm = Buffer.alloc(2 * samples.length);
  for (const [index, sample] of samples.entries())
    pcm.writeInt16LE(Math.round(Math.max(-1, Math.min(1, sample)) * 32_767), 2 * index);
  return pcm;
}
