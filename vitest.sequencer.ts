import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take longest, longest first. One that began last would keep a core busy while the other has nothing left; on a
 * machine that has never run the tests nothing else says which they are.
 */
const FIRST = [
  "test/triggers/kill.test.ts",
  "test/dashboard/tool-pages.test.ts",
  "test/triggers/files.test.ts",
  "test/dashboard/access.test.ts",
  "test/webhooks/kill.test.ts",
  "test/dashboard/message-pages.test.ts",
  "test/tools/authoring/python.test.ts",
  "test/tools/authoring/languages.test.ts",
  "test/remotes/remote-agents.test.ts",
  "test/scenarios/readme.test.ts",
  "test/dashboard/defects.test.ts",
  "test/api/acp/acp.test.ts",
  "test/dashboard/pages.test.ts",
  "test/cli/agent-test.test.ts",
  "test/tools/authoring/javascript.test.ts",
  "test/simulation/kill.test.ts",
  "test/access/jwt.test.ts",
];

const place = ({ moduleId }: TestSpecification): number => {
  const found = FIRST.findIndex((file) => moduleId.endsWith(`/${file}`));
  return found === -1 ? FIRST.length : found;
};

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- Vitest's own, which returns another array
    const sorted = await super.sort(files);
    return sorted.toSorted((left, right) => place(left) - place(right));
  }
}
