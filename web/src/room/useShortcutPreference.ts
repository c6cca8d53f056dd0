import { useState } from "react";

const storageKey = "connvo.shortcuts";

/** Whether single keys do something, as it was chosen on this device. */
export function useShortcutPreference(): [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(() => read() !== "off");
  const choose = (wanted: boolean) => {
    setOn(wanted);
    write(wanted ? "on" : "off");
  };
  return [on, choose];
}

function read(): string | null {
  try {
    return window.localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

function write(value: string): void {
  try {
    window.localStorage.setItem(storageKey, value);
  } catch {
    // Forgotten with this page, then.
  }
}
