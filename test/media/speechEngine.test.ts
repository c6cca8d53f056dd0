import { expect, it, onTestFinished } from "vitest";
import { openAiTranscriber } from "../../src/llm/transcriptions.ts";
import { type SpeechReply, type SpeechRequest, speechStandIn } from "../support/speechStandIn.ts";

const apiKey = "key-of-the-tests";
/** Two seconds. */
const sound = Buffer.alloc(64_000, 1);
const never = new AbortController().signal;

async function engineThat(reply: (request: SpeechRequest) => SpeechReply, timeoutMs = 20_000) {
  const endpoint = await speechStandIn(reply);
  onTestFinished(() => endpoint.close());
  const { baseUrl, requests } = endpoint;
  const engine = openAiTranscriber({ baseUrl, model: "tiny-1", apiKey, timeoutMs });
  return { requests, understand: (signal = never) => engine.understand(sound, signal) };
}

it("is sent the sound as a file, with model and key, and says what it understood how well", async () => {
  const { understand, requests } = await engineThat(() => ({
    text: " Guten Tag. ",
    language: "german",
  }));
  expect(await understand()).toEqual({ text: "Guten Tag.", confidence: 0.9, language: "de" });
  const [request] = requests;
  expect(request).toMatchObject({
    ...{ model: "tiny-1", format: "verbose_json", authorization: `Bearer ${apiKey}` },
  });
  expect(request?.file.subarray(44).equals(sound)).toBe(true);
  expect(request?.file.readUInt32LE(24)).toBe(16_000);
});

it("drops what lies outside of the sound, and what the engine itself takes for silence", async () => {
  const { understand } = await engineThat(() => ({
    text: "all of it",
    segments: [
      { start: -3, end: 0, text: "Before.", avg_logprob: -0.1 },
      { start: 0, end: 1, text: " Hello.", avg_logprob: -0.2 },
      {
        start: 1,
        end: 2.5,
        text: " Thank you for watching.",
        avg_logprob: -1.4,
        no_speech_prob: 0.9,
      },
      { start: 1.5, end: 2.02, text: " Everybody.", avg_logprob: -0.2 },
      { start: 30, end: 32, text: " Subscribe!", avg_logprob: -0.1 },
    ],
  }));
  expect(await understand()).toMatchObject({ text: "Hello. Everybody.", confidence: 0.9 });
});

it("is nothing where there are no segments", async () => {
  const { understand } = await engineThat(() => ({ text: "You", segments: [] }));
  expect(await understand()).toMatchObject({ text: "" });
});

it("is asked for the text alone where it gives no segments, from then on", async () => {
  const { understand, requests } = await engineThat(({ format }) =>
    format === "json" ? { text: "Hello." } : { status: 400 },
  );
  const understood = { text: "Hello.", confidence: 1, language: "und" };
  expect(await understand()).toEqual(understood);
  expect(await understand()).toEqual(understood);
  expect(requests.map(({ format }) => format)).toEqual(["verbose_json", "json", "json"]);
});

it.each<[string, SpeechReply, string, RegExp]>([
  ["is out of order", { status: 500 }, "refused", /answered 500$/],
  ["does not know the key", { status: 401 }, "refused", /answered 401$/],
  ["refuses every format", { status: 400 }, "refused", /answered 400$/],
  ["does not answer", "hang", "timeout", /did not answer within 300 ms$/],
  ["sends no JSON", { body: "<html>" }, "malformed", /no transcription$/],
  ["sends something else", { body: '{"choices": []}' }, "malformed", /no transcription$/],
  ["sends no end", { body: "x".repeat(2_000_000) }, "too_long", /longer than 1048576 bytes$/],
  ["tells a novel", { text: "word ".repeat(1_000) }, "too_long", /4999 characters for 2 s$/],
])(
  "fails with its reason, without the key, where the engine %s",
  async (_, reply, reason, message) => {
    const { understand } = await engineThat(() => reply, reply === "hang" ? 300 : 20_000);
    const error = await understand().catch((failure: unknown) => failure);
    expect(error).toMatchObject({ name: "SpeechEngineError", reason });
    expect((error as Error).message).toMatch(message);
    expect(JSON.stringify([error, String(error)])).not.toContain(apiKey);
  },
);

it("fails where nobody listens, and ends with the signal", async () => {
  const { baseUrl, close } = await speechStandIn(() => "hang");
  await close();
  const engine = openAiTranscriber({ baseUrl, model: "tiny-1", timeoutMs: 20_000 });
  await expect(engine.understand(sound, never)).rejects.toMatchObject({ reason: "unreachable" });
  const { understand } = await engineThat(() => "hang");
  const stop = new AbortController();
  const asked = understand(stop.signal);
  stop.abort();
  await expect(asked).rejects.toMatchObject({ name: "AbortError" });
});
