import type { Page } from "playwright-core";

/** Colours of an element's text and of the nearest ground behind it; runs in the page. */
const coloursOf = `(selector) => {
  const element = document.querySelector(selector);
  const clear = "rgba(0, 0, 0, 0)";
  let behind = element;
  while (behind && getComputedStyle(behind).backgroundColor === clear) behind = behind.parentElement;
  const ground = behind ? getComputedStyle(behind).backgroundColor : "rgb(255, 255, 255)";
  return [getComputedStyle(element).color, ground];
}`;

/** Contrast of an element's text with what is behind it (WCAG 2.2), 1–21; all colours must be opaque. */
export async function contrastOf(page: Page, selector: string): Promise<number> {
  const found = await page.evaluate<string[]>(`(${coloursOf})(${JSON.stringify(selector)})`);
  const [lighter = 0, darker = 0] = found.map(luminance).sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

/** Relative luminance of `rgb(r, g, b)`, 0–1. */
function luminance(colour: string): number {
  const channels = colour.match(/[\d.]+/g)?.map((value) => Number(value) / 255) ?? [];
  const [red = 0, green = 0, blue = 0] = channels.map((value) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
