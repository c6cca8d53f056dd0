import { createHash } from "node:crypto";
import { decodeFile } from "../../media/support/captureOutput.ts";

/** How many pictures a file has, and where one and the same is shown for at least `leastMs`; ms. */
export function standsStill(
  file: string,
  leastMs: number,
): { pictures: number; still: { startMs: number; endMs: number }[] } {
  const still: { startMs: number; endMs: number }[] = [];
  let since = 0;
  let last = "";
  let end = 0;
  const close = (endMs: number) => {
    if (endMs - since >= leastMs) still.push({ startMs: since, endMs });
    since = endMs;
  };
  const { pictures } = decodeFile(file, ({ width, height, data }, ms) => {
    // Encoding the same picture again changes its lowest bits.
    const coarse = data.subarray(0, width * height).map((value) => value >> 4);
    const now = createHash("sha1").update(coarse).digest("hex");
    if (now !== last) close(ms);
    last = now;
    end = ms;
  });
  close(end);
  return { pictures, still };
}
