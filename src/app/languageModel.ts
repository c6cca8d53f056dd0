import type { Config } from "../config/config.ts";
import type { LanguageModel } from "../llm/port.ts";

/** The language model that is configured; its packages are loaded only then. */
export async function openLanguageModel(config: Config): Promise<LanguageModel | undefined> {
  const { llmBaseUrl: baseUrl, llmModel: model, llmApiKey: apiKey, llmTimeoutSeconds } = config;
  if (baseUrl === undefined || model === undefined) return undefined;
  const { openAiCompatible } = await import("../llm/openAiCompatible.ts");
  return openAiCompatible({ baseUrl, model, apiKey, timeoutMs: llmTimeoutSeconds * 1000 });
}
