import { type RefObject, useEffect } from "react";
import type { DeviceKind } from "../media/local/deviceProblems.ts";
import type { LocalMedia } from "../media/local/localMedia.ts";

const keys: Readonly<Record<string, DeviceKind>> = { m: "microphone", v: "camera" };

export interface ShortcutOptions {
  local: LocalMedia;
  on: boolean;
  /** Keys count in here only; undefined = in the whole page. */
  within: RefObject<HTMLElement | null> | undefined;
}

/** M mutes and unmutes, V stops and starts the camera; never while something is typed or chosen. */
export function useShortcuts({ local, on, within }: ShortcutOptions): void {
  useEffect(() => {
    if (!on) return;
    const target: EventTarget = within?.current ?? window;
    const press = (event: Event) => {
      const kind = event instanceof KeyboardEvent ? kindOf(event) : undefined;
      if (kind === undefined) return;
      event.preventDefault();
      void local.toggle(kind);
    };
    target.addEventListener("keydown", press);
    return () => target.removeEventListener("keydown", press);
  }, [local, on, within]);
}

function kindOf(event: KeyboardEvent): DeviceKind | undefined {
  const { ctrlKey, metaKey, altKey, repeat, key } = event;
  if (ctrlKey || metaKey || altKey || repeat || event.defaultPrevented) return undefined;
  const [target] = event.composedPath();
  if (target instanceof Element && target.closest("input, select, textarea, dialog") !== null)
    return undefined;
  return keys[key.toLowerCase()];
}
