import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordedScenario, ScenarioHost, SubstitutedTools, TestPlan, Verdict } from "../agent-tests/index.ts";
import { operations, requestPath, type RunDetail, runs } from "../../api/contract/index.ts";
import type { Scenario } from "../../agents/test-files/index.ts";
import { readDefinition } from "../../agents/definitions/index.ts";
import { Client, fileToSend, follow, upload } from "../client/index.ts";
import { type Context, UsageError } from "../frame/index.ts";
import { deployDefinition } from "./deploy.ts";
import type { FoundTests } from "./test-files.ts";

export type TestMode = {
  /** A language model answers instead of scripts and recordings: this one, or with "own" the definition's. */
  readonly live: { readonly model: string } | "own" | undefined;
  readonly judgeModel: string | undefined;
  /** Called for each run, to record it. */
  readonly onRun: (scenario: string, run: RunDetail) => void;
};

/** A server for the length of some tests. */
export type TestServer = AsyncDisposable & {
  readonly client: Client;
  /** Undefined for a server that was there before: it has scripts, stubs and the judge not. */
  readonly own: { readonly scripts: string; readonly tools: SubstitutedTools } | undefined;
};

const VARIABLE = /\$\{env:([A-Za-z_][A-Za-z0-9_]*)/g;
const NO_KEY = "not-set-for-tests";

/** Values for the variables that definitions refer to: who plays answers from a file has no keys for the models. */
const placeholders = (found: readonly FoundTests[]): { readonly [variable: string]: string } =>
  Object.fromEntries(
    found.flatMap(({ definition }) => [...definition.source.matchAll(VARIABLE)].map(([, name = ""]) => [name, NO_KEY])),
  );

/**
 * A server of its own in this process, with the configuration of the working directory and empty data of its own. Unless a
 * model is really asked, the keys that definitions refer to need not be there.
 */
export async function openTestServer(found: readonly FoundTests[], live: boolean): Promise<TestServer> {
  const [{ loadConfig, serve }, { SubstitutedTools: Substituted }] = await Promise.all([
    import("../../server/index.ts"),
    import("../agent-tests/index.ts"),
  ]);
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "caxton-test-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const usual = loadConfig().config;
  const loaded = loadConfig({
    settings: {
      "server.host": "127.0.0.1",
      "server.port": 0,
      "server.dashboard": false,
      "data.directory": join(directory, "data"),
      "agents.directory": join(directory, "agents"),
      "models.scripted_directory": directory,
      "sandbox.cache_directory": usual.sandbox.cache_directory ?? join(usual.data.directory, "modules"),
      "log.level": "silent",
    },
  });
  const wrapped: SubstitutedTools[] = [];
  const wrapTools = (tools: ConstructorParameters<typeof Substituted>[0]) => {
    const substituted = new Substituted(tools);
    wrapped.push(substituted);
    return substituted;
  };
  const environment = live ? loaded.environment : { ...placeholders(found), ...loaded.environment };
  const started = stack.use(await serve({ ...loaded, environment }, { overrides: { wrapTools } }));
  await started.ready;
  const client = new Client({
    server: new URL(started.url),
    token: undefined,
    serverCertificate: loaded.config.server.tls?.certificate,
    timeoutMs: undefined,
    onAnswer: () => {},
  });
  const owned = stack.move();
  return {
    client,
    own: {
      scripts: directory,
      // The tools of a workspace are put together when its first agent is deployed.
      get tools() {
        const [tools] = wrapped;
        if (tools === undefined) throw new Error("the tools are wrapped before the first run");
        return tools;
      },
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A server that is there already; its agents are tested as they are deployed. */
export const usingServer = ({ client }: Context): TestServer => ({
  client,
  own: undefined,
  [Symbol.asyncDispose]: async () => {},
});

/** Deploys the agents, and says where each file's scenarios run. Throws UsageError, DefinitionProblemsError, what the client throws. */
export async function openHosts(
  server: TestServer,
  found: readonly FoundTests[],
  modeOf: (tests: FoundTests) => TestMode,
  command: string,
): Promise<readonly TestPlan[]> {
  const { JUDGE_DEFINITION, JUDGE_NAME } = await import("../agent-tests/index.ts");
  const sources = new Map<string, string>();
  const plans: TestPlan[] = [];
  for (const each of found) {
    const agent = server.own === undefined ? nameOf(each) : await deploy(server.client, each);
    const before = sources.get(agent);
    if (before !== undefined && before !== each.definition.source)
      throw new UsageError(`two different definitions are called ${agent}; test them one after the other`, command);
    sources.set(agent, each.definition.source);
    plans.push({
      file: each.file,
      tests: each.tests,
      agent,
      host: hostOf(server, each, { agent, mode: modeOf(each) }),
    });
  }
  if (
    server.own !== undefined &&
    found.some((each) => (modeOf(each).judgeModel ?? each.tests.judge_model) !== undefined)
  )
    await deployDefinition(server.client, { source: JUDGE_DEFINITION, fileName: `${JUDGE_NAME}.toml` });
  return plans;
}

async function deploy(client: Client, { definition }: FoundTests): Promise<string> {
  return (await deployDefinition(client, definition)).value.agent.name;
}

const nameOf = ({ definition: { source, fileName } }: FoundTests): string => {
  const reading = readDefinition(source, fileName);
  return reading.type === "valid" ? reading.definition.name : fileName;
};

type Place = { readonly agent: string; readonly mode: TestMode };

function hostOf(server: TestServer, found: FoundTests, { agent, mode }: Place): ScenarioHost {
  const judgeModel = mode.judgeModel ?? found.tests.judge_model;
  return {
    run: async (scenario, before, signal) => {
      const recorded = found.recording.scenarios[scenario.name];
      const model = await modelOf(server, scenario, { recorded, mode });
      if (model.type === "refused") return model.why;
      const uploads: string[] = [];
      for (const path of scenario.files) {
        const file = await fileToSend(join(found.directory, path));
        uploads.push((await upload(server.client, file, { signal, onProgress: () => {} })).id);
      }
      const start = { agent, input: scenario.input, uploads, model: model.name, before };
      const run = await runOnce(server, start, signal, {
        stubs: scenario.stub,
        recorded: model.toolsRecorded ? recorded?.calls : undefined,
      });
      mode.onRun(scenario.name, run);
      return run;
    },
    judge: judgeModel === undefined || server.own === undefined ? undefined : judgeWith(server, judgeModel),
  };
}

type ModelChoice =
  | { readonly type: "chosen"; readonly name: string | undefined; readonly toolsRecorded: boolean }
  | { readonly type: "refused"; readonly why: string };

/** The model of a scenario's runs: a live one when asked for, else its script, else its recording, else the built-in model. */
async function modelOf(
  { own }: TestServer,
  scenario: Scenario,
  { recorded, mode }: { readonly recorded: RecordedScenario | undefined; readonly mode: TestMode },
): Promise<ModelChoice> {
  if (own === undefined && scenario.stub.length > 0) return refused("its stubs need a server of the tests' own");
  if (mode.live !== undefined) {
    const name = mode.live === "own" ? undefined : mode.live.model;
    return { type: "chosen", name, toolsRecorded: false };
  }
  if (own === undefined) return refused("on a server it needs a model: add --live, or --model provider/model");
  const { scriptOf } = await import("../agent-tests/index.ts");
  const toolsRecorded = scenario.tools === "recorded";
  if (toolsRecorded && recorded === undefined)
    return refused("it has no recording; make one with: caxton agent test --record");
  const script = scriptOf(scenario, recorded);
  if (script === undefined) return { type: "chosen", name: "mock", toolsRecorded };
  const file = `${crypto.randomUUID()}.json`;
  await writeFile(join(own.scripts, file), JSON.stringify(script));
  return { type: "chosen", name: `scripted/${file}`, toolsRecorded };
}

const refused = (why: string): ModelChoice => ({ type: "refused", why });

type Start = {
  readonly agent: string;
  readonly input: string;
  readonly uploads: readonly string[];
  readonly model: string | undefined;
  /** Run of the same thread that it continues. */
  readonly before?: RunDetail | undefined;
};

/** Starts a run and follows it until it ends or waits for a user; a waiting run is cancelled. */
async function runOnce(
  { client, own }: TestServer,
  start: Start,
  signal: AbortSignal,
  substitutes: Parameters<SubstitutedTools["substitute"]>[1],
): Promise<RunDetail> {
  const started = await begin(client, start, signal);
  const { id } = started;
  own?.tools.substitute(id, substitutes);
  const path = `${requestPath(operations.run.watch, { id })}?types=run`;
  for await (const { event } of follow(client, { path, schema: runs.RunStreamEvent, signal, onLink: () => {} })) {
    if (event.type === "end" && !waits(event.run.state)) return event.run;
    if ((event.type !== "run" && event.type !== "end") || !waits(event.run.state)) continue;
    const { value } = await client.call(operations.run.get, { id }, { signal });
    await client.call(operations.run.cancel, { id }, { signal });
    return value;
  }
  return started;
}

async function begin(client: Client, { before, ...start }: Start, signal: AbortSignal): Promise<RunDetail> {
  if (before === undefined) return (await client.call(operations.run.start, start, { signal })).value;
  const { agent, ...message } = start;
  const id =
    before.thread?.id ??
    (await client.call(operations.thread.create, { agent, from_run: before.id }, { signal })).value.id;
  return (await client.call(operations.thread.send, { id, ...message }, { signal })).value.run;
}

const waits = (state: RunDetail["state"]): boolean => state.startsWith("awaiting-") || state === "needs-decision";

const judgeWith =
  (server: TestServer, model: string): NonNullable<ScenarioHost["judge"]> =>
  async (dialogue, rubric, signal): Promise<Verdict | string> => {
    const { JUDGE_NAME, judgeRequest, verdictIn } = await import("../agent-tests/index.ts");
    const start = { agent: JUDGE_NAME, input: judgeRequest(dialogue, rubric), uploads: [], model };
    const judged = await runOnce(server, start, signal, { stubs: [], recorded: undefined });
    if (judged.failure !== null) return `${model} did not judge: ${judged.failure.code}: ${judged.failure.message}`;
    return verdictIn(judged.output) ?? `${model} gave no mark but said: ${judged.output.slice(0, 200)}`;
  };
