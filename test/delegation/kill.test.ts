import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("conversation.delegation", "conversation.crash");

const agent = (name: string, more = ""): string =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["testing"]\nsystem_prompt = "You work."\n${more}[llm]\nmodel = "scripted/${name}.json"\n`;
const delegating = (background: boolean): string =>
  JSON.stringify([
    { toolCalls: [{ name: "agent_helper", arguments: { request: "look it up", background } }] },
    ...(background ? [{ text: "so far" }] : []),
    { text: "it is there", delayMs: 500 },
  ]);

type Detail = contract.RunDetail;
type Step = { readonly at: string; readonly is: (root: Detail, child: contract.RunSummary | undefined) => boolean };

const STEPS: readonly Step[] = [
  { at: "the request is sent", is: ({ replies }) => replies.length === 1 },
  { at: "its run is on disk", is: (_root, child) => child !== undefined },
  { at: "its run has started", is: (_root, child) => child?.started_at !== null && child !== undefined },
  { at: "its run has ended", is: (_root, child) => child?.state === "completed" },
  { at: "its reply is in the journal", is: ({ replies }) => replies[0]?.state === "answered" },
];

function write(home: string, background: boolean): void {
  mkdirSync(join(home, "agents"));
  writeFileSync(join(home, "agents/boss.toml"), agent("boss", 'agents = ["helper"]\n'));
  writeFileSync(join(home, "agents/helper.toml"), agent("helper"));
  writeFileSync(join(home, "boss.json"), delegating(background));
  writeFileSync(join(home, "helper.json"), JSON.stringify([{ text: "found it", delayMs: 500 }]));
  const models = '[models]\ndefault = "scripted/helper.json"\nscripted_directory = "."';
  writeFileSync(join(home, "caxton.toml"), `[server]\nport = 0\n[agents]\ndirectory = "agents"\n${models}\n`);
}

async function serve(home: string) {
  const child = new CaxtonProcess(["serve"], { cwd: home });
  const [, url = ""] = await child.printed(/API\s+(http:\/\/[^/]+)/);
  await vi.waitFor(async () => expect((await fetch(`${url}/ready`)).status).toBe(200), { timeout: 60_000 });
  const get = async (path: string) => (await fetch(`${url}/api/v1${path}`)).json();
  return {
    child,
    url,
    root: async (id: string) => contract.runs.RunDetail.parse(await get(`/runs/${id}`)),
    tree: async (id: string) => contract.runs.RunTree.parse(await get(`/runs/${id}/tree`)).items,
  };
}

const CASES = [false, true].flatMap((background) => STEPS.map((step) => ({ ...step, background })));

test.each(CASES)(
  "killed with kill -9 when $at (in the background: $background), a delegation is made once and its result arrives once",
  async ({ is, background }) => {
    using home = tempDirectory();
    write(home.path, background);
    const first = await serve(home.path);
    await using killed = first.child;
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ agent: "boss", input: "please" });
    const started = await (await fetch(`${first.url}/api/v1/runs`, { method: "POST", headers, body })).json();
    const { id } = contract.runs.RunSummary.parse(started);
    const reached = async () => {
      const [root, [, below]] = await Promise.all([first.root(id), first.tree(id)]);
      expect(is(root, below)).toBe(true);
    };
    await vi.waitFor(reached, { timeout: 30_000, interval: 5 });
    killed.kill("SIGKILL");
    await killed.ended();
    const second = await serve(home.path);
    await using child = second.child;
    const root = await vi.waitFor(
      async () => {
        const found = await second.root(id);
        expect(found.ended_at).not.toBeNull();
        return found;
      },
      { timeout: 30_000, interval: 50 },
    );
    expect([root.state, root.output, root.replies.map(({ state }) => state)]).toEqual([
      "completed",
      "it is there",
      ["answered"],
    ]);
    expect((await second.tree(id)).map(({ agent: name, state, parent }) => [name, state, parent])).toEqual([
      ["boss", "completed", null],
      ["helper", "completed", id],
    ]);
    child.kill("SIGTERM");
    await child.ended();
  },
  120_000,
);
