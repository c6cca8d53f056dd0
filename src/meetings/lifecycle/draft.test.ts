import { describe, expect, it } from "vitest";
import { type DraftFacts, draftMeeting, type MeetingRequest } from "./draft.ts";

const now = 1_700_000_000_000;
const paid: DraftFacts = { tier: "paid", roomLimit: 8, now };
const free: DraftFacts = { ...paid, tier: "free" };

function draft(change: Partial<MeetingRequest>, facts = paid) {
  const result = draftMeeting({ title: "Planning", ...change }, facts);
  if (!result.ok) throw result.error;
  return result.value;
}

function refusal(change: Partial<MeetingRequest>, facts = paid) {
  const result = draftMeeting({ title: "Planning", ...change }, facts);
  return result.ok ? undefined : { code: result.error.code, ...result.error.metadata };
}

describe("a meeting as asked for", () => {
  it("gets the defaults", () => {
    expect(draft({ title: "  Planning " })).toEqual({
      title: "Planning",
      description: null,
      meetingType: null,
      scheduledAt: null,
      durationMs: 1_800_000,
      tier: "paid",
      recordingPermitted: true,
      transcriptionEnabled: true,
      maxParticipants: 8,
      emails: [],
    });
  });

  it("takes ten people by default where they fit", () => {
    expect(draft({}, { ...paid, roomLimit: 100 }).maxParticipants).toBe(10);
    expect(draft({}, free).maxParticipants).toBe(4);
  });

  it("may be recorded unless the organiser says no, and never on the free tier", () => {
    expect(draft({ recordingEnabled: false }).recordingPermitted).toBe(false);
    expect(draft({ recordingEnabled: true }, free).recordingPermitted).toBe(false);
  });

  it("has transcription switched off when asked", () => {
    expect(draft({ transcriptionEnabled: false }).transcriptionEnabled).toBe(false);
  });

  it("may be scheduled a moment ago, because requests take time", () => {
    expect(draft({ scheduledAt: now - 60_000 }).scheduledAt).toBe(now - 60_000);
  });

  it("keeps each address once, in lower case, and drops what is none", () => {
    const participantEmails = ["Bob@Example.test", "bob@example.test ", "nobody", "a\0@b.test"];
    expect(draft({ participantEmails }).emails).toEqual(["bob@example.test"]);
  });

  it("may have lines in its description", () => {
    expect(draft({ description: "one\r\n\ttwo" }).description).toBe("one\r\n\ttwo");
  });
});

describe("a request for a meeting is refused", () => {
  it.each([
    ["title", { title: " \n " }],
    ["title", { title: "x".repeat(201) }],
    ["title", { title: "a\0b" }],
    ["description", { description: "x".repeat(5_001) }],
    ["description", { description: "a\0b" }],
    ["description", { description: "\ud800" }],
    ["scheduledAt", { scheduledAt: now - 60_001 }],
    ["scheduledAt", { scheduledAt: Number.NaN }],
    ["scheduledAt", { scheduledAt: Number.POSITIVE_INFINITY }],
    ["duration", { duration: 0 }],
    ["duration", { duration: 1.5 }],
    ["duration", { duration: Number.POSITIVE_INFINITY }],
    ["maxParticipants", { maxParticipants: 0 }],
    ["maxParticipants", { maxParticipants: 2.5 }],
    ["maxParticipants", { maxParticipants: Number.NaN }],
    ["participantEmails", { participantEmails: Array(1_001).fill("a@b.test") }],
  ])("for its %s: %j", (field, change) => {
    expect(refusal(change)).toMatchObject({ code: "VALIDATION_ERROR", field });
  });

  it("above what the provider takes, naming the limit", () => {
    expect(refusal({ maxParticipants: 9 })).toMatchObject({ field: "maxParticipants", limit: 8 });
    expect(refusal({ maxParticipants: 5 }, free)).toMatchObject({ limit: 4 });
  });
});
