import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, Output } from "ai";
import { askedInTime } from "./askedInTime.ts";
import { modelFetch } from "./modelFetch.ts";
import type { LanguageModel } from "./port.ts";

export interface ModelOptions {
  /** The address below which there is `/chat/completions`. */
  baseUrl: string;
  model: string;
  apiKey?: string | undefined;
  /** Of a whole answer, ms. */
  timeoutMs: number;
}

const maxAnswerTokens = 4_000;

/** A model behind an endpoint that speaks OpenAI's protocol, as Ollama, llama.cpp, vLLM, LM Studio and gateways do. */
export function openAiCompatible({
  baseUrl,
  model,
  apiKey,
  timeoutMs,
}: ModelOptions): LanguageModel {
  const provider = createOpenAICompatible({
    name: "configured",
    baseURL: baseUrl,
    supportsStructuredOutputs: true,
    fetch: modelFetch(new URL(baseUrl).origin, timeoutMs),
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  return {
    name: model,
    ask: async ({ instructions, data, schema, signal }) => {
      const wish = {
        ...{ model: provider(model), output: Output.object({ schema }) },
        ...{ system: instructions, prompt: data, temperature: 0, maxRetries: 1 },
        maxOutputTokens: maxAnswerTokens,
      };
      return askedInTime(
        // Read here: the getter throws where the answer is of another form.
        async (abortSignal) => (await generateText({ ...wish, abortSignal })).output,
        { signal, timeoutMs },
      );
    },
  };
}
