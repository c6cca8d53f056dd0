import { z } from "zod";
import { type SpeechEngine, speechRate, type Understood } from "../media/transcribe/port.ts";
import { languageTag } from "./languageTag.ts";
import { AnswerTooLong, modelFetch } from "./modelFetch.ts";
import type { ModelOptions } from "./openAiCompatible.ts";
import { wavOf } from "./wav.ts";

/** Characters that nobody says in a stretch of 20 s. */
const longestText = 4_000;
/** What Whisper itself takes for silence: probably no speech, and badly read. */
const noSpeech = { probability: 0.6, logProbability: -1 };

const segment = z.object({
  /** Seconds. */
  start: z.number(),
  end: z.number(),
  text: z.string(),
  avg_logprob: z.number().optional(),
  no_speech_prob: z.number().optional(),
});

/** `verbose_json`, or `json` with the text alone. */
const transcription = z.object({
  text: z.string(),
  language: z.string().nullish(),
  segments: z.array(segment).nullish(),
});

type Segment = z.infer<typeof segment>;
type Format = "verbose_json" | "json";

/** Why a speech engine elsewhere has understood nothing. Never quotes its answers: they may hold parts of a key. */
export class SpeechEngineError extends Error {
  readonly reason: "unreachable" | "timeout" | "refused" | "malformed" | "too_long";

  constructor(reason: SpeechEngineError["reason"], message: string, cause?: unknown) {
    super(`the speech engine ${message}`, { cause });
    this.name = "SpeechEngineError";
    this.reason = reason;
  }
}

/**
 * A speech engine behind an endpoint that speaks OpenAI's protocol (`POST /audio/transcriptions`). Asked for segments first; one that
 * refuses that format is asked for the text alone from then on.
 * @throws (`understand`) SpeechEngineError; the signal's reason
 */
export function openAiTranscriber(options: ModelOptions): SpeechEngine {
  const { baseUrl, model, apiKey, timeoutMs } = options;
  // The time of a whole answer runs out first.
  const fetch = modelFetch(new URL(baseUrl).origin, 2 * timeoutMs);
  let format: Format = "verbose_json";
  const ask = async (sound: Buffer, as: Format, signal: AbortSignal) => {
    const form = new FormData();
    form.set("file", new Blob([wavOf(sound, speechRate)], { type: "audio/wav" }), "speech.wav");
    form.set("model", model);
    form.set("response_format", as);
    form.set("temperature", "0");
    const encoded = new Request(baseUrl, { method: "POST", body: form });
    return fetch(`${baseUrl}/audio/transcriptions`, {
      method: "POST",
      headers: {
        "content-type": encoded.headers.get("content-type") ?? "",
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: new Uint8Array(await encoded.arrayBuffer()),
      signal,
    });
  };
  const answerTo = async (sound: Buffer, as: Format, signal: AbortSignal) => {
    const late = AbortSignal.timeout(timeoutMs);
    try {
      return await ask(sound, as, AbortSignal.any([signal, late]));
    } catch (error) {
      signal.throwIfAborted();
      if (late.aborted)
        throw new SpeechEngineError("timeout", `did not answer within ${timeoutMs} ms`, error);
      throw failureOf(error);
    }
  };
  return {
    understand: async (sound, signal) => {
      const seconds = sound.length / 2 / speechRate;
      let answer = await answerTo(sound, format, signal);
      if (answer.status === 400 && format === "verbose_json") {
        answer = await answerTo(sound, "json", signal);
        if (answer.ok) format = "json";
      }
      if (!answer.ok) throw new SpeechEngineError("refused", `answered ${answer.status}`);
      return understoodIn(await answer.text(), seconds);
    },
  };
}

/** What became of a request that has no answer. */
function failureOf(error: unknown): SpeechEngineError {
  if (error instanceof AnswerTooLong)
    return new SpeechEngineError("too_long", `gave ${error.message}`, error);
  const { name = "", code = name } = error as { name?: string; code?: string };
  return new SpeechEngineError("unreachable", `could not be reached (${code})`, error);
}

function understoodIn(body: string, seconds: number): Understood {
  const { text: whole, segments, language } = parsed(body);
  const said = segments?.filter((one) => isSpeech(one, seconds));
  const text = (said ? said.map((one) => one.text.trim()).join(" ") : whole).trim();
  if (text.length > longestText)
    throw new SpeechEngineError("too_long", `gave ${text.length} characters for ${seconds} s`);
  return { text, confidence: confidenceOf(said ?? []), language: languageTag(language ?? "") };
}

function parsed(body: string): z.infer<typeof transcription> {
  try {
    return transcription.parse(JSON.parse(body));
  } catch {
    throw new SpeechEngineError("malformed", "gave an answer that is no transcription");
  }
}

/** What lies outside of the sound was made up. */
function isSpeech(
  { start, end, avg_logprob: logProbability = 0, no_speech_prob: silence = 0 }: Segment,
  seconds: number,
): boolean {
  if (start >= seconds || end <= 0 || end < start) return false;
  return silence <= noSpeech.probability || logProbability >= noSpeech.logProbability;
}

/** Of the mean log probability, so that -1, below which Whisper reads again, is 0.5; 1 where the engine does not tell. */
function confidenceOf(segments: readonly Segment[]): number {
  const told = segments.flatMap(({ start, end, avg_logprob: value }) =>
    value === undefined ? [] : [{ value, weight: Math.max(0.01, end - start) }],
  );
  const weight = told.reduce((sum, one) => sum + one.weight, 0);
  if (weight === 0) return 1;
  const mean = told.reduce((sum, one) => sum + one.value * one.weight, 0) / weight;
  return Math.min(1, Math.max(0, 1 + mean / 2));
}
