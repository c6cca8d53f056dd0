import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The pages; `scripts/build.mjs` puts them into dist/web. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    target: "es2022",
    sourcemap: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
