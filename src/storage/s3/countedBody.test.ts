import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, it, vi } from "vitest";
import { countedBody } from "./countedBody.ts";

const body = () => Readable.from([Buffer.from("hel"), Buffer.from("lo")]);

it("passes on a whole body", async () => {
  expect(await text(countedBody(body(), 5))).toBe("hello");
});

it.each([4, 6])("fails where %i bytes were announced and five have come", async (announced) => {
  await expect(text(countedBody(body(), announced))).rejects.toThrow(`5 of ${announced} bytes`);
});

it("passes on the body's own error", async () => {
  const broken = new Readable({ read: () => undefined });
  const read = text(countedBody(broken, 5));
  broken.destroy(new Error("ECONNRESET"));
  await expect(read).rejects.toThrow("ECONNRESET");
});

it("lets the connection go when its reader goes", async () => {
  const open = new Readable({ read: () => undefined });
  countedBody(open, 5).destroy();
  await vi.waitFor(() => expect(open.destroyed).toBe(true));
});
