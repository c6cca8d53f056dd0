import path from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The meeting as one script for other people's pages; its name stays, so that they can refer to it. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  define: { "process.env.NODE_ENV": '"production"' },
  publicDir: false,
  build: {
    target: "es2022",
    sourcemap: true,
    emptyOutDir: false,
    lib: {
      entry: path.join(import.meta.dirname, "src/embed/connvoMeeting.tsx"),
      formats: ["es"],
      fileName: () => "connvo-meeting.js",
    },
  },
});
