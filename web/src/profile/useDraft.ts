import { useState } from "react";

export interface Draft<T> {
  /** What was changed here, on top of what is stored. */
  readonly values: T;
  /** Whether anything was. */
  readonly changed: boolean;
  set: (change: Partial<T>) => void;
  /** What is stored counts again, but for what was changed since `saved`. */
  saved: (saved: T) => void;
}

/** A form over something that others may change meanwhile: what was not touched here follows them. */
export function useDraft<T extends object>(stored: T): Draft<T> {
  const [changes, setChanges] = useState<Partial<T>>({});
  return {
    values: { ...stored, ...changes },
    changed: Object.keys(changes).length > 0,
    set: (change) => setChanges((before) => ({ ...before, ...change })),
    saved: (saved) =>
      setChanges((before) => {
        const later = Object.entries(before).filter(
          ([key, value]) => value !== saved[key as keyof T],
        );
        return Object.fromEntries(later) as Partial<T>;
      }),
  };
}
