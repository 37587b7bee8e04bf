import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { bundledModules } from "./build/bundled-modules.ts";
import { compressed } from "./build/compressed.ts";
import { contractWithoutSchemas } from "./build/contract-without-schemas.ts";
import { themeScript } from "./build/theme-script.ts";

export default defineConfig({
  base: "/ui/",
  plugins: [react(), tailwind(), contractWithoutSchemas(), themeScript(), compressed(), bundledModules()],
  build: {
    target: "es2023",
    // Nothing inline: the server's content security policy allows only what it serves.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080", "/ready": "http://127.0.0.1:8080" } },
});
