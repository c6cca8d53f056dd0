import axe from "axe-core";
import type { Page } from "playwright-core";

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

/** What axe finds wrong with the page as it is now, each with the element and what is wrong with it. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  await page.evaluate(standStill);
  const { violations } = (await page.evaluate("axe.run()")) as Results;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}
