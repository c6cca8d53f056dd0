import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";

interface Results {
  violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** Colours are judged as they stay, not on the way there; what never ends (a turning wheel) cannot be finished. */
const standStill = `
  for (const each of document.getAnimations()) {
    if (each.effect.getComputedTiming().endTime === Infinity) each.cancel();
    else each.finish();
  }
`;

/** What axe finds wrong with the page as it is now, in the light and in the dark, each with the element. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return [
    ...(await problemsIn(page, "light", {})),
    // All else is the same in both.
    ...(await problemsIn(page, "dark", { runOnly: ["color-contrast"] })),
  ];
}

/** Nothing axe objects to, and nothing to scroll sideways for. */
export async function expectFit(page: Page): Promise<void> {
  expect(await accessibilityProblems(page), page.url()).toEqual([]);
  const beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  expect(beyond, page.url()).toBeLessThanOrEqual(0);
}

async function problemsIn(
  page: Page,
  colorScheme: "light" | "dark",
  options: axe.RunOptions,
): Promise<string[]> {
  await page.emulateMedia({ colorScheme });
  await page.evaluate(standStill);
  const { violations } = (await page.evaluate(`axe.run(${JSON.stringify(options)})`)) as Results;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${colorScheme}, ${id}: ${html} ${failureSummary}`),
  );
}
