import { badInput, callMissing, missing } from "./errors.ts";
import type { CallData, RecordSettings, SettingsOverride } from "./schemas.ts";

export interface Participant {
  userId: string;
  role: string;
  joinedAt: number;
}

export interface Session {
  id: string;
  startedAt: number;
  endedAt: number | null;
  participants: Participant[];
}

export interface RecordingFile {
  filename: string;
  sessionId: string;
  startedAt: number;
  endedAt: number;
}

export interface Call {
  id: string;
  cid: string;
  createdBy: string;
  createdAt: number;
  updatedAt: number;
  endedAt: number | null;
  members: { userId: string; role: string }[];
  blocked: Set<string>;
  custom: Record<string, unknown>;
  settings: SettingsOverride & { recording: RecordSettings };
  session: Session | null;
  /** The composite capture: accepted at, and running since; `null` = none. */
  capture: { acceptedAt: number; runningAt: number | null } | null;
  /** Finished files that Stream would still be processing. */
  processing: RecordingFile[];
  files: RecordingFile[];
  /** Starts that were accepted, ever. */
  startsAccepted: number;
}

export interface CallsOptions {
  now: () => number;
  /** Whether an accepted start runs at once; else `beginCapture` makes it run. */
  captureAtOnce: boolean;
  /** Whether files are listed at once; else `finishFiles` lists them. */
  filesAtOnce: boolean;
}

const stockRecording: RecordSettings = {
  mode: "available",
  quality: "720p",
  audio_only: false,
  layout: { name: "spotlight" },
};

/** The calls and users of one Stream application, and what may be done to them. */
export class Calls {
  /** Where events are delivered to. */
  hooks: Record<string, unknown>[] = [];
  readonly users = new Map<string, { id: string; name?: string }>();
  readonly #calls = new Map<string, Call>();
  readonly #options: CallsOptions;
  #sessions = 0;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  get(id: string): Call {
    const call = this.#calls.get(id);
    if (!call) throw callMissing(`default:${id}`);
    return call;
  }

  /** By `type:id`; undefined for one that is not there. */
  find(cid: string): Call | undefined {
    return [...this.#calls.values()].find((call) => call.cid === cid);
  }

  getOrCreate(id: string, data: CallData): { call: Call; created: boolean } {
    const existing = this.#calls.get(id);
    if (existing) return { call: existing, created: false };
    const createdBy = data.created_by_id ?? data.created_by?.id;
    if (createdBy === undefined)
      throw badInput("either data.created_by or data.created_by_id must be provided");
    const members = (data.members ?? []).map(({ user_id, role = "user" }) => ({
      userId: user_id,
      role,
    }));
    this.#requireUsers([createdBy, ...members.map(({ userId }) => userId)]);
    const override = data.settings_override ?? {};
    if (override.recording) requireQuality(override.recording);
    const call = this.#newCall(id, createdBy, { ...data, settings_override: override });
    call.members = members;
    this.#calls.set(id, call);
    return { call, created: true };
  }

  update(id: string, override: SettingsOverride, custom: Record<string, unknown> | undefined) {
    const call = this.get(id);
    if (override.recording) requireQuality(override.recording);
    Object.assign(call.settings, override);
    if (custom) call.custom = custom;
    call.updatedAt = this.#options.now();
    return call;
  }

  delete(id: string): Call {
    const call = this.get(id);
    this.end(id);
    this.#calls.delete(id);
    return call;
  }

  end(id: string): void {
    const call = this.get(id);
    this.endSession(id);
    call.endedAt ??= this.#options.now();
  }

  startRecording(id: string): void {
    const call = this.get(id);
    if (call.settings.recording.mode === "disabled") throw badInput("recording is disabled");
    if (!call.session || call.session.endedAt !== null || call.session.participants.length === 0)
      throw badInput("there is no active session");
    if (call.capture) throw badInput("call egress is already running");
    const now = this.#options.now();
    call.startsAccepted += 1;
    call.capture = { acceptedAt: now, runningAt: this.#options.captureAtOnce ? now : null };
  }

  stopRecording(id: string): void {
    const call = this.get(id);
    if (!call.capture) throw badInput("call egress is not running");
    this.#finish(call);
  }

  deleteFile(id: string, sessionId: string, filename: string): void {
    const call = this.get(id);
    const at = call.files.findIndex(
      (file) => file.sessionId === sessionId && file.filename === filename,
    );
    if (at < 0) throw missing("recording doesn't exist");
    call.files.splice(at, 1);
  }

  block(id: string, userId: string): void {
    this.#requireUsers([userId]);
    this.get(id).blocked.add(userId);
  }

  kick(id: string, userId: string): void {
    const { session } = this.get(id);
    const present = session?.participants.some((one) => one.userId === userId) ?? false;
    if (!present) throw badInput("user is not in the call");
    this.leave(id, userId);
  }

  /** Somebody joins; a session begins with the first. Throws for who is blocked, as Stream would refuse them. */
  join(id: string, userId: string, role = "user"): void {
    const call = this.get(id);
    if (call.endedAt !== null) throw badInput("call has ended");
    if (call.blocked.has(userId)) throw badInput("user is blocked");
    const now = this.#options.now();
    if (!call.session || call.session.endedAt !== null) {
      this.#sessions += 1;
      const suffix = String(this.#sessions).padStart(12, "0");
      const sessionId = `5e551000-0000-4000-8000-${suffix}`;
      call.session = { id: sessionId, startedAt: now, endedAt: null, participants: [] };
    }
    call.session.participants.push({ userId, role, joinedAt: now });
  }

  /** Somebody leaves; the session stays until it is ended, as Stream lets it idle for a while. */
  leave(id: string, userId: string): void {
    const { session } = this.get(id);
    if (!session) return;
    session.participants = session.participants.filter((one) => one.userId !== userId);
  }

  /** What Stream does after the inactivity time-out: the session ends and so does its recording. */
  endSession(id: string): void {
    const call = this.get(id);
    if (!call.session || call.session.endedAt !== null) return;
    this.#finish(call);
    call.session.endedAt = this.#options.now();
    call.session.participants = [];
  }

  /** Makes an accepted start run. */
  beginCapture(id: string): void {
    const { capture } = this.get(id);
    if (capture) capture.runningAt ??= this.#options.now();
  }

  /** The recorder dies without a file. */
  loseCapture(id: string): void {
    this.get(id).capture = null;
  }

  /** Lists what was being processed. */
  finishFiles(id: string): void {
    const call = this.get(id);
    call.files.push(...call.processing.splice(0));
  }

  #finish(call: Call): void {
    const { capture, session } = call;
    call.capture = null;
    if (!session || capture?.runningAt == null) return;
    const endedAt = Math.max(this.#options.now(), capture.runningAt + 1);
    const filename = `rec_${call.id}_${capture.runningAt}.mp4`;
    const file = { filename, sessionId: session.id, startedAt: capture.runningAt, endedAt };
    (this.#options.filesAtOnce ? call.files : call.processing).push(file);
  }

  #newCall(id: string, createdBy: string, data: CallData): Call {
    const now = this.#options.now();
    return {
      id,
      cid: `default:${id}`,
      createdBy,
      createdAt: now,
      updatedAt: now,
      endedAt: null,
      members: [],
      blocked: new Set(),
      custom: data.custom ?? {},
      settings: {
        ...data.settings_override,
        recording: data.settings_override?.recording ?? stockRecording,
      },
      session: null,
      capture: null,
      processing: [],
      files: [],
      startsAccepted: 0,
    };
  }

  #requireUsers(ids: string[]): void {
    const unknown = ids.find((id) => !this.users.has(id));
    if (unknown !== undefined)
      throw badInput(
        `The following users are involved in the request, but don't exist: [${unknown}]`,
      );
  }
}

function requireQuality({ mode, audio_only, quality }: RecordSettings): void {
  if (mode === "disabled" || audio_only || quality) return;
  throw badInput("recording quality is required when audio_only is false and recording is enabled");
}
