import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import llama from "llama-tokenizer-js";

/** Where the weights lie in the packages that bring them. */
export interface ModelFiles {
  encoder: string;
  decoder: string;
  voiceActivity: string;
}

export function modelFiles(): ModelFiles {
  const file = (specifier: string, relative: string) =>
    fileURLToPath(new URL(relative, import.meta.resolve(specifier)));
  const moonshine = (name: string) =>
    file("@moonshine-ai/moonshine-js", `model/tiny/quantized/${name}.onnx`);
  return {
    encoder: moonshine("encoder_model"),
    decoder: moonshine("decoder_model_merged"),
    voiceActivity: file("@ricky0123/vad-web", "silero_vad_v5.onnx"),
  };
}

/** Moonshine's vocabulary is Llama's 32,000 tokens and 768 without text. */
const vocabularySize = 32_768;

/** Writes the vocabulary as the library wants it: base64 of a token's bytes, tab, its number. Anything else aborts the process. */
export function writeTokens(path: string): void {
  const tokens: string[] = [...llama.vocabById];
  while (tokens.length < vocabularySize) tokens.push(`<<extra_${tokens.length}>>`);
  const lines = tokens.map((token, id) => `${bytesOf(token).toString("base64") || "AA=="}\t${id}`);
  writeFileSync(path, `${lines.join("\n")}\n`);
}

function bytesOf(token: string): Buffer {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
  return byte === undefined ? Buffer.from(token.replaceAll("▁", " ")) : Buffer.from(byte, "hex");
}
