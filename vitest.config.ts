import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default", "./vitest.reporter.ts"],
    // Two cores: more workers only take turns, and the scenario tests start servers and children of their own.
    maxWorkers: 2,
    projects: [
      // A property takes a second when the machine is free; a busy one must not make it fail.
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts"],
          setupFiles: ["test/helpers/chance.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/**/*.test.ts"],
          setupFiles: ["test/helpers/chance.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
