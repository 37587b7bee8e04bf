import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Agents } from "../../src/agents/definitions/index.ts";
import { Database, SqliteAgentStore } from "../../src/storage/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { PERMIT_ALL } from "../../src/agents/permissions/index.ts";
import { AgentPlans } from "../../src/runs/open/index.ts";

let directory = "";
const secret = (...parts: string[]) => join(directory, ...parts);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "caxton-plans-"));
  mkdirSync(secret("first"));
  mkdirSync(secret("second"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** What the key of an agent with this `api_key` becomes. */
async function keyOf(
  reference: string,
  environment: { readonly [name: string]: string } = {},
): Promise<string | undefined> {
  using database = Database.open({ directory: secret("data"), synchronous: "normal" });
  const agents = new Agents({
    store: new SqliteAgentStore(database),
    clock: systemClock,
    knownTools: () => [],
  });
  const source = `name = "keyed"\nversion = "1.0.0"\ncapabilities = ["x"]\nsystem_prompt = "x"\n[llm]\nmodel = "openai/x"\napi_key = "${reference}"\n`;
  await agents.deploy("default", { source, fileName: "keyed.toml" });
  const plans = new AgentPlans(agents, {
    environment,
    runTimeoutMs: 1_000,
    budget: { run: {}, agent: {} },
    modelTimeoutMs: 1_000,
    permissions: PERMIT_ALL,
    secretsDirectories: [secret("none"), secret("first"), secret("second")],
  });
  return (await plans.plan("default", "keyed", undefined)).model.apiKey;
}

test("a secret is found in whichever directory for secrets has it, the first winning", async () => {
  writeFileSync(secret("second", "key"), "from-second\n");
  expect(await keyOf("${file:key}")).toBe("from-second");
  writeFileSync(secret("first", "key"), "from-first\n");
  expect(await keyOf("${file:key}")).toBe("from-first");
});

test("what cannot be read as a file in one directory is looked for in the next", async () => {
  mkdirSync(secret("first", "key"));
  writeFileSync(secret("second", "key"), "from-second");
  expect(await keyOf("${file:key}")).toBe("from-second");
});

test("a secret is never read from beyond the directories, by dots or by a link", async () => {
  writeFileSync(secret("outside"), "stolen");
  symlinkSync(secret("outside"), secret("first", "link"));
  for (const target of ["../outside", "link", secret("outside")]) {
    await expect(keyOf(`\${file:${target}}`), target).rejects.toMatchObject({ code: "REFERENCE_UNRESOLVED" });
  }
});

test("a variable that is not there, or not permitted, is refused with where to permit it", async () => {
  await expect(keyOf("${env:MY_VAR}")).rejects.toMatchObject({
    code: "REFERENCE_UNRESOLVED",
    message: expect.stringMatching(/MY_VAR.*is not set, or definitions may not refer to it/),
    hint: expect.stringContaining("models.environment"),
  });
  expect(await keyOf("${env:MY_VAR}", { MY_VAR: "given" })).toBe("given");
});
