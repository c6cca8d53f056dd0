import type { Config } from "../config/config.ts";
import { openAiTranscriber } from "../llm/transcriptions.ts";
import type { SpeechEngine } from "../media/transcribe/port.ts";

/** The speech engine that is configured elsewhere; undefined where the bundled one is used. */
export function openSpeechEngine(config: Config): SpeechEngine | undefined {
  const { transcriptionBaseUrl: baseUrl, transcriptionModel: model } = config;
  if (baseUrl === undefined || model === undefined) return undefined;
  const { transcriptionApiKey: apiKey, llmTimeoutSeconds } = config;
  return openAiTranscriber({ baseUrl, model, apiKey, timeoutMs: llmTimeoutSeconds * 1000 });
}
