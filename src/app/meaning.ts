import type { Config } from "../config/config.ts";
import { processEntry, searchPath } from "../config/paths.ts";
import type { Lifetime } from "../core/lifetime.ts";
import type { Log } from "../core/log.ts";
import type { Meaning } from "../meaning/port.ts";
import { VectorProcess } from "../meaning/vectorProcess.ts";

/** What search by meaning is made of, as configured; no process runs before it is used. */
export async function openMeaning(
  config: Config,
  log: Log,
  lifetime: Lifetime,
): Promise<Meaning | undefined> {
  const { embeddingsBaseUrl: baseUrl, embeddingsModel: model, embeddingsApiKey: apiKey } = config;
  const isElsewhere = baseUrl !== undefined && model !== undefined;
  if (!isElsewhere && config.embeddings === "none") return undefined;
  const child = new VectorProcess({
    ...{ entry: processEntry("vectorProcess"), log },
    // It needs none of our settings, and least of all our secrets.
    env: { PATH: searchPath() },
  });
  lifetime.add("vector process", async () => child.close());
  if (!isElsewhere) return { embedder: child, scan: child };
  const { openAiEmbedder } = await import("../llm/embeddings.ts");
  const timeoutMs = config.llmTimeoutSeconds * 1000;
  return { embedder: openAiEmbedder({ baseUrl, model, apiKey, timeoutMs }), scan: child };
}
