import { beforeEach, expect, it } from "vitest";
import { settled } from "../testing/fakeBrowser.ts";
import { FakeDevices, type FakeTrack } from "../testing/fakeDevices.ts";
import { isSending, LocalMedia } from "./localMedia.ts";

let devices: FakeDevices;
let local: LocalMedia;

beforeEach(() => {
  localStorage.clear();
  devices = new FakeDevices();
  local = new LocalMedia({ devices, storage: localStorage });
});

it("asks for both at once, and lists what there is to choose from", async () => {
  await local.start();
  await settled();
  expect(devices.asked).toEqual(["audio+video"]);
  const { microphone, camera } = local.get();
  expect([isSending(microphone), isSending(camera)]).toEqual([true, true]);
  expect(microphone.choices).toEqual([{ deviceId: "microphone-1", label: "Desk microphone" }]);
  expect(camera.choices).toEqual([{ deviceId: "camera-1", label: "Camera 1" }]);
});

it.each([
  ["NotAllowedError", /Allow it/],
  ["NotFoundError", /No camera was found/],
  ["NotReadableError", /Another program/],
])("a camera that fails with %s leaves the microphone, and is explained", async (name, words) => {
  devices.broken.video = name;
  await local.start();
  expect(isSending(local.get().microphone)).toBe(true);
  expect(local.get().camera).toMatchObject({ track: undefined, opening: false });
  expect(local.get().camera.problem).toMatch(words);
});

it("says where browsers give no devices", async () => {
  local = new LocalMedia({ devices: undefined });
  await local.start();
  expect(local.get().microphone.problem).toMatch(/https/);
});

it("mutes without closing the microphone, and closes the camera", async () => {
  await local.start();
  const { microphone, camera } = local.get();
  await local.setOn("microphone", false);
  await local.setOn("camera", false);
  expect(microphone.track).toMatchObject({ enabled: false, readyState: "live" });
  expect(camera.track?.readyState).toBe("ended");
  await local.toggle("microphone");
  expect(microphone.track?.enabled).toBe(true);
  expect(devices.asked).toHaveLength(1);
});

it("remembers what was on and chosen", async () => {
  await local.start();
  await local.choose("microphone", "microphone-1");
  await local.setOn("camera", false);
  local.close();
  const next = new LocalMedia({ devices, storage: localStorage });
  expect(next.get().camera.on).toBe(false);
  expect(next.get().microphone).toMatchObject({ on: true, deviceId: "microphone-1" });
});

it("takes another device when one is unplugged", async () => {
  await local.start();
  const { track } = local.get().camera;
  (track as unknown as FakeTrack).unplug();
  await settled();
  expect(local.get().camera.track).not.toBe(track);
  expect(isSending(local.get().camera)).toBe(true);
});

it("gives back what comes after it was closed", async () => {
  const starting = local.start();
  local.close();
  await starting;
  expect(local.get().camera.track).toBeUndefined();
});
