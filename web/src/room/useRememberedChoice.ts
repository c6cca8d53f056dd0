import { useState } from "react";

/** What was chosen on this device: `key` names it, `usual` is what counts before. */
export function useRememberedChoice(
  key: string,
  usual: boolean,
): [chosen: boolean, choose: (on: boolean) => void] {
  const [on, setOn] = useState(() => read(key) ?? usual);
  const choose = (wanted: boolean) => {
    setOn(wanted);
    write(key, wanted);
  };
  return [on, choose];
}

function read(key: string): boolean | undefined {
  try {
    const kept = window.localStorage.getItem(key);
    return kept === null ? undefined : kept === "on";
  } catch {
    return undefined;
  }
}

function write(key: string, on: boolean): void {
  try {
    window.localStorage.setItem(key, on ? "on" : "off");
  } catch {
    // Forgotten with this page, then.
  }
}
