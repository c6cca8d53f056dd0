import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { Page } from "playwright-core";

const folder = path.resolve(import.meta.dirname, "../../docs/images");

/** Fewer colours, none of them mixed from dots: what a video makes of one colour is one again, and the file small. */
const smaller =
  "split[a][b];[a]palettegen=max_colors=128[palette];[b][palette]paletteuse=dither=none";

/** What a reader of the documentation waits for, bytes. */
const limitBytes = 300_000;

/**
 * Writes what the page shows as `docs/images/<name>.png`.
 * @throws Error when it is larger than 300 kB
 */
export async function take(page: Page, name: string): Promise<void> {
  const shown = await page.screenshot({ animations: "disabled", caret: "hide" });
  const written = reduced(shown);
  if (written.length > limitBytes) throw new Error(`${name}.png has ${written.length} bytes`);
  await writeFile(path.join(folder, `${name}.png`), written);
}

function reduced(png: Buffer): Buffer {
  const input = ["-v", "error", "-f", "png_pipe", "-i", "-"];
  const output = ["-vf", smaller, "-f", "image2pipe", "-c", "png", "-"];
  return execFileSync("ffmpeg", [...input, ...output], { input: png, maxBuffer: 10_000_000 });
}
