import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that the stand-in was sent. */
export interface SpeechRequest {
  authorization: string | undefined;
  model: string;
  format: string;
  file: Buffer;
}

export interface SpokenSegment {
  start: number;
  end: number;
  text: string;
  avg_logprob?: number;
  no_speech_prob?: number;
}

/** What it answers: what was said, any body, an error, or nothing at all. */
export type SpeechReply =
  | { text: string; language?: string; segments?: SpokenSegment[] }
  | { body: string }
  | { status: number }
  | "hang";

/**
 * An endpoint as OpenAI publishes `POST /audio/transcriptions`: multipart with `file`, `model`, `response_format` and `temperature`;
 * `json` has the text, `verbose_json` also task, language, duration and segments. What a request lacks is refused with 400.
 */
export async function speechStandIn(reply: (request: SpeechRequest) => SpeechReply) {
  const requests: SpeechRequest[] = [];
  const server = createServer(async (message, response) => {
    const asked = await read(message);
    response.setHeader("content-type", "application/json");
    if (!asked) {
      response.statusCode = 400;
      response.end(JSON.stringify({ error: { message: "invalid request" } }));
      return;
    }
    requests.push(asked);
    const answer = reply(asked);
    if (answer === "hang") return;
    if ("status" in answer) {
      response.statusCode = answer.status;
      response.end(JSON.stringify({ error: { message: `no: ${asked.authorization}` } }));
    } else if ("body" in answer) response.end(answer.body);
    else response.end(JSON.stringify(answerTo(asked, answer)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Seconds of 16-bit mono at 16 kHz. */
const secondsOf = (file: Buffer) => (file.length - 44) / 32_000;

function answerTo(
  { format, file }: SpeechRequest,
  {
    text,
    language = "english",
    segments,
  }: { text: string; language?: string; segments?: SpokenSegment[] },
) {
  if (format === "json") return { text };
  const duration = secondsOf(file);
  const all = [{ start: 0, end: duration, text, avg_logprob: -0.2, no_speech_prob: 0.01 }];
  return {
    ...{ task: "transcribe", language, duration, text },
    segments: (segments ?? all).map((segment, id) => ({
      ...{ id, seek: 0, tokens: [], temperature: 0, compression_ratio: 1, ...segment },
    })),
  };
}

async function read(message: IncomingMessage): Promise<SpeechRequest | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  if (message.method !== "POST" || message.url !== "/v1/audio/transcriptions") return undefined;
  const type = message.headers["content-type"] ?? "";
  const encoded = new Response(Buffer.concat(chunks), { headers: { "content-type": type } });
  const form = await encoded.formData().catch(() => undefined);
  const [file, model, format] = ["file", "model", "response_format"].map((name) => form?.get(name));
  if (!(file instanceof File) || typeof model !== "string" || typeof format !== "string")
    return undefined;
  const content = Buffer.from(await file.arrayBuffer());
  const isWav = file.name.endsWith(".wav") && content.toString("latin1", 0, 4) === "RIFF";
  const { authorization } = message.headers;
  return isWav ? { authorization, model, format, file: content } : undefined;
}
