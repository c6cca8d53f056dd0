/** A moment as an `input` of the kind `datetime-local` has it, in the place where the window is. @param ms epoch */
export function localTime(ms: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** That moment, epoch ms; undefined where nothing, or no time, was typed. */
export function momentOf(text: string): number | undefined {
  const ms = new Date(text).getTime();
  return Number.isNaN(ms) ? undefined : ms;
}
