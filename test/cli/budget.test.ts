import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { caxton, commandLine } from "./caxton.ts";
import { serving } from "./serving.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("budget.per-day", "budget.usage-listed");

const AGENT = `name = "spender"
version = "1.0.0"
capabilities = ["spending"]
tools = ["calculator"]
system_prompt = "Spend."
[llm]
max_tokens = 1_000
[budget]
tokens = 60_000
[budget.per_day]
usd = 0.06
`;
const SCRIPT = [
  {
    toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1 + 1" } }],
    usage: { inputTokens: 9_000, outputTokens: 400 },
  },
  { text: "It is 2.", usage: { inputTokens: 9_500, outputTokens: 300 } },
];
/** One dollar for a million tokens in, ten for a million out: a run costs 2.55 cents. */
const PRICES = { models: { "scripted/*": { input: 1, output: 10 } } };
const CONFIG = `[models]
default = "scripted/script.json"
scripted_directory = "."
prices_file = "prices.json"
[budgets.workspace]
usd = 20
`;

function workplace(): Disposable & { readonly path: string } {
  const directory = tempDirectory();
  const write = (path: string, text: string) => writeFileSync(join(directory.path, path), text);
  mkdirSync(join(directory.path, "agents"));
  write("agents/spender.toml", AGENT);
  write("script.json", JSON.stringify(SCRIPT));
  write("prices.json", JSON.stringify(PRICES));
  write("caxton.toml", CONFIG);
  return directory;
}

test("the cost of runs is counted, shown, preserved through kill -9, and limited", { timeout: 120_000 }, async () => {
  using place = workplace();
  const cwd = place.path;
  {
    await using server = await serving({ cwd });
    const ask = (...args: string[]) => commandLine(args, { server: server.url, cwd });
    for (const request of ["one", "two"]) expect(await ask("run", "spender", request)).toMatchObject({ code: 0 });
    const run = await ask("run", "get", "last");
    expect(run.stdout).toMatch(/Cost +\$0\.0255/);
    expect(run.stdout).toContain("9,000 → 400 tokens, $0.013");
    expect((await ask("run", "list", "-o", "wide")).stdout).toMatch(/COST[^]*\$0\.0255/);
    const unknown = await ask("budget", "usage", "--agent", "nope");
    expect(unknown).toMatchObject({ code: 3, stderr: expect.stringContaining("[AGENT_NOT_FOUND]") });
    expect(
      await ask("budget", "usage", "--agent", "spender", "--to", "2020-01-01", "--from", "2020-01-01"),
    ).toMatchObject({
      code: 0,
    });
    server.child.kill("SIGKILL");
    await server.ended;
  }
  await using server = await serving({ cwd });
  const ask = (...args: string[]) => commandLine(args, { server: server.url, cwd });
  const listed = await caxton(["budget", "list", "-o", "json"], { server: server.url, cwd });
  const { items } = contract.budgets.BudgetList.parse(JSON.parse(listed.stdout));
  const usd = (scope: string) => items.find((item) => item.scope === scope)?.amounts.find(({ kind }) => kind === "usd");
  expect(usd("agent")).toMatchObject({
    used: 0.051,
    reserved: 0,
    limit: 0.06,
    key: "budget.per_day.usd",
    state: "warning",
  });
  expect(usd("workspace")).toMatchObject({ used: 0.051, limit: 20, key: "budgets.workspace.usd", state: "ok" });
  expect(usd("workspace")?.file).toMatch(/caxton\.toml:6$/);
  expect(usd("day")).toMatchObject({ used: 0.051, limit: null, state: "unlimited" });

  const refused = await ask("run", "spender", "three");
  expect(refused.code).toBe(9);
  expect(refused.stderr).toMatch(/budget\.per_day\.usd of agent spender: 0\.0\d+ of 0\.06 USD used today/);
  expect(refused.stderr).toMatch(
    /Raise budget\.per_day\.usd in .*spender\.toml, or wait for the next day\.  \[BUDGET_EXCEEDED\]/,
  );

  const table = await ask("budget", "list", "--limited");
  expect(table.stdout).toMatch(/agent +spender +usd +\$0\.0\d+ +– +\$0\.06 +\d+ %/);
  const one = await ask("budget", "get", "spender");
  expect(one.stdout).toMatch(/One run +60,000 tokens +budget\.tokens in .*spender\.toml/);
  expect((await ask("budget", "get", "nonexistent")).code).toBe(3);
  const usage = await ask("budget", "usage", "--by", "model", "-o", "jsonl");
  expect(contract.budgets.UsageRow.parse(JSON.parse(usage.stdout)).name).toBe("scripted/script.json");
  const answer = await fetch(`${server.url}/api/v1/usage?by=day`);
  const { total } = contract.budgets.Usage.parse(await answer.json());
  expect(total.unpriced_calls).toBe(0);
  expect(total.usd).toBeGreaterThanOrEqual(0.051);
});

test("prices that are wrong stop the start, each with its line", async () => {
  using place = workplace();
  writeFileSync(join(place.path, "prices.json"), '{ "models": {\n  "a/b": { "input": "much", "outptu": 1 }\n} }');
  const { code, stderr } = await caxton(["serve", "--port", "0"], {
    cwd: place.path,
    environment: { CAXTON_DATA_DIR: join(place.path, ".caxton") },
  });
  expect(code).toBe(6);
  expect(stderr).toContain("prices.json:2:21");
  expect(stderr).toContain("did you mean output?");
  expect(stderr).toContain("[PRICES_INVALID]");
});
