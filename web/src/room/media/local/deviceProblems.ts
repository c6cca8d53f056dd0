export type DeviceKind = "microphone" | "camera";

const article = { microphone: "the microphone", camera: "the camera" } as const;

/** Why there is no sound or picture from a device, and what to do about it. */
export function explainDevice(kind: DeviceKind, error: unknown): string {
  const name = errorName(error);
  if (name === "NotAllowedError" || name === "SecurityError")
    return `This page may not use ${article[kind]}. Allow it beside the address of the page, then switch it on again.`;
  if (name === "NotFoundError" || name === "OverconstrainedError")
    return `No ${kind} was found. Connect one, then switch it on again.`;
  if (name === "NotReadableError" || name === "AbortError")
    return `Another program may be using ${article[kind]}. Close it there, then switch it on again.`;
  if (name === "InsecureContextError")
    return `Browsers give ${article[kind]} to https pages only. Open this page by its https address.`;
  return `${kind === "camera" ? "The camera" : "The microphone"} does not work here.`;
}

/** What browsers tell errors of devices apart by. */
export function errorName(error: unknown): string {
  if (typeof error !== "object" || error === null || !("name" in error)) return "";
  return String(error.name);
}
