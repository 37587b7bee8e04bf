import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { noticeLines } from "../../src/cli/serve/serve-session.ts";
import { loadConfig, serve, type Started } from "../../src/server/index.ts";
import { DefinitionWatcher, type FileDeployment, deployDirectory } from "../../src/agents/files/index.ts";
import { commandLine } from "../cli/caxton.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("deployment.unchanged", "deployment.watch");

const deployments = ({ caxton: { agents, clock } }: Started) => ({ ...agents, clock, workspace: "default" });

const definition = (name: string, prompt = "Be brief."): string =>
  `name = "${name}"\nversion = "1.0.0"\ncapabilities = ["greeting"]\nsystem_prompt = "${prompt}"\n`;

/** A server without definitions of its own, and a directory for those of the test. */
async function startedWith(prepare: (agents: string) => void) {
  await using stack = new AsyncDisposableStack();
  const agents = stack.use(tempDirectory()).path;
  prepare(agents);
  const server = stack.use(await startServer({ settings: { "agents.directory": agents } }));
  const { definitions } = await server.started.ready;
  const owned = stack.move();
  return { agents, server, definitions, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const only = <Item>(items: readonly Item[]): Item => {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new Error(`one is expected: ${JSON.stringify(items)}`);
  return item;
};

test("definitions that are links to files are deployed, and one that is a link to nothing is refused with a plain sentence", async () => {
  using mounted = tempDirectory();
  mkdirSync(join(mounted.path, "..data"));
  writeFileSync(join(mounted.path, "..data/linked.toml"), definition("linked"));
  await using started = await startedWith((agents) => {
    symlinkSync(join(mounted.path, "..data"), join(agents, "..data"));
    symlinkSync("..data/linked.toml", join(agents, "linked.toml"));
    symlinkSync("nowhere.toml", join(agents, "broken.toml"));
    symlinkSync("nowhere.md", join(agents, "broken.md"));
    symlinkSync(mounted.path, join(agents, "directory.toml"));
    mkdirSync(join(agents, "real-directory.toml"));
    // A project of a tool beside the agents holds no definitions.
    mkdirSync(join(agents, "price"));
    for (const file of ["tool.toml", "tests.toml", "Cargo.toml"])
      writeFileSync(join(agents, "price", file), "[package]\n");
  });
  expect(started.definitions).toMatchObject([
    { type: "refused", code: "DEFINITION_UNREADABLE", file: join(started.agents, "broken.md") },
    {
      type: "refused",
      code: "DEFINITION_UNREADABLE",
      file: join(started.agents, "broken.toml"),
      problems: [expect.stringMatching(/broken\.toml cannot be read: .*a link to nothing\n/)],
    },
    { type: "created", agent: "linked" },
  ]);
});

test("of two files with one agent's name the second is refused, naming both, and starting again adds no revision", async () => {
  await using started = await startedWith((agents) => {
    writeFileSync(join(agents, "a.toml"), definition("twin", "One."));
    writeFileSync(join(agents, "b.toml"), definition("Twin", "Two."));
    writeFileSync(join(agents, "c.toml"), definition("twin", "Three."));
  });
  const again = await deployDirectory(deployments(started.server.started), started.agents);
  for (const [pass, first] of [
    [started.definitions, "created"],
    [again, "unchanged"],
  ] as const) {
    expect(pass).toMatchObject([
      { type: first, agent: "twin", revision: 1 },
      { type: "refused", code: "DEFINITION_NAME_TAKEN", problems: [expect.stringMatching(/b\.toml.*a\.toml/)] },
      { type: "refused", code: "DEFINITION_NAME_TAKEN", problems: [expect.stringMatching(/c\.toml.*a\.toml/)] },
    ]);
  }
});

test("an agents directory that is a file is said to be one", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, "agents");
  writeFileSync(file, "not a directory");
  const settings = {
    "server.port": 0,
    "data.directory": join(directory.path, "data"),
    "agents.directory": file,
    "log.level": "silent",
  };
  await using started = await serve(loadConfig({ settings }, {}, directory.path));
  await expect(started.ready).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: `agents.directory: ${file} is a file, not a directory`,
  });
});

test("a watcher ignores a directory named like a definition, and continues to deploy files", async () => {
  await using started = await startedWith(() => undefined);
  const reports: FileDeployment[] = [];
  const reported = Promise.withResolvers<void>();
  using watcher = new DefinitionWatcher(deployments(started.server.started), started.agents, (deployment) => {
    reports.push(deployment);
    reported.resolve();
    throw new Error("the listener fails");
  });
  expect(watcher).toBeDefined();
  mkdirSync(join(started.agents, "directory.toml"));
  mkdirSync(join(started.agents, "directory.md"));
  // Its turn comes after the directories': each change waits equally long.
  writeFileSync(join(started.agents, "saved.toml"), definition("saved"));
  await reported.promise;
  expect(only(reports)).toMatchObject({ type: "created", agent: "saved" });
});

const outcome = ({ type, ...rest }: FileDeployment) => [type, "revision" in rest ? rest.revision : 0] as const;

/** What the next start makes of the one definition of a directory. */
async function nextStart({ server, agents }: { readonly server: TestServer; readonly agents: string }) {
  return outcome(only(await deployDirectory(deployments(server.started), agents)));
}

const summaryOf = async (server: TestServer, name: string) =>
  contract.agents.AgentDetail.parse((await server.ask("GET", `/api/v1/agents/${name}`)).body);

test("a deployment from elsewhere is not replaced by the file at the next start, and the file is not lost either", async () => {
  await using data = await startedWith((agents) =>
    writeFileSync(join(agents, "poet.toml"), definition("poet", "One.")),
  );
  const { server, agents } = data;
  const file = join(agents, "poet.toml");
  const deploy = (prompt: string, file_name = file) =>
    server.ask("POST", "/api/v1/agents", { source: definition("poet", prompt), file_name });
  expect(await summaryOf(server, "poet")).toMatchObject({ file: { path: file, differs: false }, file_source: null });

  await deploy("Edited.");
  expect(await summaryOf(server, "poet")).toMatchObject({
    revision: 2,
    file: { path: file, differs: true },
    file_source: definition("poet", "One."),
  });
  expect(await nextStart(data)).toEqual(["kept", 2]);
  writeFileSync(file, definition("poet", "Saved while the server was down."));
  expect(await nextStart(data)).toEqual(["kept", 2]);
  const listed = contract.agents.AgentPage.parse((await server.ask("GET", "/api/v1/agents")).body).items;
  expect(listed.find(({ name }) => name === "poet")).toMatchObject({ file: { path: file, differs: true } });
  const cli = { server: server.url };
  expect((await commandLine(["agent", "list"], cli)).stdout).toMatch(/poet +2 +active, file differs/);
  expect((await commandLine(["agent", "get", "poet"], cli)).stdout).toContain(`${file} differs from the deployed`);

  // Choosing the file: its text is deployed as it is, and from then on changes of the file count again.
  expect(await commandLine(["agent", "deploy", file], cli)).toMatchObject({ code: 0 });
  expect((await summaryOf(server, "poet")).file).toMatchObject({ differs: false });
  writeFileSync(file, definition("poet", "Next."));
  expect(await nextStart(data)).toEqual(["updated", 4]);

  // Choosing the deployed version: it is written to the file.
  await deploy("Edited again.", "elsewhere.toml");
  const { stdout } = await commandLine(["agent", "get", "poet", "--source"], cli);
  writeFileSync(file, stdout);
  expect(await nextStart(data)).toEqual(["unchanged", 5]);
  writeFileSync(file, definition("poet", "After that."));
  expect(await nextStart(data)).toEqual(["updated", 6]);

  await server.ask("POST", "/api/v1/agents/poet/rollback");
  expect(await nextStart(data)).toEqual(["kept", 5]);
});

test("an edit survives a restart, a notice names both versions, and a save under watch deploys", async () => {
  using place = tempDirectory();
  using mounted = tempDirectory();
  const file = join(mounted.path, "poet.toml");
  writeFileSync(file, definition("poet", "One."));
  const settings = { "agents.directory": mounted.path };
  {
    await using before = await startServer({ directory: place.path, settings });
    await before.ask("POST", "/api/v1/agents", { source: definition("poet", "Edited."), file_name: file });
  }
  await using after = await startServer({ directory: place.path, settings });
  const { definitions } = await after.started.ready;
  expect(outcome(only(definitions))).toEqual(["kept", 2]);
  expect(noticeLines(definitions, (_style, text) => text)).toEqual([
    expect.stringMatching(/^! .*poet\.toml differs from revision 2 of poet[^]*agent deploy[^]*agent get poet --source/),
  ]);
  expect(await summaryOf(after, "poet")).toMatchObject({ source: definition("poet", "Edited.") });
  const saved = Promise.withResolvers<FileDeployment>();
  using watcher = new DefinitionWatcher(deployments(after.started), mounted.path, saved.resolve);
  expect(watcher).toBeDefined();
  writeFileSync(file, definition("poet", "Saved."));
  expect(outcome(await saved.promise)).toEqual(["updated", 3]);
});
