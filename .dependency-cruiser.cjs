// The rooms of the house and what each may import. `core` and `files` are open to all; arrows go down only.
const features = [
  "recordings",
  "meetings",
  "users",
  "subscriptions",
  "audit",
  "webhooks",
  "monitoring",
  "transcripts",
  "notes",
  "insights",
  "prompts",
  "embeddings",
  "search",
  "matching",
];
const ports =
  "src/(db|video|storage|llm|meaning|media/format)/port\\.ts$|src/media/(compose|transcribe)/protocol\\.ts$|src/meaning/unit\\.ts$";

/** Files of `room` may import its own files, core, npm packages, and `allowed`. */
const room = (name, path, allowed = []) => ({
  name,
  severity: "error",
  comment: `${name} may import: itself, core, ${allowed.join(", ") || "nothing else"}`,
  from: { path: `^${path}`, pathNot: "\\.test\\.ts$" },
  to: { path: "^src/", pathNot: [`^${path}`, "^src/(core|files)/", ...allowed].join("|") },
});

const onlyIn = (name, packages, rooms) => ({
  name,
  severity: "error",
  comment: `${packages} is used in ${rooms} only`,
  from: { path: "^src/", pathNot: `${rooms}|\\.test\\.ts$` },
  to: { path: `node_modules/(${packages})/` },
});

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: { path: "^(src|web)/" }, to: { circular: true } },
    {
      name: "pages-know-only-the-api",
      severity: "error",
      comment:
        "The pages import nothing of the server but the types of its functions and how a recording's picture is laid out; tests hold them to its words",
      from: { path: "^web/", pathNot: "\\.test\\.tsx?$" },
      to: { path: "^src/", pathNot: "^src/generated/api\\.ts$|^src/core/picture/" },
    },
    {
      name: "server-without-pages",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^web/" },
    },
    {
      name: "no-tests-in-product",
      severity: "error",
      from: { path: "^src/", pathNot: "\\.test\\.ts$" },
      to: { path: "\\.test\\.ts$|^test/|^bench/|^scripts/" },
    },
    {
      name: "core-stands-alone",
      severity: "error",
      from: { path: "^src/core/", pathNot: "\\.test\\.ts$" },
      to: { path: "^src/", pathNot: "^src/core/" },
    },
    room("files", "src/files/"),
    room("config", "src/config/"),
    room("net", "src/net/"),
    room("db", "src/db/", ["^src/config/"]),
    room("auth", "src/auth/", ["^src/db/port\\.ts$"]),
    room("video-port", "src/video/port\\.ts"),
    room("video-resilience", "src/video/[a-zA-Z]+\\.ts", ["^src/video/[a-zA-Z]+\\.ts$"]),
    room("video-embedded", "src/video/embedded/", [
      "^src/video/port\\.ts$",
      "^src/rooms/contract/",
      "^src/media/format/",
    ]),
    room("rooms-contract", "src/rooms/contract/", ["^src/video/port\\.ts$", "^src/media/format/"]),
    room("rooms", "src/rooms/", ["^src/video/port\\.ts$", "^src/media/format/"]),
    room("video-getstream", "src/video/getstream/", ["^src/video/(port|faults)\\.ts$"]),
    room("media-format", "src/media/format/"),
    room("media-compose", "src/media/compose/", ["^src/media/format/"]),
    room("media-render", "src/media/render/", [
      "^src/media/format/",
      "^src/media/compose/(protocol|slicePlan)\\.ts$",
    ]),
    room("media-transcribe", "src/media/transcribe/"),
    room("media-speech", "src/media/speech/", [
      "^src/media/format/",
      "^src/media/render/(decode|sound)/",
      "^src/media/transcribe/(port|protocol)\\.ts$",
    ]),
    room("llm", "src/llm/", [
      "^src/net/",
      "^src/meaning/(port|unit)\\.ts$",
      "^src/media/transcribe/port\\.ts$",
    ]),
    room("meaning", "src/meaning/"),
    room("vectors", "src/vectors/", ["^src/meaning/(port|protocol|unit)\\.ts$"]),
    room("storage", "src/storage/", ["^src/db/port\\.ts$"]),
    room("observe", "src/observe/", ["^src/config/"]),
    ...features.map((feature) =>
      room(feature, `src/${feature}/`, [
        ports,
        "^src/(config|auth)/",
        ...features.map((other) => `^src/${other}/`),
      ]),
    ),
    room("jobs", "src/jobs/", [ports, ...features.map((feature) => `^src/${feature}/`)]),
    room("runtime", "src/runtime/", [ports, "^src/(config|auth)/"]),
    room("functions", "src/functions/", [
      "^src/(runtime|auth)/",
      ...features.map((feature) => `^src/${feature}/`),
    ]),
    room("sync", "src/sync/", ["^src/db/port\\.ts$", "^src/(auth|runtime)/"]),
    room("http", "src/http/", [
      ports,
      "^src/(config|auth|runtime|sync)/",
      ...features.map((feature) => `^src/${feature}/`),
    ]),
    room("synth", "src/synth/"),
    room("generated", "src/generated/", ["^src/(functions|runtime)/"]),
    onlyIn("postgres-behind-db", "pg|pg-copy-streams", "^src/(db|cli)/"),
    onlyIn("native-media-in-children", "node-av", "^src/(media/render|synth)/"),
    onlyIn("webrtc-in-the-room-process", "node-datachannel", "^src/(rooms|synth)/"),
    onlyIn("stream-behind-its-adapter", "@stream-io", "^src/video/getstream/"),
    onlyIn("operations-moved-in-notes", "ot-text", "^src/notes/"),
    onlyIn("addresses-judged-in-net", "ipaddr\\.js", "^src/net/"),
    onlyIn("sentence-encoder-in-the-vector-process", "@energetic-ai", "^src/vectors/"),
    onlyIn("models-behind-llm", "ai|@ai-sdk", "^src/llm/"),
    onlyIn("s3-behind-storage", "@aws-sdk", "^src/storage/s3/"),
    onlyIn("fastify-at-the-edge", "fastify|@fastify|ws", "^src/(http|app)/"),
    {
      name: "server-without-stand-ins",
      severity: "error",
      comment: "Synthetic people and clouds are for the demo, tests and benchmarks",
      from: { path: "^src/main\\.ts$" },
      to: { path: "^src/synth/", reachable: true },
    },
    {
      name: "no-orphans",
      severity: "error",
      from: {
        orphan: true,
        path: "^src/",
        pathNot:
          "^src/(main|cli/|rooms/process|media/render/process|vectors/process)|\\.(test|d)\\.ts$",
      },
      to: {},
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
    enhancedResolveOptions: { extensions: [".ts", ".tsx", ".js", ".mjs", ".json"] },
  },
};
