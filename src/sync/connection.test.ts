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
function connected(failures: number, parts: Record<string, unknown> = {}) {
  const view = vi.fn(async () => {
    if (view.mock.calls.length <= failures) throw new DatabaseUnavailableError("away");
    return { moment, results: new Map() };
  });
  const socket = { send: vi.fn(), waitingBytes: 0, close: vi.fn(), setReading: vi.fn() };
  const services = {
    ...{ runner: { view }, store: {}, authenticator: {}, invoker: {} },
    ...{ clock: { now: () => 0, sleep: async () => {} }, log: { error: vi.fn() } },
    ...{ stopping: new AbortController().signal, onTold: () => {} },
    ...parts,
  } as unknown as ConnectionServices;
  const connection = new SyncConnection(services, socket);
  connection.receive(connect);
  connection.receive(queries);
  return { connection, socket, services };
}

const action = JSON.stringify({
  ...{ type: "Action", requestId: 0, udfPath: "a:b", args: [{}] },
});
const signIn = JSON.stringify({
  ...{ type: "Authenticate", baseVersion: 0, tokenType: "User", value: "token" },
});
const shown = (socket: { send: { mock: { calls: unknown[][] } } }) => () =>
  expect(socket.send.mock.calls.flat().join()).toContain("Transition");

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

it("answers the actions it has begun before it sends the client elsewhere", async () => {
  let finish: (outcome: unknown) => void = () => {};
  const outcome = new Promise((resolve) => {
    finish = resolve;
  });
  const { connection, socket } = connected(0, { invoker: { invoke: () => outcome } });
  connection.receive(action);
  await vi.waitFor(shown(socket), { timeout: 30_000 });
  const drained = connection.drain();
  await Promise.resolve();
  finish({ ok: true, json: "1", logLines: [] });
  await drained;
  expect(socket.send.mock.calls.flat().join()).toContain("ActionResponse");
  expect(socket.close).toHaveBeenCalledExactlyOnceWith(1001, "GoingAway");
});

it("hears a client that takes nothing only when it takes something again", async () => {
  const invoke = vi.fn(async () => ({ ok: true, json: "1", logLines: [] }));
  const { connection, socket } = connected(0, { invoker: { invoke } });
  await vi.waitFor(shown(socket), { timeout: 30_000 });
  socket.waitingBytes = 10 * 1024 * 1024;
  connection.receive(action);
  await new Promise(setImmediate);
  expect(invoke).not.toHaveBeenCalled();
  socket.waitingBytes = 0;
  connection.look();
  await vi.waitFor(() => expect(invoke).toHaveBeenCalledOnce(), { timeout: 30_000 });
});

it("is closed, and nothing else ends, when its credentials cannot be looked at", async () => {
  const prove = vi
    .fn()
    .mockResolvedValueOnce({ identity: { kind: "anonymous" }, goodUntil: -1 })
    .mockRejectedValue(new TypeError("odd"));
  const { connection, socket, services } = connected(0, { authenticator: { prove } });
  connection.receive(signIn);
  await vi.waitFor(() => expect(prove).toHaveBeenCalledOnce(), { timeout: 30_000 });
  await vi.waitFor(shown(socket), { timeout: 30_000 });
  connection.look();
  await vi.waitFor(
    () => expect(socket.close).toHaveBeenCalledExactlyOnceWith(1011, "InternalServerError"),
    { timeout: 30_000 },
  );
  expect(services.log.error).toHaveBeenCalledOnce();
});
