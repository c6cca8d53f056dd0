import { type RefObject, useRef, useState } from "react";

interface Copying<E> {
  /** Of the field that shows what is copied. */
  field: RefObject<E | null>;
  copy: (text: string) => Promise<void>;
  /** What became of it, to be shown in a status; empty before. */
  said: string;
}

/** Copies a text that a field shows; where pages may not, it is marked, and `noun` says what to copy by hand. */
export function useCopy<E extends HTMLInputElement | HTMLTextAreaElement>(
  noun: string,
): Copying<E> {
  const field = useRef<E>(null);
  const [said, say] = useState("");
  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      // Not on http beyond this machine, and not where it was forbidden.
      field.current?.select();
      say(`Copy the marked ${noun} yourself`);
    }
  };
  return { field, copy, said };
}
