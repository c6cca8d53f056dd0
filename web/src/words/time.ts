const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A moment as one says it today: "today, 14:05", "tomorrow, 09:00", "Wed, 3 Dec, 09:00". @param ms epoch */
export function momentWords(ms: number, now: number, locale?: string): string {
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(ms);
  return `${dayWords(ms, now, locale)}, ${time}`;
}

function dayWords(ms: number, now: number, locale?: string): string {
  const days = Math.round((startOfDay(ms) - startOfDay(now)) / (24 * hourMs));
  if (Math.abs(days) <= 1) return ["yesterday", "today", "tomorrow"][days + 1] ?? "";
  const year =
    new Date(ms).getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" as const };
  return new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...year,
  }).format(ms);
}

function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/** How long something is, as precise as one cares: "45 s", "12 min", "1 h 5 min". */
export function durationWords(ms: number): string {
  if (ms < minuteMs) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  const minutes = Math.round(ms / minuteMs);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0
    ? `${minutes / 60} h`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A place or a length as players show it: "1:02:03" or "2:03". */
export function clockWords(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = two(seconds % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** What is left, never more precise than a guess is. */
export function etaWords(ms: number): string {
  if (ms < 10_000) return "a few seconds left";
  if (ms < minuteMs) return `about ${Math.ceil(ms / 10_000) * 10} seconds left`;
  const minutes = Math.ceil(ms / minuteMs);
  return `about ${minutes} ${minutes === 1 ? "minute" : "minutes"} left`;
}

/** For words that begin a line. */
export function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A file's size: "12 MB". */
export function sizeWords(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  if (bytes < 1e9) return `${Math.round(bytes / 1e6)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
