import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runs } from "../../../src/api/contract/index.ts";
import type { ScriptedTurnInput } from "../../../src/models/vendors/index.ts";
import { serving } from "../../cli/serving.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { callsOf, type EditorOptions, startEditor, within } from "./editor.ts";

verifies("api.acp");

const AGENT = `name = "payer"
version = "1.0.0"
capabilities = ["paying"]
tools = ["calculator"]
system_prompt = "You pay."
[permissions]
ask = ["calculator.*"]
`;
const CONFIG = `[models]
default = "scripted/script.json"
scripted_directory = "."
`;

function workplace(script: readonly ScriptedTurnInput[]) {
  const home = tempDirectory();
  mkdirSync(join(home.path, "agents"));
  for (const [name, text] of Object.entries({
    "agents/payer.toml": AGENT,
    "script.json": JSON.stringify(script),
    "caxton.toml": CONFIG,
  }))
    writeFileSync(join(home.path, name), text);
  return home;
}

/** A server that is killed, and one that takes its place. */
async function killing(cwd: string, more: Partial<EditorOptions>) {
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await serving({ cwd }));
  const port = Number(new URL(first.url).port);
  const editor = stack.use(
    await startEditor({ server: first.url, directory: cwd, args: ["--agent", "payer"], ...more }),
  );
  const owned = stack.move();
  return {
    editor,
    state: async () =>
      runs.RunPage.parse(await (await fetch(`${first.url}/api/v1/runs`)).json()).items.map(({ state }) => state),
    restart: async () => {
      first.child.kill("SIGKILL");
      await first.ended;
      owned.use(await serving({ cwd, port }));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test("a server that is killed in a turn is started again: the turn goes to its end, and nothing is said twice", async () => {
  using home = workplace([{ text: "It took long.", delayMs: 3_000, chunkChars: 3 }]);
  await using server = await killing(home.path, {});
  const session = await server.editor.open();
  const turn = server.editor.prompt(session, "Wait.");
  await within(async () => expect(await server.state()).toEqual(["running"]));
  await server.restart();
  expect(await turn).toEqual({ stopReason: "end_turn" });
  expect(server.editor.said()).toBe("It took long.");
});

test("a permission request outlives the server that asked", async () => {
  using home = workplace([
    { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "40+2" } }] },
    { text: "Paid." },
  ]);
  const answer = Promise.withResolvers<string>();
  await using server = await killing(home.path, { permit: () => answer.promise });
  const session = await server.editor.open();
  const turn = server.editor.prompt(session, "Pay.");
  await within(() => expect(server.editor.asked).toHaveLength(1));
  await server.restart();
  answer.resolve("allow");
  expect(await turn).toEqual({ stopReason: "end_turn" });
  expect(server.editor.asked).toHaveLength(1);
  expect(server.editor.said()).toBe("Paid.");
  expect(callsOf(server.editor.updates).at(-1)).toMatchObject({ status: "completed" });
});
