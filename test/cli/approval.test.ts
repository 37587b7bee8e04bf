import { spawn } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { approvals, runs } from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { caxton as program, commandLine, LAUNCHER } from "./caxton.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("approval.hash", "approval.changed-arguments");

const PAYER = `name = "payer"
version = "1.0.0"
capabilities = ["paying"]
tools = ["calculator"]
system_prompt = "You pay."
user_prompt_template = "{{request}}"
[permissions]
ask = ["calculator.*"]
`;
const SCRIPT = [
  { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "40+2" } }] },
  { text: "It is paid." },
];

let server: TestServer;
beforeEach(async () => {
  server = await startServer({ script: SCRIPT, files: { "examples/agents/payer.toml": PAYER } });
});
afterEach(() => server?.[Symbol.asyncDispose]());

const caxton = (...args: readonly string[]) => commandLine(args, { server: server.url });
const detail = async (id: string) => runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
const newest = async () =>
  runs.RunPage.parse((await server.ask("GET", "/api/v1/runs?limit=1")).body).items[0]?.id ?? "";

/** A run that rests until its call is approved. */
async function waiting(): Promise<{ readonly run: string; readonly approval: string }> {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "payer", input: "pay", wait: true });
  const run = runs.RunDetail.parse(body);
  expect(run).toMatchObject({ state: "awaiting-approval", resting: true });
  return { run: run.id, approval: run.approvals[0]?.id ?? "" };
}

async function ended(id: string) {
  await expect.poll(async () => (await detail(id)).ended_at, { timeout: 15_000 }).not.toBeNull();
  return await detail(id);
}

const results = (run: runs.RunDetail) => run.step_list.flatMap((step) => (step.kind === "tool" ? [step.text] : []));

test("waiting calls are listed and shown in full, for people and for programs", async () => {
  expect(await caxton("approval", "list")).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "nothing waits for a person\n",
  });
  const { run, approval } = await waiting();
  const { stdout } = await caxton("approval", "list");
  expect(stdout).toMatch(/^ID +STATE +AGENT +TOOL +ASKED +ARGUMENTS\n/);
  expect(stdout.split("\n")[1]).toMatch(/^\S+ +open +payer +calculator\.evaluate +\S+ +\{"expression":"40\+2"\}$/);
  const page = approvals.ApprovalPage.parse(JSON.parse((await caxton("approvals", "list", "-o", "json")).stdout));
  expect(page).toMatchObject({ items: [{ id: approval, run, state: "open" }] });
  expect((await caxton("approval", "list", "--state", "denied", "-o", "name")).stdout).toBe("");
  const shown = (await caxton("approval", "get", "last")).stdout;
  expect(shown).toContain("asked for  rule calculator.* of the agent");
  expect(shown).toContain('"expression": "40+2"');
  const one = JSON.parse((await caxton("approval", "get", approval.slice(-8), "-o", "json")).stdout);
  expect(approvals.Approval.parse(one)).toMatchObject({ id: approval, arguments: { expression: "40+2" } });
  expect(await caxton("approval", "get", "nothing")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("[APPROVAL_NOT_FOUND]"),
  });
});

test("an approved call is made with the replaced arguments, and the model receives the note", async () => {
  const { run, approval } = await waiting();
  const unfit = await caxton("approval", "approve", approval, "--edit", '{"expression": 5}');
  expect(unfit).toMatchObject({ code: 6, stderr: expect.stringContaining("[APPROVAL_EDIT_INVALID]") });
  const broken = await caxton("approval", "approve", approval, "--edit", "42");
  expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining("--edit takes a JSON object") });
  const words = [
    "approval",
    "approve",
    approval,
    "--edit",
    '{"expression":"40+3"}',
    "--note",
    "one more",
    "-o",
    "json",
  ];
  const { code, stdout } = await caxton(...words);
  expect(code).toBe(0);
  expect(approvals.Approval.parse(JSON.parse(stdout))).toMatchObject({
    state: "approved",
    edited_arguments: { expression: "40+3" },
    note: "one more",
  });
  const done = await ended(run);
  expect(done).toMatchObject({ state: "completed", output: "It is paid." });
  expect(results(done)[0]).toMatch(/43/);
  expect(results(done)[0]).toMatch(/one more/);
});

test("a refused call is not made, and its run continues with the reason", async () => {
  const { run, approval } = await waiting();
  const { code, stdout } = await program(["approval", "deny", approval, "--reason", "too much"], {
    server: server.url,
  });
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${approval}  calculator.evaluate  denied\n` });
  const done = await ended(run);
  expect(done.state).toBe("completed");
  expect(results(done)[0]).toContain('"too much"');
});

test("the second answer names the first one, and a call of a cancelled run cannot be approved", async () => {
  const first = await waiting();
  expect(await caxton("approval", "approve", first.approval)).toMatchObject({ code: 0 });
  const second = await caxton("approval", "deny", first.approval);
  expect(second.code).toBe(5);
  expect(second.stderr).toMatch(/it was approved by local \(admin\) at 20.*\[APPROVAL_CLOSED\]/s);
  const other = await waiting();
  expect(await caxton("run", "cancel", other.run)).toMatchObject({ code: 0 });
  const late = await caxton("approval", "approve", other.approval, "-o", "json");
  expect(late.code).toBe(5);
  expect(JSON.parse(late.stderr)).toMatchObject({
    code: "APPROVAL_CLOSED",
    detail: expect.stringContaining("has ended"),
  });
});

test("an answer may name the hash of the call that was shown, and is refused where it is that of another", async () => {
  const [first, second] = [await waiting(), await waiting()];
  const listed = (await caxton("approval", "list", "-o", "name")).stdout.trim().split("\n");
  expect(listed).toEqual([first.approval, second.approval]);
  expect((await caxton("approval", "get", "last", "-o", "name")).stdout.trim()).toBe(second.approval);
  const shown = (await caxton("approval", "get", first.approval)).stdout;
  const hash = /^hash +([0-9a-f]{64})$/m.exec(shown)?.[1] ?? "";
  for (const word of ["approve", "deny"]) {
    const wrong = await caxton("approval", word, first.approval, "--hash", hash.replace(/./g, "0"));
    expect(wrong).toMatchObject({ code: 5, stderr: expect.stringContaining("[APPROVAL_MISMATCH]") });
    expect(await caxton("approval", word, "--all", "--hash", hash)).toMatchObject({ code: 2 });
    const unseen = { code: 2, stderr: expect.stringContaining('"last" may be a call that you have not seen') };
    expect(await caxton("approval", word, "last")).toMatchObject(unseen);
  }
  expect(await caxton("approval", "approve", first.approval, "--hash", hash)).toMatchObject({ code: 0 });
  expect((await ended(first.run)).state).toBe("completed");
  expect(await caxton("approval", "deny", second.approval)).toMatchObject({ code: 0 });
});

test("--all answers everything that waits, and names are not given beside it", async () => {
  const [one, two] = [await waiting(), await waiting()];
  expect(await caxton("approval", "approve", "last", "--all")).toMatchObject({ code: 2 });
  expect((await caxton("approval", "approve", "--all")).stdout.trim().split("\n")).toHaveLength(2);
  for (const { run } of [one, two]) expect((await ended(run)).state).toBe("completed");
});

test("without a terminal a run that needs approval ends its command with 9 and prints how to answer", async () => {
  const { code, stderr } = await caxton("run", "payer", "pay");
  expect(code).toBe(9);
  expect(stderr).toMatch(/the run waits for approval: calculator\.evaluate \{"expression":"40\+2"\}/);
  expect(stderr).toMatch(/answer with: caxton approval approve [0-9a-f-]{36}/);
});

const PTY = "/usr/bin/script";
const ENTER = "\r";
const DOWN = "\u001B[B";
const ERASE = "\u0015";

/** The command on a terminal of its own, which types what is given once it shows the words before it. */
async function typing(args: readonly string[], exchange: readonly (readonly [shown: RegExp, typed: string])[]) {
  const words = [process.execPath, LAUNCHER, ...args].map((word) => `'${word}'`).join(" ");
  // A terminal without a window has no columns unless they are set.
  const child = spawn(PTY, ["-qec", `stty cols 100 rows 40; ${words}`, "/dev/null"], {
    env: { CAXTON_SERVER: server.url, CAXTON_DATA_DIR: "/nonexistent", TERM: "xterm", PATH: "/usr/bin:/bin" },
    stdio: "pipe",
  });
  let screen = "";
  let from = 0;
  child.stdout.on("data", (chunk: Buffer) => (screen += chunk.toString()));
  const code = new Promise<number | null>((resolve) => child.on("close", resolve));
  for (const [shown, typed] of exchange) {
    await expect.poll(() => screen.slice(from), { timeout: 20_000 }).toMatch(shown);
    from = screen.length;
    child.stdin.write(typed);
  }
  return { code: await code, screen };
}

describe("on a terminal the person is asked", () => {
  const question = /Decide later/;

  test("yes lets the call be made, and the answer follows", async () => {
    const { code, screen } = await typing(["run", "payer", "pay"], [[question, ENTER]]);
    expect(screen).toMatch(/"expression": "40\+2"/);
    expect(screen).toContain("It is paid.");
    expect(code).toBe(0);
  });

  test("arguments are changed there, and what is no JSON object is not taken", async () => {
    const { code } = await typing(
      ["run", "payer", "pay"],
      [
        [question, DOWN + DOWN + ENTER],
        [/Arguments, as JSON/, `${ERASE}oops${ENTER}`],
        [/not a JSON object/, `${ERASE}{"expression":"40+4"}${ENTER}`],
      ],
    );
    expect(code).toBe(0);
    const run = await detail(await newest());
    expect(run.approvals).toMatchObject([{ state: "approved", edited_arguments: { expression: "40+4" } }]);
    expect(results(run)[0]).toMatch(/44/);
  });

  test("no asks for a reason", async () => {
    const { code } = await typing(
      ["run", "payer", "pay"],
      [
        [question, DOWN + DOWN + DOWN + ENTER],
        [/Reason, sent/, `not now${ENTER}`],
      ],
    );
    expect(code).toBe(0);
    expect((await detail(await newest())).approvals).toMatchObject([{ state: "denied", note: "not now" }]);
  });

  test("later leaves the run as it is", async () => {
    const { code, screen } = await typing(["run", "payer", "pay"], [[question, DOWN.repeat(4) + ENTER]]);
    expect(code).toBe(9);
    expect(screen).toContain("caxton approval approve");
    expect(await detail(await newest())).toMatchObject({ state: "awaiting-approval", resting: true });
  });
});

test("of several things done at once programs read one document: an array, or a line each", async () => {
  const first = await waiting();
  const second = await waiting();
  const approved: unknown = JSON.parse((await caxton("approval", "approve", "--all", "-o", "json")).stdout);
  expect(approvals.Approval.array().parse(approved)).toHaveLength(2);
  await Promise.all([ended(first.run), ended(second.run)]);
  const [third, fourth] = [await waiting(), await waiting()];
  const denied = await caxton("approval", "deny", third.approval, fourth.approval, "-o", "jsonl");
  expect(
    denied.stdout
      .trim()
      .split("\n")
      .map((line) => approvals.Approval.parse(JSON.parse(line)).state),
  ).toEqual(["denied", "denied"]);
  const [fifth, sixth] = [await waiting(), await waiting()];
  const stopped = await caxton("run", "cancel", fifth.run, sixth.run, first.run, "-o", "json");
  expect(stopped.code).not.toBe(0);
  expect(runs.RunSummary.array().parse(JSON.parse(stopped.stdout))).toMatchObject([
    { id: fifth.run, state: "cancelled" },
    { id: sixth.run, state: "cancelled" },
  ]);
  const { approval } = await waiting();
  const one: unknown = JSON.parse((await caxton("approval", "approve", approval, "-o", "json")).stdout);
  expect(approvals.Approval.parse(one).id).toBe(approval);
});
