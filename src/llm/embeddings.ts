import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { embedMany } from "ai";
import type { Embedder } from "../meaning/port.ts";
import { unit } from "../meaning/unit.ts";
import { askedInTime } from "./askedInTime.ts";
import { modelFetch } from "./modelFetch.ts";
import type { ModelOptions } from "./openAiCompatible.ts";

/** Dimensions at most: what is stored in one row, and sent in one answer. */
const mostDimensions = 4_096;

/** An embedding model behind an endpoint that speaks OpenAI's protocol. */
export function openAiEmbedder({ baseUrl, model, apiKey, timeoutMs }: ModelOptions): Embedder {
  const provider = createOpenAICompatible({
    name: "configured",
    baseURL: baseUrl,
    fetch: modelFetch(new URL(baseUrl).origin, timeoutMs),
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  return {
    ...{ model, version: "1", provider: "openai-compatible" },
    embed: async (texts, { signal }) => {
      const wish = { model: provider.embeddingModel(model), values: [...texts] };
      const { embeddings } = await askedInTime(
        (abortSignal) => embedMany({ ...wish, maxRetries: 1, maxParallelCalls: 1, abortSignal }),
        { signal, timeoutMs },
      );
      const length = embeddings[0]?.length ?? 0;
      if (embeddings.length !== texts.length || embeddings.some((one) => one.length !== length))
        throw new Error("the embedding model gave too few or too many numbers");
      if (length === 0 || length > mostDimensions)
        throw new Error(`the embedding model has ${length} dimensions, not 1 to ${mostDimensions}`);
      return embeddings.map(unit);
    },
  };
}
