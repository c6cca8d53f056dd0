import type { Clock } from "../../core/clock.ts";
import type { StreamApi } from "./api.ts";
import { type CallState, readCall } from "./callState.ts";
import { isAnswer } from "./errors.ts";
import { callCid, requireCallId } from "./ids.ts";

/** Reads asked for within this are one request, ms. */
const gatherMs = 20;
/** Calls that one request reads. */
const batchSize = 25;

interface Waiting {
  callId: string;
  resolve(state: CallState | undefined): void;
  reject(error: unknown): void;
}

/** Reads the state of calls, many with one request: the rate is shared by all meetings of an application. */
export class CallReader {
  readonly #api: StreamApi;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];

  constructor(api: StreamApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** Undefined for a call that is not there. @throws AppError as `StreamApi.request` */
  read(callId: string): Promise<CallState | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ callId: requireCallId(callId), resolve, reject });
      if (this.#waiting.length === 1) void this.#gather();
    });
  }

  async #gather(): Promise<void> {
    await this.#clock.sleep(gatherMs);
    const all = this.#waiting;
    this.#waiting = [];
    for (let from = 0; from < all.length; from += batchSize)
      void this.#readAll(all.slice(from, from + batchSize));
  }

  async #readAll(batch: Waiting[]): Promise<void> {
    try {
      const ids = [...new Set(batch.map(({ callId }) => callId))];
      const found = ids.length > 1 ? await this.#query(ids) : new Map<string, CallState>();
      const missing = ids.filter((id) => !found.has(id));
      // A list may leave out what is there all the same.
      const single = new Map(
        await Promise.all(missing.map(async (id) => [id, await this.#get(id)] as const)),
      );
      for (const { callId, resolve } of batch) resolve(found.get(callId) ?? single.get(callId));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  async #query(ids: string[]): Promise<Map<string, CallState>> {
    const request = { filter_conditions: { cid: { $in: ids.map(callCid) } }, limit: batchSize };
    const context = { operation: "recordingState", endpoint: "QueryCalls" } as const;
    const { calls } = await this.#api.request(context, (client) =>
      client.video.queryCalls(request),
    );
    return new Map(calls.map(({ call }) => [call.id, readCall(call)]));
  }

  async #get(id: string): Promise<CallState | undefined> {
    const call = this.#api.call(id);
    const context = { operation: "recordingState", endpoint: "GetCall" } as const;
    try {
      return readCall((await this.#api.request(context, () => call.get())).call);
    } catch (error) {
      if (isAnswer(error, 404)) return undefined;
      throw error;
    }
  }
}
