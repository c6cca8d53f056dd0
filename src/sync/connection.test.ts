import { expect, it, vi } from "vitest";
import { DatabaseUnavailableError } from "../db/port.ts";
import { Snapshot } from "./commitLog.ts";
import { SyncConnection } from "./connection.ts";
import type { ConnectionServices } from "./connectionPorts.ts";

const moment = { snapshot: new Snapshot("10:10:"), ts: 1n };
const connect = JSON.stringify({
  ...{ type: "Connect", sessionId: "6f2c1b1e-6c4e-4b8e-9d63-1d6a2d8f1a11", connectionCount: 0 },
  ...{ lastCloseReason: "InitialConnect", clientTs: 0 },
});
const queries = JSON.stringify({
  ...{ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications: [] },
});

/** A client whose queries can be shown after so many attempts. */
function connected(failures: number) {
  const view = vi.fn(async () => {
    if (view.mock.calls.length <= failures) throw new DatabaseUnavailableError("away");
    return { moment, results: new Map() };
  });
  const socket = { send: vi.fn(), waitingBytes: 0, close: vi.fn(), setReading: vi.fn() };
  const services = {
    ...{ runner: { view }, store: {}, authenticator: {}, invoker: {} },
    ...{ clock: { now: () => 0, sleep: async () => {} }, log: { error: vi.fn() } },
    ...{ stopping: new AbortController().signal, onDelivered: () => {} },
  } as unknown as ConnectionServices;
  const connection = new SyncConnection(services, socket);
  connection.receive(connect);
  connection.receive(queries);
  return { socket };
}

it("a short outage of the database is waited for", async () => {
  const { socket } = connected(4);
  await vi.waitFor(() => expect(socket.send).toHaveBeenCalledOnce(), { timeout: 30_000 });
  expect(socket.close).not.toHaveBeenCalled();
});

it("of a longer one the client is told by being sent away", async () => {
  const { socket } = connected(1000);
  await vi.waitFor(
    () => expect(socket.close).toHaveBeenCalledExactlyOnceWith(1013, "DatabaseUnavailable"),
    { timeout: 30_000 },
  );
  expect(socket.send).not.toHaveBeenCalled();
});
