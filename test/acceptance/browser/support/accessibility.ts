import axe from "axe-core";
import type { Page } from "playwright-core";

interface Results {
  violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
}

/** What axe finds wrong with the page as it is now, each with the element and what is wrong with it. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // Colours are judged as they stay, not on the way there.
  await page
    .evaluate("Promise.all(document.getAnimations().map((each) => each.finish?.()))")
    .catch(() => undefined);
  const { violations } = (await page.evaluate("axe.run()")) as Results;
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}
