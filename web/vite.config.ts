// One bundle, served by services/api; relative URLs, so that it works behind any prefix.
import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "./",
  build: { outDir: "../services/api/static", emptyOutDir: true, target: "es2022" },
  server: { proxy: { "/api": "http://127.0.0.1:8400" } },
  test: { css: true },
});
