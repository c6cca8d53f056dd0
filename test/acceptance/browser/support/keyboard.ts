import type { Locator } from "playwright-core";

/** Waits until keys go there. Pages see to that in a later frame or an effect: not yet when they are loaded or shown. */
export function hasKeyboard(element: Locator): Promise<void> {
  return element.and(element.page().locator(":focus")).waitFor();
}
