import type { DeviceKind } from "./deviceProblems.ts";

/** What a device is used with, and whether, the next time. */
export interface DevicePreferences {
  microphone: { deviceId?: string; on: boolean };
  camera: { deviceId?: string; on: boolean };
}

export interface DeviceChoice {
  deviceId: string;
  label: string;
}

/** The part of `navigator.mediaDevices` that is used. */
export type MediaDevicesLike = Pick<
  MediaDevices,
  "getUserMedia" | "enumerateDevices" | "addEventListener" | "removeEventListener"
>;

const storageKey = "connvo.devices";
const initial: DevicePreferences = { microphone: { on: true }, camera: { on: true } };

export function loadPreferences(storage: Storage | undefined): DevicePreferences {
  try {
    const saved: unknown = JSON.parse(storage?.getItem(storageKey) ?? "null");
    if (typeof saved !== "object" || saved === null) return initial;
    const { microphone, camera } = saved as Partial<DevicePreferences>;
    return { microphone: microphone ?? initial.microphone, camera: camera ?? initial.camera };
  } catch {
    return initial;
  }
}

/** A browser that stores nothing forgets the choice; nothing else is the worse for it. */
export function savePreferences(
  storage: Storage | undefined,
  preferences: DevicePreferences,
): void {
  try {
    storage?.setItem(storageKey, JSON.stringify(preferences));
  } catch {
    // Full, or not allowed.
  }
}

export async function listDevices(
  devices: MediaDevicesLike,
  kind: DeviceKind,
): Promise<DeviceChoice[]> {
  const wanted = kind === "camera" ? "videoinput" : "audioinput";
  const found = await devices.enumerateDevices().catch(() => []);
  // Without permission there are devices without an id, which cannot be chosen.
  return found
    .filter((device) => device.kind === wanted && device.deviceId !== "")
    .map(({ deviceId, label }, index) => ({
      deviceId,
      label: label === "" ? `${kind === "camera" ? "Camera" : "Microphone"} ${index + 1}` : label,
    }));
}

/** 720p at 30 frames a second; speech cleaned of echo and noise. */
export function constraintsFor(kind: DeviceKind, deviceId?: string): MediaTrackConstraints {
  const chosen = deviceId === undefined ? {} : { deviceId: { ideal: deviceId } };
  if (kind === "microphone")
    return { ...chosen, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  return {
    ...chosen,
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
  };
}
