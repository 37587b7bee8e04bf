import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig, serve } from "../../src/server/index.ts";
import { DefinitionWatcher, type FileDeployment, deployDirectory } from "../../src/server/definitions.ts";
import { startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";

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
  const again = await deployDirectory(started.server.started.services, started.agents);
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

test("a watcher takes a directory called like a definition for none, and goes on deploying files", async () => {
  await using started = await startedWith(() => undefined);
  const { services } = started.server.started;
  const reports: FileDeployment[] = [];
  const reported = Promise.withResolvers<void>();
  using watcher = new DefinitionWatcher(services, started.agents, (deployment) => {
    reports.push(deployment);
    reported.resolve();
    throw new Error("the one who is told fails");
  });
  expect(watcher).toBeDefined();
  mkdirSync(join(started.agents, "directory.toml"));
  mkdirSync(join(started.agents, "directory.md"));
  // Its turn comes after the directories': each change waits equally long.
  writeFileSync(join(started.agents, "saved.toml"), definition("saved"));
  await reported.promise;
  expect(only(reports)).toMatchObject({ type: "created", agent: "saved" });
});
