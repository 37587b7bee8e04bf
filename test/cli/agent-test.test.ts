import { LLMock } from "@copilotkit/aimock";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TEMPLATES } from "../../src/agents/definitions/index.ts";
import { repository } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { caxton, commandLine } from "./caxton.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("agent.tests");

const AGENT = `name = "counter"
version = "1.0.0"
capabilities = ["counting"]
tools = ["csv_parser", "text_tools"]
system_prompt = "Count."
`;

const llm = new LLMock({ port: 0 });
beforeAll(async () => {
  const describe = { name: "csv_parser__describe", arguments: JSON.stringify({ text: "a,b\n1,2\n" }) };
  llm.prependFixture({
    match: { userMessage: "RUBRIC" },
    response: { content: '{"score": 0.4, "reason": "too short"}' },
  });
  llm.prependFixture({
    match: { userMessage: "count it", hasToolResult: false },
    response: { toolCalls: [{ id: "call_1", ...describe }] },
  });
  llm.prependFixture({ match: { userMessage: "count it", hasToolResult: true }, response: { content: "One row." } });
  await llm.start();
});
afterAll(() => llm.stop());

/** A directory with files, and `caxton` in it with a data directory of its own. */
function place(files: { readonly [path: string]: string }) {
  const directory = tempDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory.path, path)), { recursive: true });
    writeFileSync(join(directory.path, path), text);
  }
  const environment = { CAXTON_DATA_DIR: join(directory.path, ".caxton"), HOME: directory.path };
  return {
    path: directory.path,
    run: (args: readonly string[], more: { readonly [name: string]: string } = {}) =>
      caxton(args, { cwd: directory.path, environment: { ...environment, ...more } }),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

const model = () => ({ OPENAI_BASE_URL: `${llm.url}/v1`, OPENAI_API_KEY: "test-key" });

test("the sample agents pass their tests with the built-in model", async () => {
  using here = place({});
  cpSync(join(repository, "examples"), join(here.path, "examples"), { recursive: true });
  const { code, stdout } = await here.run(["agent", "test", "examples/agents"]);
  expect(stdout).toContain("scenarios passed");
  expect([code, stdout.includes("✗")]).toEqual([0, false]);
}, 60_000);

test("what init writes passes, for every template", async () => {
  using here = place({});
  for (const { name } of TEMPLATES) {
    const made = await commandLine(["init", name, "--template", name], { cwd: here.path });
    expect(made.code).toBe(0);
  }
  const { code, stdout } = await here.run(["agent", "test"]);
  expect(stdout).toContain(`${TEMPLATES.length * 2} scenarios passed`);
  expect(code).toBe(0);
}, 120_000);

test("a failing scenario shows what was expected and what happened, at which step, and exits with 1", async () => {
  using here = place({
    "counter.toml": AGENT,
    "counter.test.toml": `
[[scenario]]
name = "counts by species"
input = "count"
expect.contains = ["seven"]
expect.call = [{ tool = "csv_parser.describe", arguments = { path = "b.csv" } }]
stub = [{ tool = "csv_parser.describe", text = "no rows" }]
turn = [{ call = [{ tool = "csv_parser.describe", arguments = { path = "a.csv" } }] }, { text = "None." }]
[[scenario]]
name = "left out"
input = "x"
skip = "not yet"
`,
  });
  const { code, stdout } = await here.run(["agent", "test", "counter.toml", "--junit", "out.xml"]);
  expect(code).toBe(1);
  expect(stdout).toContain("✗ counts by species");
  expect(stdout).toContain('expected  csv_parser.describe with {"path":"b.csv"}');
  expect(stdout).toContain('happened  step 2: csv_parser.describe {"path":"a.csv"}');
  expect(stdout).toContain("– left out           not yet");
  expect(stdout).toContain("0 scenarios passed, 1 failed, 1 skipped");
  const xml = readFileSync(join(here.path, "out.xml"), "utf8");
  expect(xml).toContain('<testsuites tests="2" failures="1" skipped="1"');
  const json = JSON.parse((await here.run(["agent", "test", "-o", "json", "--filter", "species"])).stdout);
  expect(json).toMatchObject({
    passed: false,
    scenarios: [{ outcome: "failed", runs: [{ run: { output: "None." } }] }],
  });
}, 60_000);

test("a model is asked once with --record; from then on its answers are played, with tools real or recorded", async () => {
  using here = place({
    "counter.toml": AGENT,
    "counter.test.toml": `
[[scenario]]
name = "counts"
input = "count it"
expect = { called = ["csv_parser.describe"], contains = ["one row"], limits = { failed_calls = 0 } }
[[scenario]]
name = "counts as recorded"
input = "count it"
tools = "recorded"
expect = { called = ["csv_parser.describe"], contains = ["one row"], limits = { failed_calls = 0 } }
`,
  });
  const before = await here.run(["agent", "test", "--filter", "as recorded"]);
  expect(before.stdout).toContain("it has no recording");
  const recorded = await here.run(["agent", "test", "--record", "--model", "openai/gpt-test"], model());
  expect(recorded.stdout).toContain("2 scenarios passed");
  expect(existsSync(join(here.path, "counter.recording.json"))).toBe(true);
  const replayed = await here.run(["agent", "test"]);
  expect([replayed.code, replayed.stdout]).toEqual([0, expect.stringContaining("2 scenarios passed")]);
}, 60_000);

test("follow-ups are sent in one thread, each with expectations, files and answers of its own", async () => {
  using here = place({
    "counter.toml": AGENT,
    "data/a.csv": "kind,mass\ncat,4\ndog,9\n",
    "counter.test.toml": `
[[scenario]]
name = "continues"
input = "Describe uploads/a.csv"
files = ["data/a.csv"]
expect.contains = ["2 rows"]
[[scenario.follow_up]]
input = "and the mean mass per kind?"
expect = { called = ["csv_parser.group"], contains = ["dog (9)"] }
[[scenario.follow_up]]
input = "thanks"
turn = [{ text = "You are welcome." }]
expect = { contains = ["welcome"], not_called = ["*"] }

[[scenario]]
name = "stops at the first failure"
input = "x"
turn = [{ text = "One." }]
[[scenario.follow_up]]
input = "y"
turn = [{ text = "Two." }]
expect.contains = ["three"]
[[scenario.follow_up]]
input = "z"
turn = [{ text = "Four." }]
`,
  });
  const { code, stdout } = await here.run(["agent", "test"]);
  expect(stdout).toMatch(/✓ continues .*3 messages/);
  expect(stdout).toMatch(/✗ stops at the first failure .*2 messages/);
  expect(stdout).toContain("message 2: expect.contains");
  expect(code).toBe(1);
  const json = JSON.parse((await here.run(["agent", "test", "-o", "json"])).stdout);
  const [{ earlier, run }] = json.scenarios[0].runs;
  expect([...earlier, run].map(({ input }) => input)).toEqual([
    "Describe uploads/a.csv",
    "and the mean mass per kind?",
    "thanks",
  ]);
  expect(run.thread.parent).toBe(earlier[1].id);
  expect(earlier[1].thread.parent).toBe(earlier[0].id);
}, 60_000);

test("messages of a dialogue are recorded and played one by one, and a judge knows the earlier ones", async () => {
  using here = place({
    "counter.toml": AGENT,
    "counter.test.toml": `
[[scenario]]
name = "counts twice"
input = "tally it"
expect.contains = ["one row"]
[[scenario.follow_up]]
input = "and tally it again"
expect.contains = ["one row"]
judge = { rubric = "knows DIALOGUE", threshold = 0.8 }
`,
  });
  llm.prependFixture({ match: { userMessage: "tally" }, response: { content: "One row." } });
  llm.prependFixture({
    match: { userMessage: "DIALOGUE BEFORE\nuser: tally it" },
    response: { content: '{"score": 0.9, "reason": "knows it"}' },
  });
  const judged = ["--judge-model", "openai/gpt-test"];
  const recorded = await here.run(["agent", "test", "--record", "--model", "openai/gpt-test", ...judged], model());
  expect(recorded.stdout).toContain("judged 0.9");
  const replayed = await here.run(["agent", "test"]);
  expect([replayed.code, replayed.stdout]).toEqual([0, expect.stringContaining("1 scenario passed")]);
  const { scenarios } = JSON.parse(readFileSync(join(here.path, "counter.recording.json"), "utf8"));
  expect(Object.keys(scenarios)).toEqual(["counts twice", "counts twice (message 2)"]);
}, 60_000);

test("keys of models need not be there, and a run that cannot begin fails its scenario alone", async () => {
  using here = place({
    "counter.toml": `${AGENT}[llm]\nmodel = "openai/gpt-test"\napi_key = "\${env:NOT_SET_API_KEY}"\n`,
    "counter.test.toml": `
[[scenario]]
name = "plays its script"
input = "x"
turn = [{ text = "Yes." }]
[[scenario]]
name = "has a file that is not there"
input = "x"
files = ["gone.csv"]
`,
  });
  const { code, stdout } = await here.run(["agent", "test"]);
  expect(code).toBe(1);
  expect(stdout).toContain("✓ plays its script");
  expect(stdout).toContain("✗ has a file that is not there");
  expect(stdout).toContain("gone.csv");
  const live = await here.run(["agent", "test", "--live", "--filter", "plays"]);
  expect(live.stdout).toContain("REFERENCE_UNRESOLVED");
}, 60_000);

test("a judge marks answers where one is configured; enough of many runs have to pass", async () => {
  using here = place({
    "counter.toml": AGENT,
    "counter.test.toml": `
repeat = 3
[[scenario]]
name = "is kind"
input = "hello"
turn = [{ text = "Hi." }]
judge = { rubric = "It is warm and long." }
`,
  });
  const off = await here.run(["agent", "test"]);
  expect([off.code, off.stdout]).toEqual([0, expect.stringContaining("not judged")]);
  const on = await here.run(["agent", "test", "--judge-model", "openai/judge"], model());
  expect(on.code).toBe(1);
  expect(on.stdout).toContain("0 of 3 runs passed, 3 have to");
  expect(on.stdout).toContain("happened  0.4: too short");
}, 60_000);

test("a test file that is wrong is shown with its lines, and definitions in a directory are not mixed up with it", async () => {
  using here = place({ "counter.toml": AGENT, "counter.test.toml": '[[scenario]]\nname = "x"\ninputt = "y"\n' });
  const wrong = await here.run(["agent", "test"]);
  expect(wrong.code).toBe(6);
  expect(wrong.stderr).toContain("counter.test.toml:3:1");
  expect(wrong.stderr).toContain("did you mean input?");
  expect((await here.run(["agent", "validate", "."])).stdout).not.toContain("counter.test.toml");
  const none = await here.run(["agent", "test", "counter.toml", "--filter", "nothing"]);
  expect(none.code).toBe(6);
});
