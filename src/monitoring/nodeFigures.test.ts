import { beforeEach, describe, expect, it } from "vitest";
import type { Identity } from "../auth/identity.ts";
import { systemClock } from "../core/clock.ts";
import { NodeFigures } from "./nodeFigures.ts";

const minute = 60_000;
let now: number;
let figures: NodeFigures;
beforeEach(() => {
  now = 100 * minute;
  figures = new NodeFigures({ ...systemClock, now: () => now });
});

const user = (subject: string): Identity => ({ kind: "user", issuer: "https://issuer", subject });
const call = (identity: Identity = user("alice"), ms = 5) =>
  figures.onCall(
    { fn: "a:b", kind: "query", requestId: "r", outcome: "success", bytes: 10, ms },
    { identity },
  );
const window = JSON.stringify([{ subscriptionId: "window", meetingId: "meeting" }]);
const follow = (name = "realtime/subscriptions:subscribeX", argsText = window) =>
  figures.onTold({
    ...{ identity: user("alice"), bytes: 10, stalenessMs: 5 },
    changes: [
      {
        ...{ name, identity: user("alice"), isFailure: false, staleSince: performance.now() },
        argsText,
      },
    ],
  });
const callsOf = ({ minutes }: ReturnType<NodeFigures["take"]>) =>
  minutes.map(({ minute: begun, calls }) => [begun / minute, calls[0]?.calls ?? 0]);

describe("a node's figures", () => {
  it("are totals of the database's minutes, told when they have grown", () => {
    call();
    figures.written(now + minute);
    call();
    call();
    expect(callsOf(figures.take())).toEqual([
      [100, 1],
      [101, 2],
    ]);
    figures.written(now + minute);
    expect(callsOf(figures.take())).toEqual([[101, 0]]);
    call();
    expect(callsOf(figures.take())).toEqual([[101, 3]]);
  });

  it("keep what was counted while they were written, also of a minute that is over", () => {
    call();
    figures.take();
    call();
    figures.written(now + minute);
    expect(callsOf(figures.take())).toEqual([[100, 2]]);
  });

  it("never begin a minute anew that has been written, when a clock is set back", () => {
    call();
    figures.take();
    figures.written(now);
    now += minute;
    call();
    figures.take();
    figures.written(now);
    now -= 3 * minute;
    call();
    expect(callsOf(figures.take())).toEqual([[101, 2]]);
  });

  it("are told again after a write that failed; what is added up only where it certainly did", () => {
    call();
    follow();
    const first = figures.take();
    expect(first.followed).toMatchObject([{ updates: 1, timed: 1 }]);
    figures.notWritten(first, { ambiguous: false });
    follow();
    const second = figures.take();
    expect(callsOf(second)).toEqual([[100, 1]]);
    expect(second.followed).toMatchObject([{ updates: 2, timed: 2 }]);
    figures.notWritten(second, { ambiguous: true });
    const third = figures.take();
    expect(callsOf(third)).toEqual([[100, 1]]);
    expect(third.followed).toEqual([]);
  });

  it("of subscriptions are those that are told of what they are to", () => {
    follow("realtime/subscriptions:validateSubscription");
    follow("meetings/queries:getMeeting");
    for (const argsText of ["[]", "[null]", "[7]", '[{"subscriptionId":"window"}]'])
      follow("realtime/subscriptions:subscribeX", argsText);
    expect(figures.take().followed).toEqual([]);
  });

  it("count so many people by themselves and no more, and all of them together", () => {
    for (let i = 0; i < 10_001; i++) call(user(`user_${i}`));
    call(user("user_0"));
    const [grown] = figures.take().minutes;
    expect(grown?.users).toHaveLength(10_000);
    expect(grown?.users[0]).toMatchObject({ subject: "user_0", requests: 2 });
    expect(grown?.node).toMatchObject([{ requests: 10_002 }]);
  });

  it("are kept for so many minutes and no more while they cannot be written", () => {
    for (let i = 0; i < 20; i++) {
      call();
      now += minute;
    }
    expect(figures.take().minutes).toHaveLength(15);
  });
});
