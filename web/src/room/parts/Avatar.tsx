import { initialsOf } from "../../words/initials.ts";

/** Somebody without a picture. */
export function Avatar({ name }: { name: string }) {
  return (
    <span className={`avatar avatar--${hueOf(name)}`} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}

const hues = 6;

/** The same person always has the same colour. */
function hueOf(name: string): number {
  return [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % hues;
}
