import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./vitest.sequencer.ts";

/** Tests that look at what their whole process holds or hears of, and so need one of their own. */
const ALONE = ["test/hostile/**/*.test.ts", "test/tools/sandbox/{isolation,recovery}.test.ts"];
/** Tests that need another database server; `npm run test:databases`. */
const DATABASES = ["test/databases/**/*.test.ts"];
/** Tests with compilers, or clients, of other languages: a minute of both cores; `npm run test:languages`. */
const LANGUAGES = ["test/tools/authoring/{languages,python}.test.ts", "test/api/{python,go}/**/*.test.ts"];
/** Tests in a browser, a quarter of the CPU time of all; `npm run test:browser`. */
const BROWSER = ["test/dashboard/**/*.test.ts", "test/access/two-teams.test.ts", "test/client/cross-origin.test.ts"];
/** Tests that kill processes repeatedly, at every step; `npm run test:kills`. */
const KILLS = ["test/**/{kill,deadly,deletion-crash}.test.ts"];

/** Each holds up to a gigabyte with its browser, and the scenario tests start servers and children of their own. */
const WORKERS_MAX = 6;

const setupFiles = ["test/helpers/chance.ts"];
// What is waited for comes when the machine gets to it; it must not fail for being busy.
const patient = { setupFiles, testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 20_000 } } };

export default defineConfig({
  test: {
    reporters: ["default", "./vitest.reporter.ts"],
    // One more than cores: many files wait for a timer or for another process, and meanwhile the core is free for the next.
    maxWorkers: Math.min(availableParallelism() + 1, WORKERS_MAX),
    sequence: { sequencer: LongestFirst },
    projects: [
      // Files share a worker and what it has loaded: loading all of it again for each file takes longer than to run most of
      // them. So a test restores what it changes in its process. A property takes a second when the machine is free; a busy
      // one must not make it fail.
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts"],
          setupFiles,
          testTimeout: 30_000,
          pool: "threads",
          isolate: false,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/**/*.test.ts"],
          exclude: [...ALONE, ...DATABASES, ...LANGUAGES, ...BROWSER, ...KILLS],
          isolate: false,
          ...patient,
        },
      },
      { test: { name: "alone", include: ALONE, ...patient } },
      { test: { name: "databases", include: DATABASES, isolate: false, ...patient } },
      { test: { name: "browser", include: BROWSER, isolate: false, ...patient } },
      { test: { name: "kills", include: KILLS, isolate: false, ...patient } },
      { test: { name: "languages", include: LANGUAGES, isolate: false, ...patient } },
    ],
  },
});
