import { describe, expect, it } from "vitest";
import { mayAdd, mayGo, mayJoin, storedRole } from "./rules.ts";

const meeting = { id: "meeting_1", state: "active", maxParticipants: 2 } as const;
const host = { id: "participant_1", role: "host", presence: "joined" } as const;
const guest = { id: "participant_2", role: "participant", presence: "invited" } as const;

describe("a role as asked for", () => {
  it("is stored as it is, a co-host as participant", () => {
    expect(storedRole("co-host")).toBe("participant");
    expect(storedRole("host")).toBe("host");
    expect(storedRole("observer")).toBe("observer");
  });
});

describe("adding a person", () => {
  it("is possible until the cap is reached", () => {
    expect(mayAdd(meeting, { total: 1 }).ok).toBe(true);
    const refused = mayAdd(meeting, { total: 2 });
    expect(refused).toMatchObject({
      ok: false,
      error: { code: "VALIDATION_ERROR", metadata: { field: "maxParticipants", limit: 2 } },
    });
  });

  it("is refused when the meeting is over, whoever fits", () => {
    const refused = mayAdd({ ...meeting, state: "concluded" }, { total: 0 });
    expect(refused).toMatchObject({ error: { metadata: { reason: "meeting_concluded" } } });
  });
});

describe("joining", () => {
  it("is refused when as many have joined as fit", () => {
    expect(mayJoin(meeting, guest, { joined: 1 }).ok).toBe(true);
    expect(mayJoin(meeting, guest, { joined: 2 })).toMatchObject({
      error: { metadata: { reason: "meeting_full", limit: 2 } },
    });
  });

  it("stays possible for somebody who is there", () => {
    expect(mayJoin(meeting, host, { joined: 2 }).ok).toBe(true);
  });

  it("needs a running meeting", () => {
    expect(mayJoin({ ...meeting, state: "scheduled" }, guest, { joined: 0 })).toMatchObject({
      error: { code: "MEETING_NOT_ACTIVE", metadata: { state: "scheduled" } },
    });
  });
});

describe("a host who goes", () => {
  it("is refused for the last host only", () => {
    expect(mayGo(host, 0)).toMatchObject({
      error: { code: "VALIDATION_ERROR", metadata: { reason: "last_host" } },
    });
    expect(mayGo(host, 1).ok).toBe(true);
    expect(mayGo(guest, 0).ok).toBe(true);
  });
});
