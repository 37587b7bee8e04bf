import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { caxton, commandLine } from "./caxton.ts";
import { serving } from "./serving.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("memory.versions");

const place = tempDirectory();
const cwd = place.path;
let server: Awaited<ReturnType<typeof serving>>;
beforeAll(async () => {
  server = await serving({ cwd });
  await said("add", "Anna", "--type", "person", "--fact", "leads the billing team", "--fact", "works from Kraków");
  await said("add", "Acme", "--type", "company", "--fact", "sells anvils");
  await said("add", "Bob", "--type", "person", "--fact", "writes invoices");
  await said("relate", "Anna", "works_at", "Acme");
  await said("relate", "Bob", "works_at", "Acme");
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const LONG = { timeout: 60_000 };
const ask = (...args: string[]) => commandLine(["memory", ...args], { server: server.url, cwd });
/** What a command prints when it succeeds. */
const said = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await ask(...args);
  expect(code, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
  return stdout;
};
const json = async (...args: string[]): Promise<unknown> => JSON.parse(await said(...args, "-o", "json"));
/** The exit code of a command that is mistaken, and what it says. */
const mistaken = async (...args: string[]): Promise<string> => {
  const { code, stderr } = await ask(...args);
  return `${code} ${stderr}`;
};

test("what is added is listed, shown and found, in a process of its own too", LONG, async () => {
  expect(await said("list")).toMatch(/Anna +person +workspace +1 .*leads the billing team; works from Kraków/);
  expect(await said("list", "--type", "company", "-o", "name")).toBe("Acme\n");
  expect(await said("get", "Anna")).toMatch(
    /Name +Anna\nType +person\n[^]*Facts +leads the billing team\n +works from/,
  );
  const found = await caxton(["memory", "search", "who", "leads", "billing"], { server: server.url, cwd });
  expect(found).toMatchObject({ code: 0 });
  expect(found.stdout).toMatch(/^NAME.*\nAnna +person +workspace +\d+\.\d{3} +leads the billing team; works/);
  const completed = await caxton(["complete", "--", "memory", "get", "A"], { server: server.url, cwd });
  expect(completed.stdout).toMatch(/^Acme\t?\nAnna\t?\n/);
  const { id } = contract.memory.Entity.parse(await json("get", "Anna"));
  expect(await said("get", id, "-o", "name")).toBe("Anna\n");
});

test("adding again says what was new of it", LONG, async () => {
  expect(await said("add", "Oslo", "--fact", "is cold", "--metadata", '{"n":1}')).toMatch(
    /^Oslo \(thing\) in workspace: created, 1 new fact, version 1\n$/,
  );
  expect(await said("add", "Oslo", "--fact", "is cold")).toContain("nothing of it is new, version 1");
  expect(await said("add", "Oslo", "--fact", "is cold", "--fact", "has a harbour")).toContain("changed, 1 new fact");
  expect(contract.memory.Entity.parse(await json("get", "Oslo")).metadata).toEqual({ n: 1 });
});

test("facts are said after the name, as lines of standard input, or in a file", LONG, async () => {
  expect(await said("add", "Iris", "likes tea", "rows on Sundays", "--type", "person")).toBe(
    "Iris (person) in workspace: created, 2 new facts, version 1\n",
  );
  const input = "skates\r\n\n  likes tea \nknows Kraków";
  const piped = await commandLine(["memory", "add", "Iris", "reads", "-"], { server: server.url, cwd, input });
  expect(piped.stdout).toBe("Iris (person) in workspace: changed, 3 new facts, version 2\n");
  const lines = Array.from({ length: 1_500 }, (_, at) => `found shell ${at}`);
  writeFileSync(join(cwd, "shells.txt"), lines.join("\n"));
  expect(await said("add", "Iris", "--facts-from", "shells.txt")).toMatch(/1,000 new facts[^]*500 new facts/);
  expect(contract.memory.Entity.parse(await json("get", "Iris")).observations).toHaveLength(1_505);
  expect(await mistaken("add", "Iris", "likes", "tea")).toMatch(/^2 .*"likes tea" is one fact in quotes/);
  expect(await mistaken("add", "Iris", "-")).toMatch(/^2 .*standard input was empty/);
  expect(await mistaken("add", "Iris", "--facts-from", "none.txt")).toMatch(/none\.txt: there is no such file/);
  expect(await mistaken("add", "Iris", "--facts-from", ".")).toMatch(/cannot read \.: .*directory/);
  writeFileSync(join(cwd, "many.txt"), "a shell\n".repeat(100_001));
  expect(await mistaken("add", "Iris", "--facts-from", "many.txt")).toMatch(/^2 .*100,001 facts.*100,000/);
});

test("a search is explained, finds what is related, and goes by time and scope", LONG, async () => {
  const explained = await said("search", "anvils", "--mode", "keyword", "--explain");
  expect(explained).toMatch(
    /SCORE +SIMILARITY +KEYWORD +RECENCY +GRAPH +MATCHED +FACTS\nAcme .* anvils? +\[\d\.\d{3}\] sells anvils/,
  );
  expect(await said("search", "anvils", "--mode", "keyword", "-o", "name")).toBe("Acme\n");
  await said("add", "Fay", "--fact", "drives an automobile", "--fact", "sings", "--fact", "goes to sea");
  expect(await said("search", "to sea", "--mode", "keyword"), "to is no part of another word").toContain(
    "goes to sea; sings\n",
  );
  const around = await said("search", "anvils", "--mode", "keyword", "--expand", "1", "-o", "name");
  await said("add", "kiosk", "opens at six", "closes at ten");
  expect(await said("search", "kiosk", "--mode", "keyword")).toContain("closes at ten; opens at six");
  expect(await said("search", "who sells anvils", "--exact", "-o", "name")).toMatch(/^Acme\n/);
  expect(around.split("\n")).toEqual(expect.arrayContaining(["Acme", "Anna", "Bob"]));
  await said("add", "pavilion", "--fact", "serves lunch", "--valid-to", "2020-01-01");
  const at = (...when: string[]) => said("search", "lunch", "--mode", "keyword", "-o", "name", ...when);
  expect([await at(), await at("--at", "2019-06-01"), await at("--at", "any")]).toEqual([
    "",
    "pavilion\n",
    "pavilion\n",
  ]);
  await said("add", "refunds", "--fact", "take five days", "--scope", "agent-only:support");
  const nothing = await ask("search", "five days", "--mode", "keyword");
  expect(nothing).toMatchObject({ code: 0, stdout: "" });
  expect(nothing.stderr).toContain("nothing is remembered of that in workspace, global");
  const own = await said("search", "five", "--scope", "agent-only:support", "--scope", "workspace", "-o", "name");
  expect(own.split("\n")).toContain("refunds");
});

test("reading goes by agent and metadata, and as far as tokens reach", LONG, async () => {
  const scope = ["--scope", "agent-only:reader"];
  await said("add", "Ivo", "is kind", "--metadata", '{"team":"sales","level":3}', ...scope);
  await said("add", "Jan", "is kind", "--metadata", '{"team":"sales","level":"3"}', ...scope);
  await said("relate", "Ivo", "knows", "Jan", ...scope);
  const list = (...more: string[]) => said("list", "-o", "name", ...scope, ...more);
  const search = (...more: string[]) => said("search", "kind", "-o", "name", ...scope, ...more);
  for (const read of [list, search]) {
    expect((await read("--metadata", "team=sales")).split("\n")).toEqual(expect.arrayContaining(["Ivo", "Jan"]));
    expect(await read("--metadata", "team=sales", "--metadata", "level=3")).toBe("Ivo\n");
    expect(await read("--metadata", 'level="3"')).toBe("Jan\n");
    expect(await read("--agent", "nonexistent")).toBe("");
    expect((await read("--max-tokens", "1")).trim().split("\n")).toHaveLength(1);
  }
  expect(await search("--mode", "semantic", "--min-similarity", "1")).toBe("");
  expect(await mistaken("list", "--metadata", "sales")).toMatch(/^2 .*Expected key=value/);
  const few = await ask("graph", "Ivo", "--max-tokens", "1", ...scope);
  expect(few).toMatchObject({
    code: 0,
    stdout: "Ivo (thing)\n",
    stderr: expect.stringContaining("more than is shown: a higher --max-tokens"),
  });
  const one = await ask("graph", "Ivo", "--limit", "1", "-o", "name", ...scope);
  expect(one).toMatchObject({ stdout: "Ivo\n", stderr: expect.stringContaining("more than is shown: --limit") });
});

test("reading goes by certainty and by the time of the last change", LONG, async () => {
  const scope = ["--scope", "conversation:sure"];
  await said("add", "Kim", "is calm", "--confidence", "0.7", ...scope);
  await said("add", "Lou", "is calm", "--confidence", "0.3", ...scope);
  const [day, before, after] = ["2026-01-01", "2000-01-01T00:00:00+02:00", "2999-12-31T23:59:59Z"];
  for (const read of [["list"], ["search", "calm"]]) {
    const names = async (...more: string[]) =>
      (await said(...read, "-o", "name", ...scope, ...more)).split("\n").filter(Boolean).toSorted();
    expect(await names("--min-confidence", "0.7")).toEqual(["Kim"]);
    expect(await names("--updated-from", before, "--updated-to", after)).toEqual(["Kim", "Lou"]);
    expect(await names("--updated-from", after)).toEqual([]);
    expect(await names("--updated-to", before)).toEqual([]);
    expect(await mistaken(...read, "--updated-from", "soon")).toMatch(/^2 [^]*a day or an instant/);
    expect(await mistaken(...read, "--updated-to", "2026-02-30")).toMatch(/^2 [^]*a day or an instant/);
    expect(await mistaken(...read, "--min-confidence", "70")).toMatch(/^2 [^]*number from 0 to 1/);
    expect(await mistaken(...read, "--updated-from", after, "--updated-to", day)).toMatch(
      /^2 .*updated_to is before updated_from/,
    );
  }
  const none = await ask("list", "--min-confidence", "0.99", ...scope);
  expect(none.stderr).toContain("nothing like that is remembered in conversation:sure");
  const empty = await ask("list", "--max-tokens", "500", "--scope", "conversation:empty");
  expect(empty.stderr).toContain("nothing is remembered in conversation:empty; begin");
  const now = await ask("list", "--at", "now", "--scope", "conversation:empty");
  expect(now.stderr).toContain("nothing like that is remembered in conversation:empty");
});

test("each read has a bound of tokens, which says that something is left out", LONG, async () => {
  const scope = ["--scope", "agent-only:bounded"];
  const facts = Array.from({ length: 30 }, (_, at) => `has seen the lighthouse number ${at}`);
  await said("add", "Mara", ...facts, ...scope);
  await said("add", "Mara", "came back", ...scope);
  await said("add", "Nils", "left early", ...scope);
  const few = async (...args: string[]) => {
    const { code, stdout, stderr } = await ask(...args, ...scope);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("a higher --max-tokens");
    return stdout;
  };
  expect(await few("get", "Mara", "--max-tokens", "30")).toMatch(/number 29\n +came back\n$/);
  expect(await few("get", "Mara", "--max-tokens", "1")).not.toContain("Facts");
  expect(await few("blame", "Mara", "--max-tokens", "30")).toMatch(/number 29\n.*came back\n$/);
  expect(await few("blame", "Mara", "--max-tokens", "1")).toBe("");
  expect(await few("diff", "Mara", "1", "2", "--max-tokens", "1")).toBe("");
  expect(await few("log", "Mara", "--max-tokens", "30")).toMatch(/^WHEN.*\n.*came back\n$/);
  expect(await few("log", "--max-tokens", "30")).toMatch(/^WHEN.*\n.*left early\n.*came back\n$/);
  expect(await few("log", "--max-tokens", "1")).toMatch(/^WHEN.*Nils +1 +create.*\n$/s);
  const both = await few("search", "lighthouse came left", "--max-tokens", "30");
  expect(both).toMatch(/^NAME.*\nMara .*(lighthouse|came).*\nNils .*left early\n$|^NAME.*\nNils .*left.*\nMara .*\n$/);
  expect((await few("search", "lighthouse", "--max-tokens", "1")).trim().split("\n")).toHaveLength(2);
  expect(await said("diff", "Mara", "1", "2", "--max-tokens", "50", ...scope)).toBe("+ came back\n");
  for (const read of [["list"], ["search", "x"], ["graph", "Mara"], ["get", "Mara"], ["log"], ["blame", "Mara"]]) {
    for (const wrong of ["0", "-5", "1.5", "many"])
      expect(await mistaken(...read, "--max-tokens", wrong), read[0]).toMatch(/^2 [^]*whole number/);
  }
});

test("relations are shown as a tree, and deleted by their ids", LONG, async () => {
  const tree = await said("graph", "Anna");
  expect(tree).toMatch(
    /^Anna \(person\)\n└─ works_at → Acme \(company\) +\S{36}\n {3}└─ works_at ← Bob \(person\) +\S{36}\n$/,
  );
  expect(await said("graph", "Anna", "--depth", "1", "-o", "name")).toBe("Anna\nAcme\n");
  expect(await said("graph", "Anna", "--direction", "incoming")).toBe("Anna (person)\n");
  const id = (await said("relate", "Anna", "knows", "Bob", "--both-ways", "--strength", "0.8", "-o", "name")).trim();
  expect(await said("graph", "Anna")).toMatch(/├─ works_at → Acme[^]*└─ knows ↔ Bob[^]*also:\n {2}Bob works_at → Acme/);
  expect(await said("unrelate", id)).toBe("the relation knows is deleted\n");
  expect((await ask("unrelate", id)).code).toBe(3);
  expect((await ask("relate", "Anna", "knows", "Nonexistent")).code).toBe(3);
});

test("each change is a version: shown, compared, attributed and reverted", LONG, async () => {
  await said("add", "Vega", "--type", "project", "--fact", "starts in May");
  await said("add", "Vega", "--fact", "is led by Bob");
  expect(await said("withdraw", "Vega", "starts in May")).toBe("Vega: withdrawn, 1 fact left, version 3\n");
  expect(await said("revise", "Vega", "--name", "Vega 2", "--confidence", "0.5")).toMatch(
    /Name +Vega 2[^]*Confidence +0\.5/,
  );
  const log = await said("log", "Vega 2");
  expect(log).toMatch(
    /Vega 2 +4 +revise +user +.*name: Vega → Vega 2.*\n.*3 +withdraw .*- starts in May\n.*2 +observe .*\+ is led by Bob\n.*1 +create .*\+ starts in May\n$/,
  );
  expect(await said("log", "--limit", "1")).toMatch(/Vega 2 +4 +revise/);
  expect(await said("diff", "Vega 2", "1", "4")).toMatch(
    /name: Vega → Vega 2\n[^]*- starts in May\n\+ is led by Bob\n$/,
  );
  expect(await said("diff", "Vega 2")).toBe("name: Vega → Vega 2\nconfidence: 1 → 0.5\n");
  expect(await said("diff", "Vega 2", "2", "2")).toBe("versions 2 and 2 are the same\n");
  expect(await said("blame", "Vega 2")).toMatch(/\n +2 +\S+ +user +is led by Bob\n$/);
  expect(await said("revert", "Vega 2", "2")).toMatch(/Version +5, [^]*is led by Bob\n +starts in May/);
  expect(await said("revise", "Vega 2", "--fact", "is led by Bob", "--confidence", "0.4")).toMatch(
    /Version +6[^]*is led by Bob {2}\(confidence 0\.4\)/,
  );
  expect(await said("diff", "Vega 2")).toBe("- is led by Bob\n+ is led by Bob  (confidence 0.4)\n");
  await said("revise", "Vega 2", "--valid-to", "2030-01-01");
  expect(await said("diff", "Vega 2")).toBe("valid_to: nothing → 2030-01-01T00:00:00.000Z\n");
  expect(await said("log", "Vega 2", "--limit", "1")).toContain("valid_to: nothing → 2030-01-01T00:00:00.000Z");
  expect(await ask("diff", "Vega 2", "1", "99")).toMatchObject({ code: 3 });
});

test(
  "forgetting asks for confirmation, and deletes a fact, an entity or a scope from the history too",
  LONG,
  async () => {
    await said("add", "Rex", "--fact", "bites", "--fact", "barks");
    const asked = await ask("forget", "Rex");
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain(
      "Forget Rex in workspace? This cannot be undone. There is no terminal to ask on: add --yes",
    );
    expect(await said("withdraw", "Rex", "bites")).toContain("1 fact left");
    expect(await said("forget", "Rex", "--observation", "bites", "--yes")).toBe("forgotten: 1 fact\n");
    expect(await said("log", "Rex")).not.toContain("bites");
    expect(await said("forget", "Rex", "--yes")).toBe("forgotten: 1 entity, 1 fact\n");
    expect((await ask("get", "Rex")).code).toBe(3);
    expect(await said("log")).toMatch(/\(forgotten\) +– +forget +user +1 entity, 1 observation/);
    await said("add", "gone", "--fact", "soon", "--scope", "conversation:c1");
    expect(await said("stats")).toMatch(/Kept in +\S+[^]*Indexed +\d+ %[^]*conversation:c1 +1 +1 +0/);
    expect(await said("forget", "--scope", "conversation:c1", "--yes")).toBe("forgotten: 1 entity, 1 fact\n");
    expect(await said("list", "--scope", "conversation:c1")).toBe("");
  },
);

test("an invalid name, scope, number or fact is reported with a valid one", LONG, async () => {
  expect(await mistaken("get", "anna")).toMatch(/^3 .*"anna" in workspace\n[^]*caxton memory list[^]*ENTITY_NOT_FOUND/);
  expect(await mistaken("get", "Anna", "--scope", "mine")).toMatch(
    /^2 [^]*Expected workspace, global, agent-only:<agent>/,
  );
  expect(await mistaken("withdraw", "Anna", "sings")).toMatch(
    /^3 .*Anna has no fact "sings"\n.*"leads the billing team", "works from Kraków" +\[OBSERVATION_NOT_FOUND\]/,
  );
  expect(await mistaken("forget", "Anna", "--observation", "sings", "--yes")).toMatch(
    /^3 .*never had the fact "sings"/,
  );
  expect(await mistaken("forget", "--yes")).toMatch(/^2 .*say what to forget/);
  expect(await mistaken("revise", "Anna")).toMatch(/^2 .*say what to change/);
  expect(await mistaken("revise", "Anna", "--fact", "leads billing")).toMatch(/^2 .*say what of the fact to change/);
  expect(await mistaken("add", "x", "--metadata", "[1]")).toMatch(/^2 .*--metadata is not an object/);
  expect(await mistaken("add", "x", "--metadata", "{")).toMatch(/^2 .*--metadata is not JSON/);
  expect(await mistaken("add", "x", "--confidence", "2")).toMatch(/^2 [^]*number from 0 to 1/);
  expect(await mistaken("add", "Anna", "--type", "robot")).toMatch(/^5 [^]*ENTITY_TYPE_CONFLICT/);
  expect(await mistaken("search", "x", "--at", "yesterday")).toMatch(/^2 [^]*a day or an instant/);
  expect(await mistaken("search", "x", "--expand", "9")).toMatch(/^2 [^]*whole number from 0 to 3/);
  expect(await mistaken("search")).toMatch(/^2 /);
  expect(await mistaken("revert", "Anna", "zero")).toMatch(/^2 [^]*whole number/);
});

test(
  "what cannot be written is said before the server is asked, with the place and what is the matter there",
  LONG,
  async () => {
    mkdirSync(join(cwd, "exports"));
    writeFileSync(join(cwd, "notes.txt"), "a file");
    const matters: readonly (readonly [path: string, what: string])[] = [
      ["nowhere/memory.jsonl", "there is no such directory\n  make the directory, or check the path"],
      ["exports", "it is a directory\n  name a file"],
      ["notes.txt/memory.jsonl", "a part of the path is a file, not a directory\n  check the path"],
    ];
    for (const [path, what] of matters) {
      expect(await mistaken("export", path)).toContain(`2 error: cannot write ${path}: ${what}`);
    }
    expect(readdirSync(cwd).filter((name) => name.endsWith(".part"))).toEqual([]);
  },
);

test("a scope with a comma in its name is listed, walked, logged and exported like others", LONG, async () => {
  const scope = "conversation:tea, cake";
  await said("add", "Zed", "brews a pot", "--scope", scope);
  await said("add", "Yan", "--scope", scope);
  await said("relate", "Zed", "bakes,for", "Yan", "--scope", scope);
  expect(await said("list", "--scope", scope, "-o", "name")).toMatch(/^(Yan\nZed|Zed\nYan)\n$/);
  expect(await said("list", "--scope", scope, "--scope", "workspace", "-o", "name")).toContain("Anna\n");
  expect(await said("graph", "Zed", "--scope", scope, "--type", "bakes,for")).toContain("Yan");
  expect(await said("log", "--scope", scope)).toContain("brews a pot");
  expect(await said("export", "--format", "jsonl", "--scope", scope)).toContain(`"scope":"${scope}"`);
  expect(await said("forget", "--scope", scope, "--yes")).toContain("2");
});

test("memory is exported to a file and read again, with what is wrong named by its line", LONG, async () => {
  const file = join(cwd, "memory.jsonl");
  await said("export", file, "--scope", "workspace");
  expect(readFileSync(file, "utf8")).toMatch(/^\{"type":"caxton-memory","version":"1\.0"[^]*\n\{"type":"end",.*\}\n$/);
  expect(await said("import", file)).toMatch(/^Entities +0 new, \d+ unchanged\nRelations +0 new, \d+ unchanged\n$/);
  expect(await said("import", file, "--scope", "conversation:copy", "--dry-run")).toMatch(
    /Entities +\d+ new\n[^]*Dry run +nothing was changed/,
  );
  expect(await said("export", "--format", "mcp")).toMatch(/^\{"type":"entity","name":"Acme","entityType":"company"/);
  writeFileSync(
    file,
    '{"name":"Zoë","observations":["sails"]}\n{"name":\n{"from":"Zoë","to":"Nonexistent","type":"knows"}\n',
  );
  const { code, stdout, stderr } = await ask("import", file);
  expect([code, stderr]).toEqual([6, expect.stringContaining("2 records could not be imported")]);
  expect(stdout).toMatch(/Entities +1 new\n[^]*line 2: not JSON[^]*line 3: Zoë cannot be related to Nonexistent/);
  expect(await mistaken("import", "nothing.jsonl")).toContain("2 error: cannot read nothing.jsonl");
  expect(await said("import", "--help")).toContain("resumes an interrupted import");
});

test("a snapshot is made, listed, restored and deleted; the doctor finds nothing", LONG, async () => {
  await said("add", "Rome", "--fact", "is old");
  const name = (await said("snapshot", "create", "-o", "name")).trim();
  await said("add", "Rome", "--fact", "is rebuilt");
  expect(await said("snapshot", "list")).toMatch(new RegExp(`${name} .* manual `));
  expect(await said("snapshot", "restore", name, "--yes")).toMatch(/^memory is as it was at .*; to undo: caxton/);
  expect(await said("get", "Rome")).not.toContain("is rebuilt");
  expect(await said("snapshot", "delete", name, "--yes")).toContain("deleted");
  expect(await said("doctor", "--repair")).toBe("memory in embedded is consistent\n");
  expect(await said("reindex")).toBe("memory is indexed\n");
});

test("memory does not migrate to its own backend, nor to one that does not answer", LONG, async () => {
  expect(await mistaken("migrate", "--to", "embedded")).toMatch(/^5 error: source and target are both embedded/);
  expect(await mistaken("migrate", "--to", "qdrant", "--cutover")).toMatch(/^7 error: .*qdrant/i);
  // It stays where it is; a line says so only where that is not what is configured.
  expect(await said("stats")).not.toMatch(/Configured|Migrated from|Migration/);
  const where = await fetch(new URL(contract.operations.memoryTransfer.location.http.path, server.url));
  expect(await where.json()).toEqual({
    backend: "embedded",
    configured: "embedded",
    previous_backend: null,
    migration: null,
  });
});

test("a server without a policy says what to set, and what memory may hold", LONG, async () => {
  expect(await mistaken("prune", "--dry-run")).toMatch(/^6 [^]*\[memory\.retention\]/);
  expect(await said("stats")).toMatch(/Limit +\d+ of 100[, ]?000 entities\n/);
});

test("stats and doctor report a memory that is nearly full, and stats one that is full", LONG, async () => {
  using small = tempDirectory();
  writeFileSync(join(small.path, "caxton.toml"), "[memory]\nmax_entities = 5\n");
  await using one = await serving({ cwd: small.path });
  const printed = async (...args: string[]) => (await commandLine(args, { server: one.url, cwd: small.path })).stdout;
  for (const name of ["Ada", "Bo", "Cy", "Di"]) await printed("memory", "add", name);
  expect(await printed("memory", "stats")).toContain("4 of 5 entities: nearly full");
  expect(await printed("doctor")).toMatch(/memory +4 of 5 entities[^]*caxton memory prune/);
  await printed("memory", "add", "Eve");
  expect(await printed("memory", "stats")).toContain("5 of 5 entities: full");
});

test("a dry run lists what a policy deletes and why, and its archive restores it", LONG, async () => {
  using own = tempDirectory();
  const policy = 'min_strength = 0.5\nmin_relation_strength = 0.3\nmetadata = { passing = true }\naction = "archive"\n';
  writeFileSync(join(own.path, "caxton.toml"), `[memory.retention]\n${policy}`);
  await using one = await serving({ cwd: own.path });
  const printed = async (...args: string[]) =>
    (await commandLine(["memory", ...args], { server: one.url, cwd: own.path })).stdout;
  for (const name of ["Ada", "Bo"]) await printed("add", name, "--strength", "0.4");
  await printed("add", "Cy", "--strength", "0.4", "--metadata", '{"passing":true}');
  await printed("relate", "Ada", "knows", "Bo", "--strength", "0.2");
  const rows = /workspace +relation-strength +0 +1 +Ada knows Bo\nworkspace +strength +1 +0 +Cy\n/;
  const dry = await printed("prune", "--dry-run");
  expect(dry).toMatch(rows);
  expect(dry).toMatch(/\n1 entity and 1 relation would go\n$/);
  const went = await printed("prune");
  expect(went).toMatch(rows);
  const [, file = ""] = /\n1 entity and 1 relation went; written to (\S+) before\n$/.exec(went) ?? [];
  expect(await printed("list", "-o", "name")).toBe("Ada\nBo\n");
  expect(await printed("prune")).toBe("nothing in memory is to go\n");
  await printed("import", file);
  expect(await printed("list", "-o", "name")).toBe("Ada\nBo\nCy\n");
  expect(await printed("graph", "Ada")).toContain("knows → Bo");
});
