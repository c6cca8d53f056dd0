import { z } from "zod";
import { option } from "./option.ts";
import { httpUrl, optionalText, whole } from "./optionTypes.ts";

/** What listens to, reads and compares what was said. */
export const modelOptions = {
  transcription: option({
    env: "CONNVO_TRANSCRIPTION",
    type: z.enum(["embedded", "none"]),
    default: "embedded",
    doc: "What writes down what is said in recordings of paid meetings whose host leaves it on: the bundled English speech recognition, or nothing. CONNVO_TRANSCRIPTION_BASE_URL takes its place.",
  }),
  transcriptionBaseUrl: option({
    env: "CONNVO_TRANSCRIPTION_BASE_URL",
    type: httpUrl.optional(),
    doc: "Address of a speech model that speaks OpenAI's protocol, such as http://127.0.0.1:8000/v1 of speaches: what is said in those recordings is sent there, stretch by stretch. It may know other languages than English.",
  }),
  transcriptionModel: option({
    env: "CONNVO_TRANSCRIPTION_MODEL",
    type: optionalText,
    doc: "The speech model's name there.",
  }),
  transcriptionApiKey: option({
    env: "CONNVO_TRANSCRIPTION_API_KEY",
    type: optionalText,
    doc: "Its key, where it needs one.",
    secret: true,
  }),
  llmBaseUrl: option({
    env: "CONNVO_LLM_BASE_URL",
    type: httpUrl.optional(),
    doc: "Address of a language model that speaks OpenAI's protocol, such as http://127.0.0.1:11434/v1 of Ollama: it reads transcripts of meetings that have ended, to write their insights. Absent: they are taken word for word from what was said.",
  }),
  llmModel: option({
    env: "CONNVO_LLM_MODEL",
    type: optionalText,
    doc: "The model's name there.",
  }),
  llmApiKey: option({
    env: "CONNVO_LLM_API_KEY",
    type: optionalText,
    doc: "Its key, where it needs one.",
    secret: true,
  }),
  llmTimeoutSeconds: option({
    env: "CONNVO_LLM_TIMEOUT_SECONDS",
    type: whole(1, 600),
    default: "60",
    doc: "How long one answer of the language model may take, or of an embedding or speech model elsewhere.",
  }),
  embeddings: option({
    env: "CONNVO_EMBEDDINGS",
    type: z.enum(["embedded", "none"]),
    default: "embedded",
    doc: "What finds what was said by its meaning: the bundled English sentence encoder, or nothing; words are found without. CONNVO_EMBEDDINGS_BASE_URL takes its place.",
  }),
  embeddingsBaseUrl: option({
    env: "CONNVO_EMBEDDINGS_BASE_URL",
    type: httpUrl.optional(),
    doc: "Address of an embedding model that speaks OpenAI's protocol, such as http://127.0.0.1:11434/v1 of Ollama: transcripts and what people search for are sent there.",
  }),
  embeddingsModel: option({
    env: "CONNVO_EMBEDDINGS_MODEL",
    type: optionalText,
    doc: "The embedding model's name there. With another one all transcripts are embedded anew.",
  }),
  embeddingsApiKey: option({
    env: "CONNVO_EMBEDDINGS_API_KEY",
    type: optionalText,
    doc: "Its key, where it needs one.",
    secret: true,
  }),
} as const;
