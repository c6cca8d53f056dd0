import { option } from "./option.ts";
import { bucketName, flag, httpUrl, keptDays, keyPrefix, text, whole } from "./optionTypes.ts";

/** Where files are kept, how much of them, and for how long. */
export const storageOptions = {
  diskReserveBytes: option({
    env: "CONNVO_DISK_RESERVE_BYTES",
    type: whole(0, Number.MAX_SAFE_INTEGER),
    default: "2000000000",
    doc: "A recording start is refused when less is free.",
  }),
  diskFloorBytes: option({
    env: "CONNVO_DISK_FLOOR_BYTES",
    type: whole(0, Number.MAX_SAFE_INTEGER),
    default: "500000000",
    doc: "Running recordings are ended when less is free, so that the database never meets a full disk.",
  }),
  recordingDiskShare: option({
    env: "CONNVO_RECORDING_DISK_SHARE",
    type: whole(1, 100),
    default: "50",
    doc: "What one recording may take of the disk space above the floor, percent: with more it is ended alone; 100 = no limit of its own.",
  }),
  quotaBytes: option({
    env: "CONNVO_ORG_QUOTA_BYTES",
    type: whole(1, Number.MAX_SAFE_INTEGER).optional(),
    doc: "Bytes of recordings an organisation may keep; absent = no limit. A starting recording beyond it is refused.",
  }),
  s3Bucket: option({
    env: "CONNVO_S3_BUCKET",
    type: bucketName.optional(),
    doc: "Keep finished files in this bucket of an S3-compatible store; absent: in the data folder.",
  }),
  s3Endpoint: option({
    env: "CONNVO_S3_ENDPOINT",
    type: httpUrl.optional(),
    doc: "Address of that store; absent: Amazon's, by the region.",
  }),
  s3Region: option({
    env: "CONNVO_S3_REGION",
    type: text,
    default: "us-east-1",
    doc: "Region of the bucket; other stores than Amazon's mostly take the default.",
  }),
  s3AccessKey: option({
    env: "CONNVO_S3_ACCESS_KEY",
    type: text.optional(),
    doc: "Access key id; required with the bucket.",
    secret: true,
  }),
  s3SecretKey: option({
    env: "CONNVO_S3_SECRET_KEY",
    type: text.optional(),
    doc: "Secret access key; required with the bucket.",
    secret: true,
  }),
  s3Prefix: option({
    env: "CONNVO_S3_PREFIX",
    type: keyPrefix.optional(),
    doc: "Stands before every key in the bucket, such as connvo/; servers with databases of their own need prefixes of their own.",
  }),
  s3ForcePathStyle: option({
    env: "CONNVO_S3_FORCE_PATH_STYLE",
    type: flag.optional(),
    doc: "Name the bucket in the path and not in the host name; absent: true with CONNVO_S3_ENDPOINT.",
  }),
  keepLocalCapturesHours: option({
    env: "CONNVO_KEEP_LOCAL_CAPTURES_HOURS",
    type: whole(0, 100_000),
    default: "24",
    doc: "With a bucket: hours for which a capture that is in it, and that nobody reads, stays in the data folder too.",
  }),
  keepRecordingsDays: option({
    env: "CONNVO_KEEP_RECORDINGS_DAYS",
    type: keptDays,
    default: "0",
    doc: "Days after its end at which a recording is deleted with all that belongs to it; 0 = it is kept for ever. The same on all nodes.",
  }),
  keepFreeRecordingsDays: option({
    env: "CONNVO_KEEP_FREE_RECORDINGS_DAYS",
    type: keptDays.optional(),
    doc: "The same for recordings of the free plan; absent: as for every plan.",
  }),
  keepPaidRecordingsDays: option({
    env: "CONNVO_KEEP_PAID_RECORDINGS_DAYS",
    type: keptDays.optional(),
    doc: "The same for recordings of the paid plan; absent: as for every plan.",
  }),
  keepTranscriptsDays: option({
    env: "CONNVO_KEEP_TRANSCRIPTS_DAYS",
    type: keptDays,
    default: "0",
    doc: "Days after a meeting's end at which what was said in it is deleted, with all that quotes it; 0 = it is kept for ever. The same on all nodes.",
  }),
} as const;
