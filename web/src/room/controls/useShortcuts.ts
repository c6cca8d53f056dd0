import { type RefObject, useEffect, useRef } from "react";

/** What single keys do, by the letter. */
export type Shortcuts = Readonly<Record<string, () => void>>;

export interface ShortcutOptions {
  shortcuts: Shortcuts;
  on: boolean;
  /** Keys count in here only; undefined = in the whole page. */
  within: RefObject<HTMLElement | null> | undefined;
}

/** Single keys do something; never while something is typed or chosen. */
export function useShortcuts({ shortcuts, on, within }: ShortcutOptions): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    if (!on) return;
    const target: EventTarget = within?.current ?? window;
    const press = (event: Event) => {
      const run = event instanceof KeyboardEvent ? wanted(event, latest.current) : undefined;
      if (run === undefined) return;
      event.preventDefault();
      run();
    };
    target.addEventListener("keydown", press);
    return () => target.removeEventListener("keydown", press);
  }, [on, within]);
}

function wanted(event: KeyboardEvent, shortcuts: Shortcuts): (() => void) | undefined {
  const { ctrlKey, metaKey, altKey, repeat, key } = event;
  if (ctrlKey || metaKey || altKey || repeat || event.defaultPrevented) return undefined;
  const [target] = event.composedPath();
  if (target instanceof Element && target.closest("input, select, textarea, dialog") !== null)
    return undefined;
  return shortcuts[key.toLowerCase()];
}
