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
  /** Of the capture it was made of. */
  egressId: string;
  startedAt: number;
  endedAt: number;
}

export interface Capture {
  egressId: string;
  acceptedAt: number;
  /** Null until it runs. */
  runningAt: number | null;
}

/** What Stream's hooks tell, without `created_at`. */
export type StreamEvent = { type: string; call_cid: string } & Record<string, unknown>;

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
  /** The composite capture; `null` = none. */
  capture: Capture | null;
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
  /** Told of everything a hook would tell. */
  onEvent?: ((event: StreamEvent) => void) | undefined;
  /** Told of what takes its time: an accepted start, and a file that is to be made. */
  onWork?: ((work: "capture" | "file", call: Call) => void) | undefined;
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
  #captures = 0;

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

  all(): Call[] {
    return [...this.#calls.values()];
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
    if (call.endedAt !== null) return;
    call.endedAt = this.#options.now();
    this.#tell(call, "call.ended");
  }

  startRecording(id: string): void {
    const call = this.get(id);
    if (call.settings.recording.mode === "disabled") throw badInput("recording is disabled");
    if (!call.session || call.session.endedAt !== null || call.session.participants.length === 0)
      throw badInput("there is no active session");
    if (call.capture) throw badInput("call egress is already running");
    const now = this.#options.now();
    call.startsAccepted += 1;
    this.#captures += 1;
    call.capture = { egressId: `egress-${this.#captures}`, acceptedAt: now, runningAt: null };
    if (this.#options.captureAtOnce) this.beginCapture(id);
    else this.#options.onWork?.("capture", call);
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
    const participant = { userId, role, joinedAt: now };
    call.session.participants.push(participant);
    this.#tellPresence(call, "joined", participant);
  }

  /** Somebody leaves; the session stays until it is ended, as Stream lets it idle for a while. */
  leave(id: string, userId: string): void {
    const call = this.get(id);
    const { session } = call;
    if (!session) return;
    const leaving = session.participants.filter((one) => one.userId === userId);
    session.participants = session.participants.filter((one) => one.userId !== userId);
    for (const one of leaving) this.#tellPresence(call, "left", one);
  }

  /** What Stream does after the inactivity time-out: the session ends and so does its recording. */
  endSession(id: string): void {
    const call = this.get(id);
    if (!call.session || call.session.endedAt !== null) return;
    this.#finish(call);
    call.session.endedAt = this.#options.now();
    call.session.participants = [];
    this.#tell(call, "call.session_ended", { session_id: call.session.id });
  }

  /** Makes an accepted start run. */
  beginCapture(id: string): void {
    const call = this.get(id);
    const { capture } = call;
    if (!capture || capture.runningAt !== null) return;
    capture.runningAt = this.#options.now();
    this.#tellRecording(call, "started", capture);
  }

  /** The recorder dies without a file. */
  loseCapture(id: string): void {
    const call = this.get(id);
    const { capture } = call;
    call.capture = null;
    if (capture) this.#tellRecording(call, "failed", capture);
  }

  /** Lists what was being processed. */
  finishFiles(id: string): void {
    const call = this.get(id);
    for (const file of call.processing.splice(0)) this.#list(call, file);
  }

  #finish(call: Call): void {
    const { capture, session } = call;
    call.capture = null;
    if (!session || capture?.runningAt == null) return;
    const { egressId, runningAt } = capture;
    const endedAt = Math.max(this.#options.now(), runningAt + 1);
    const filename = `rec_${call.id}_${runningAt}_${egressId}.mp4`;
    const file = { filename, sessionId: session.id, egressId, startedAt: runningAt, endedAt };
    this.#tellRecording(call, "stopped", capture);
    call.processing.push(file);
    if (this.#options.filesAtOnce) this.finishFiles(call.id);
    else this.#options.onWork?.("file", call);
  }

  #list(call: Call, file: RecordingFile): void {
    call.files.push(file);
    const { filename, sessionId: session_id, startedAt, endedAt } = file;
    this.#tellRecording(call, "ready", file, {
      call_recording: {
        ...{ filename, session_id, recording_type: "composite", url: `https://files/${filename}` },
        ...{ start_time: rfc3339(startedAt), end_time: rfc3339(endedAt) },
      },
    });
  }

  #tellRecording(call: Call, what: string, { egressId }: { egressId: string }, more: object = {}) {
    const names = { egress_id: egressId, recording_type: "composite" };
    this.#tell(call, `call.recording_${what}`, { ...names, ...more });
  }

  #tellPresence(call: Call, what: "joined" | "left", { userId, role, joinedAt }: Participant) {
    this.#tell(call, `call.session_participant_${what}`, {
      session_id: call.session?.id,
      participant: {
        ...{ user: { id: userId }, user_session_id: `${userId}-1`, role },
        joined_at: rfc3339(joinedAt),
      },
    });
  }

  #tell(call: Call, type: string, more: object = {}): void {
    this.#options.onEvent?.({ type, call_cid: call.cid, ...more });
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

const rfc3339 = (ms: number) => new Date(ms).toISOString();

function requireQuality({ mode, audio_only, quality }: RecordSettings): void {
  if (mode === "disabled" || audio_only || quality) return;
  throw badInput("recording quality is required when audio_only is false and recording is enabled");
}
