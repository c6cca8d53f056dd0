import type { SavedNotes } from "./noteSync.ts";

/** Where a window keeps what was typed in it and has not arrived. */
export interface KeptNotes {
  /** What this window, or one that is gone, had kept. */
  readonly saved: SavedNotes | undefined;
  save(saved: SavedNotes | undefined): void;
  /** The window shows these notes no more: another one may take over what it has kept. */
  release(): void;
}

const windowKey = "connvo.notes.window";

/** Names that windows keep under, by whose they are and of which meeting. */
const prefixOf = (userId: string, meetingId: string) => `connvo.notes.${userId}.${meetingId}.`;

/**
 * Takes the place of this window, or the one of a window that was closed before everything had arrived. Two windows never
 * have the same: each is held by a lock of the browser's for as long as its window lives.
 */
export async function takeKeptNotes(userId: string, meetingId: string): Promise<KeptNotes> {
  try {
    return await takeStored(userId, meetingId);
  } catch {
    // The browser lets this page keep nothing: what is typed is in the window alone until it has arrived.
    return { saved: undefined, save: () => undefined, release: () => undefined };
  }
}

async function takeStored(userId: string, meetingId: string): Promise<KeptNotes> {
  const prefix = prefixOf(userId, meetingId);
  const left = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  const own = prefix + windowName();
  for (const key of new Set([own, ...left])) {
    if (localStorage.getItem(key) === null) continue;
    const release = await hold(key);
    if (release !== undefined) return keptAt(key, read(key), release);
  }
  const release = await hold(own);
  if (release !== undefined) return keptAt(own, undefined, release);
  // This window is the copy of another one, with its name.
  const key = prefix + newName();
  return keptAt(key, undefined, (await hold(key)) ?? (() => undefined));
}

function keptAt(key: string, saved: SavedNotes | undefined, release: () => void): KeptNotes {
  return {
    saved,
    release,
    save: (next) => {
      try {
        if (next === undefined) localStorage.removeItem(key);
        else localStorage.setItem(key, JSON.stringify(next));
      } catch {
        // There is no room: it is still in the window, and will be sent from there.
      }
    },
  };
}

function read(key: string): SavedNotes | undefined {
  const text = localStorage.getItem(key);
  if (text === null) return undefined;
  try {
    return JSON.parse(text) as SavedNotes;
  } catch {
    return undefined;
  }
}

/** The window's own, also after it was loaded again. */
function windowName(): string {
  const known = sessionStorage.getItem(windowKey);
  if (known !== null) return known;
  const name = newName();
  sessionStorage.setItem(windowKey, name);
  return name;
}

/** 128 bits; `crypto.randomUUID` is there on secure pages alone. */
export function newName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What this page holds where the browser has no locks (not a secure page): an editor that is closed still sends what is left. */
const heldHere = new Set<string>();

/** @returns lets it go; undefined where it is held already. Without locks that is known of this page alone. */
function hold(key: string): Promise<(() => void) | undefined> {
  const { locks } = navigator as Partial<Pick<Navigator, "locks">>;
  if (locks === undefined) {
    const isOwn = sessionStorage.getItem(windowKey);
    if (isOwn === null || !key.endsWith(isOwn) || heldHere.has(key))
      return Promise.resolve(undefined);
    heldHere.add(key);
    return Promise.resolve(() => void heldHere.delete(key));
  }
  return new Promise((resolve) => {
    void locks.request(key, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      return new Promise<void>((release) => resolve(() => release()));
    });
  });
}
