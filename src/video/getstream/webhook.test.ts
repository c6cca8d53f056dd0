import { createHmac } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { judgeWebhook, maxNoticeBytes } from "./webhook.ts";

const secret = "test_secret_do_not_use_in_production";
const keys = { apiKey: "key", secrets: [secret] };
const started = '{"type":"call.session_started","created_at":1778198400000000000}';
/** Published by Stream for that secret and body. */
const published = "9c65b50bfdf1e8205ba673103a21d3fda71d6969f9003c0f2cdaf43467f6ab07";

const sign = (body: string | Buffer, by = secret) =>
  createHmac("sha256", by).update(body).digest("hex");
const judge = (
  body: string | Buffer,
  headers: { signature?: string; apiKey?: string; id?: string } = {},
  by = keys,
) => {
  const { signature = sign(body), apiKey, id } = headers;
  return judgeWebhook(Buffer.from(body), { signature, apiKey, id }, by);
};

test("Stream's published vector is taken, and its repeat has the same id without a header", async () => {
  const verdict = await judge(started, { signature: published, apiKey: "key" });
  expect(verdict).toMatchObject({ ok: true, notice: { type: "call.session_started" } });
  expect(await judge(started)).toEqual(verdict);
});

test("the call is told, of our type alone", async () => {
  const of = (call_cid: unknown) => judge(JSON.stringify({ type: "call.ended", call_cid }));
  expect(await of("default:meeting_1")).toMatchObject({ notice: { roomId: "meeting_1" } });
  for (const cid of ["livestream:meeting_1", 7, `default:${"x".repeat(65)}`, undefined])
    expect(await of(cid)).not.toHaveProperty("notice.roomId");
});

test("gzip is inflated whatever the headers say", async () => {
  const verdict = await judge(gzipSync(started), { signature: published });
  expect(verdict).toMatchObject({ ok: true, notice: { type: "call.session_started" } });
});

test("two secrets are good while one replaces the other", async () => {
  const both = { apiKey: "key", secrets: ["new", secret] };
  expect(await judge(started, {}, both)).toMatchObject({ ok: true });
  expect(await judge(started, { signature: sign(started, "new") }, both)).toMatchObject({
    ok: true,
  });
  expect(await judge(started, { signature: sign(started, "older") }, both)).toMatchObject({
    refusal: "bad_signature",
  });
});

describe("a delivery is refused", () => {
  test.each([
    ["without a signature", ""],
    ["in capitals", published.toUpperCase()],
    ["with a prefix", `sha256=${published}`],
    ["of other bytes", sign(`${started} `)],
    ["of the compressed bytes", sign(gzipSync(started))],
  ])("%s", async (_, signature) => {
    expect(await judge(started, { signature })).toEqual({ ok: false, refusal: "bad_signature" });
  });

  test("of another application", async () => {
    expect(await judge(started, { apiKey: "other" })).toMatchObject({ refusal: "bad_key" });
  });

  test("that inflates to more than a notice, without inflating it", async () => {
    const bomb = gzipSync(Buffer.alloc(200 * maxNoticeBytes));
    expect(await judge(bomb, { signature: published })).toMatchObject({ refusal: "too_large" });
  });

  test("that is packed twice, or no gzip after all", async () => {
    const twice = gzipSync(gzipSync(started));
    expect(await judge(twice, { signature: published })).toMatchObject({ ok: false });
    const torn = gzipSync(started).subarray(0, 20);
    expect(await judge(torn, { signature: published })).toMatchObject({ refusal: "bad_body" });
  });

  test.each(["[]", "null", "7", "{}", '{"type":1}', "{", `{"type":"${"x".repeat(200)}"}`])(
    "that says nothing: %s",
    async (body) => {
      expect(await judge(body)).toEqual({ ok: false, refusal: "bad_body" });
    },
  );
});
