import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { tempDirectory } from "../../helpers/temp.ts";
import { openMemory, SCOPE } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.kill");

const ENTITIES = 1_200;
const KILLS = 2;

/** What an import said, killed after it reported so many records; without a number it runs to its end. */
async function run(directory: string, file: string, killAt: number | undefined): Promise<readonly string[]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "driver.ts"), directory, file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const heard: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    heard.push(line);
    if (killAt !== undefined && Number(line.slice(2)) >= killAt) child.kill("SIGKILL");
  }
  return heard;
}

// transfer.transfers.T1, transfer.transfers.T2
test("an import that is killed -9 loses nothing that it reported, and its repetition ends with each record once", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, "export.jsonl");
  const entities = Array.from({ length: ENTITIES }, (_none, at) => ({
    type: "entity",
    name: `entity ${at}`,
    entityType: "note",
    observations: [`first of ${at}`, `second of ${at}`],
  }));
  const relations = entities.map(({ name }, at) => ({
    type: "relation",
    from: name,
    to: `entity ${(at * 7 + 1) % ENTITIES}`,
    relationType: "leads_to",
  }));
  writeFileSync(file, [...entities, ...relations].map((line) => `${JSON.stringify(line)}\n`).join(""));
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const heard = await run(directory.path, file, kill * 800);
    const reported = Number(heard.at(-1)?.slice(2));
    expect(reported).toBeGreaterThanOrEqual(kill * 800);
    await using opened = await openMemory(directory.path);
    const names = entities.slice(0, reported).map(({ name }) => name);
    const found = await opened.memory.store.find(names.map((name) => ({ scope: SCOPE, name })));
    expect(found.filter((entity) => entity?.observations.length !== 2)).toEqual([]);
    const [figures] = (await opened.memory.figures()).scopes;
    expect(figures?.relations ?? 0).toBeGreaterThanOrEqual(reported - ENTITIES);
  }
  const [last = ""] = (await run(directory.path, file, undefined)).slice(-1);
  // With --merge error whatever is there already, but otherwise, would have ended it.
  expect(JSON.parse(last.slice(2))).toMatchObject({ records: 2 * ENTITIES, problems: 0 });
  await using opened = await openMemory(directory.path);
  expect((await opened.memory.figures()).scopes).toMatchObject([
    { entities: ENTITIES, observations: 2 * ENTITIES, relations: ENTITIES },
  ]);
  expect((await opened.memory.get(SCOPE, "entity 0")).version).toBe(1);
}, 120_000);
