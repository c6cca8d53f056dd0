import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Clock } from "../../core/clock.ts";
import { silentLog } from "../../core/log.ts";
import { controlProtocol, type Health } from "../../rooms/contract/protocol.ts";
import { type RoomProcessHost, Supervisor } from "./supervisor.ts";

const healthy: Health = {
  protocol: controlProtocol,
  pid: 7,
  instance: "a",
  settings: "s",
  idle: true,
};

/** A world in which sleeping takes no time but moves the clock. */
class World implements RoomProcessHost {
  now = 0;
  slept: number[] = [];
  spawned = 0;
  shutdowns = 0;
  kills = 0;
  ended = false;
  running: Health | undefined;
  /** What a spawned process becomes; undefined = it dies at once. */
  next: Health | undefined = healthy;
  died: () => void = () => undefined;
  readonly clock: Clock = {
    now: () => this.now,
    sleep: async (ms) => {
      this.slept.push(ms);
      this.now += ms;
      await new Promise(setImmediate);
    },
  };

  health = async () => this.running;
  shutdown = async () => {
    this.shutdowns++;
    this.running = undefined;
  };
  killStuck = async () => {
    this.kills++;
    return false;
  };
  end = async () => {
    this.running = undefined;
    this.ended = true;
  };
  spawn = () => {
    this.spawned++;
    this.running = this.next;
    return {
      exited: this.next
        ? new Promise<{ failed: boolean }>(() => undefined)
        : Promise.resolve({ failed: true }),
    };
  };
  follow = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      this.died = () => {
        this.running = undefined;
        resolve();
      };
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  /** Waits beyond the fast polling for health. */
  get pauses(): number[] {
    return this.slept.filter((ms) => ms >= 250);
  }
}

let world: World;
let supervisor: Supervisor;
beforeEach(() => {
  world = new World();
  supervisor = new Supervisor(world, { settings: "s", clock: world.clock, log: silentLog });
});

const dies = async (afterMs: number): Promise<void> => {
  const before = world.spawned;
  world.now += afterMs;
  world.died();
  await vi.waitFor(() => expect(world.spawned).toBeGreaterThan(before));
  await new Promise(setImmediate);
};

describe("at the start", () => {
  test("a live process is adopted", async () => {
    world.running = healthy;
    await supervisor.start();
    expect(world.spawned).toBe(0);
    await supervisor.stop();
  });

  test("none running, one is started", async () => {
    await supervisor.start();
    expect(world.spawned).toBe(1);
    await supervisor.stop();
  });

  test("one that speaks another protocol is replaced, also while it works", async () => {
    world.running = { ...healthy, protocol: controlProtocol + 1, idle: false };
    await supervisor.start();
    expect(world).toMatchObject({ shutdowns: 1, spawned: 1 });
    await supervisor.stop();
  });

  test.each([
    [true, 1],
    [false, 0],
  ])("one with other settings is replaced when it is idle (%s)", async (idle, shutdowns) => {
    world.running = { ...healthy, settings: "old", idle };
    await supervisor.start();
    expect(world.shutdowns).toBe(shutdowns);
    await supervisor.stop();
  });

  test("a process that cannot start is reported after some tries", async () => {
    world.next = undefined;
    await expect(supervisor.start()).rejects.toThrow("does not start");
    expect(world.pauses).toEqual([250]);
    expect(world.spawned).toBe(5);
    expect(world.kills).toBe(world.spawned);
  });
});

describe("when the process dies", () => {
  test("another is started at once", async () => {
    await supervisor.start();
    await dies(60_000);
    expect(world.pauses).toEqual([]);
    await supervisor.stop();
  });

  test("the first quick deaths are forgiven, later ones wait longer and longer", async () => {
    await supervisor.start();
    for (let death = 0; death < 6; death++) await dies(100);
    expect(world.pauses).toEqual([250, 500, 1000]);
    await supervisor.stop();
  });

  test("a long life makes good for quick deaths", async () => {
    await supervisor.start();
    for (let death = 0; death < 5; death++) await dies(100);
    const before = world.pauses.length;
    await dies(60_000);
    expect(world.pauses).toHaveLength(before);
    await supervisor.stop();
  });

  test("a stopped supervisor lets it be", async () => {
    await supervisor.start();
    await supervisor.stop();
    world.died();
    expect(world.spawned).toBe(1);
  });
});

describe("a stop", () => {
  test("while it starts gives up, and the process is ended", async () => {
    const stop = new AbortController();
    world.health = async () => {
      stop.abort();
      return undefined;
    };
    await expect(supervisor.start(stop.signal)).rejects.toThrow("does not start");
    await supervisor.end(stop.signal);
    expect(world.ended).toBe(true);
  });

  test("that ends the process is not taken for its death", async () => {
    await supervisor.start();
    const { spawned } = world;
    await supervisor.end(new AbortController().signal);
    expect(world).toMatchObject({ ended: true, spawned });
  });
});
