import { Store } from "../../../state/store.ts";
import { type DeviceKind, explainDevice } from "./deviceProblems.ts";
import {
  constraintsFor,
  type DeviceChoice,
  type DevicePreferences,
  listDevices,
  loadPreferences,
  type MediaDevicesLike,
  savePreferences,
} from "./devices.ts";

export interface LocalDevice {
  /** Wanted by its owner. */
  on: boolean;
  /** Being switched on. */
  opening: boolean;
  /** What it gives; a muted microphone keeps its track. */
  track: MediaStreamTrack | undefined;
  /** In words, why it gives nothing. */
  problem: string | undefined;
  choices: readonly DeviceChoice[];
  /** Of `choices`; undefined = the browser's own choice. */
  deviceId: string | undefined;
}

export type LocalMediaState = Readonly<Record<DeviceKind, LocalDevice>>;

export interface LocalMediaOptions {
  /** Undefined where the browser gives no devices (a page without https). */
  devices?: MediaDevicesLike | undefined;
  storage?: Storage | undefined;
}

const trackKind = { microphone: "audio", camera: "video" } as const;
const kinds = ["microphone", "camera"] as const;

/** The own microphone and camera: on and off, which ones, and what is wrong with them. */
export class LocalMedia extends Store<LocalMediaState> {
  readonly #devices: MediaDevicesLike | undefined;
  readonly #storage: Storage | undefined;
  /** Of each device the newest request; what an older one brings is thrown away. */
  readonly #request = { microphone: 0, camera: 0 };
  #closed = false;

  constructor({ devices, storage }: LocalMediaOptions) {
    const { microphone, camera } = loadPreferences(storage);
    super({ microphone: initialDevice(microphone), camera: initialDevice(camera) });
    this.#devices = devices;
    this.#storage = storage;
  }

  /** Opens what was on the last time; asks for both at once, so that the browser asks its person once. */
  async start(): Promise<void> {
    this.#closed = false;
    this.#devices?.addEventListener("devicechange", this.#refresh);
    const wanted = kinds.filter((kind) => this.get()[kind].on);
    if (wanted.length === 2 && (await this.#openBoth())) return;
    await Promise.all(wanted.map((kind) => this.#open(kind)));
  }

  /** A microphone is muted, so that it is back at once; a camera is closed, so that its light goes out. */
  async setOn(kind: DeviceKind, on: boolean): Promise<void> {
    const { track } = this.get()[kind];
    if (kind === "microphone" && track !== undefined) track.enabled = on;
    this.#change(kind, { on, problem: undefined });
    this.#remember();
    if (on && !isLive(track)) await this.#open(kind);
    if (!on && kind === "camera") this.#drop(kind);
  }

  toggle(kind: DeviceKind): Promise<void> {
    return this.setOn(kind, !isSending(this.get()[kind]));
  }

  /** Uses that device from now on. */
  async choose(kind: DeviceKind, deviceId: string): Promise<void> {
    this.#change(kind, { deviceId });
    this.#remember();
    const { on, track } = this.get()[kind];
    if (on || track !== undefined) await this.#open(kind);
  }

  /** Gives the devices back. */
  close(): void {
    this.#closed = true;
    this.#devices?.removeEventListener("devicechange", this.#refresh);
    for (const kind of kinds) this.#drop(kind);
  }

  async #openBoth(): Promise<boolean> {
    const { microphone, camera } = this.get();
    const requests = kinds.map((kind) => this.#begin(kind));
    const stream = await this.#devices
      ?.getUserMedia({
        audio: constraintsFor("microphone", microphone.deviceId),
        video: constraintsFor("camera", camera.deviceId),
      })
      .catch(() => undefined);
    if (stream === undefined) return false;
    kinds.forEach((kind, index) => {
      this.#take(kind, stream, requests[index] ?? 0);
    });
    this.#refresh();
    return true;
  }

  async #open(kind: DeviceKind): Promise<void> {
    const request = this.#begin(kind);
    try {
      if (this.#devices === undefined) throw insecure;
      const constraints = constraintsFor(kind, this.get()[kind].deviceId);
      const stream = await this.#devices.getUserMedia({ [trackKind[kind]]: constraints });
      this.#take(kind, stream, request);
      this.#refresh();
    } catch (error) {
      if (request !== this.#request[kind]) return;
      this.#drop(kind);
      this.#change(kind, { opening: false, problem: explainDevice(kind, error) });
    }
  }

  #begin(kind: DeviceKind): number {
    this.#change(kind, { opening: true, problem: undefined });
    this.#request[kind] += 1;
    return this.#request[kind];
  }

  #take(kind: DeviceKind, stream: MediaStream, request: number): void {
    const track = stream.getTracks().find((found) => found.kind === trackKind[kind]);
    if (track === undefined) return;
    const { on } = this.get()[kind];
    const unwanted = kind === "camera" && !on;
    if (this.#closed || request !== this.#request[kind] || unwanted) {
      track.stop();
      return;
    }
    this.get()[kind].track?.stop();
    track.contentHint = kind === "camera" ? "motion" : "speech";
    track.enabled = on;
    track.addEventListener("ended", () => void this.#lost(kind, track));
    const { deviceId } = track.getSettings();
    this.#change(kind, {
      track,
      opening: false,
      problem: undefined,
      ...(deviceId === undefined ? {} : { deviceId }),
    });
  }

  /** Unplugged, or taken away: another one may be there. */
  async #lost(kind: DeviceKind, track: MediaStreamTrack): Promise<void> {
    if (this.get()[kind].track !== track) return;
    this.#change(kind, { track: undefined, deviceId: undefined });
    if (this.get()[kind].on) await this.#open(kind);
  }

  #drop(kind: DeviceKind): void {
    this.#request[kind] += 1;
    this.get()[kind].track?.stop();
    this.#change(kind, { track: undefined, opening: false });
  }

  readonly #refresh = () => {
    for (const kind of kinds) void this.#list(kind);
  };

  async #list(kind: DeviceKind): Promise<void> {
    if (this.#devices === undefined) return;
    const choices = await listDevices(this.#devices, kind);
    if (!this.#closed) this.#change(kind, { choices });
  }

  #change(kind: DeviceKind, change: Partial<LocalDevice>): void {
    const state = this.get();
    this.set({ ...state, [kind]: { ...state[kind], ...change } });
  }

  #remember(): void {
    const { microphone, camera } = this.get();
    savePreferences(this.#storage, {
      microphone: preferenceOf(microphone),
      camera: preferenceOf(camera),
    });
  }
}

/** Whether others get sound or picture of it. */
export function isSending({ on, track }: LocalDevice): boolean {
  return on && track !== undefined;
}

const insecure = { name: "InsecureContextError" };

const isLive = (track: MediaStreamTrack | undefined): boolean => track?.readyState === "live";

function preferenceOf({ deviceId, on }: LocalDevice): DevicePreferences[DeviceKind] {
  return deviceId === undefined ? { on } : { deviceId, on };
}

function initialDevice({ on, deviceId }: DevicePreferences[DeviceKind]): LocalDevice {
  return { on, deviceId, opening: false, track: undefined, problem: undefined, choices: [] };
}
