import { text } from "node:stream/consumers";
import * as z from "zod";
import { type keys, operations } from "../../api/contract/index.ts";
import { Client } from "../client/index.ts";
import {
  act,
  type CommandMaker,
  type Context,
  examples,
  InterruptedError,
  ONE_FORMATS,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";

const SETUP_PREFIX = "cax_setup_";

/** `caxton login` */
export const login: CommandMaker = (command, invocation) => {
  command
    .description(
      "Check an API key and store it for a server, in a file that only you can read. Later commands use this server and key. The key is read from --token, from standard input with --key-stdin, or from the terminal. With the setup token that a new server prints, create the first administrator's key and store it.",
    )
    .argument("[server]", "URL of the server; default: --server, or the one on this machine")
    .option("--name <context>", "name of the server for --context; default: its host")
    .option("--key-stdin", "read the key from standard input");
  examples(command, [
    ["caxton login https://caxton.example.com", "ask for the key"],
    ["caxton login https://caxton.example.com --name prod --key-stdin < key.txt", ""],
    ["caxton login https://caxton.example.com --ca-file ca.pem", "store the private authority too"],
    ["caxton login https://caxton.example.com --workspace red", "later commands apply to the workspace red"],
    ["caxton --context prod status", "use it"],
  ]);
  act(command, invocation, {
    input: z.object({
      server: z.string().optional(),
      name: z.string().min(1).max(100).optional(),
      keyStdin: z.boolean().default(false),
    }),
    formats: ONE_FORMATS,
    run: async (context, { server, name, keyStdin }) => {
      const url = server === undefined ? context.client.server : serverOf(server);
      const given = await keyOf(context, keyStdin);
      const isSetup = given.startsWith(SETUP_PREFIX);
      const ca = context.givenAuthority ?? context.contexts.for(url)?.ca;
      const workspace = context.givenWorkspace;
      const clientFor = (token: string) =>
        new Client({
          server: url,
          token,
          workspace,
          authority: ca,
          timeoutMs: context.timeoutMs,
          onAnswer: () => undefined,
        });
      const key = isSetup ? await firstKey(clientFor(given)) : given;
      const { raw, value } = await clientFor(key).call(operations.access.whoami, {});
      const saved = name ?? url.host;
      context.contexts.save({ name: saved, server: url.origin + url.pathname.replace(/\/$/, ""), key, ca, workspace });
      await showOne(context, {
        raw,
        name: saved,
        human: () =>
          `${isSetup ? `administrator's key, shown once: ${key}\n` : ""}${identityLine(value)}\nstored as context ${safeText(saved)}\n`,
      });
    },
  });
};

/** `caxton logout` */
export const logout: CommandMaker = (command, invocation) => {
  command
    .description(
      "Delete the stored API key of a server from this machine. The key itself remains valid: caxton key revoke ends it.",
    )
    .argument("[context]", "name of the server; default: the current context");
  examples(command, [
    ["caxton logout", ""],
    ["caxton logout prod", ""],
  ]);
  act(command, invocation, {
    input: z.object({ context: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { context: given }) => {
      const name = given ?? context.contexts.current()?.name;
      if (name === undefined || !context.contexts.delete(name))
        throw new UsageError(
          name === undefined ? "you are not logged in" : `there is no context "${name}"`,
          "caxton context list",
        );
      await showOne(context, { raw: { context: name }, name, human: () => `logged out of ${safeText(name)}\n` });
    },
  });
};

/** Who a server says one is. */
export const identityLine = ({ kind, name, role, id }: keys.Identity): string =>
  kind === "local"
    ? "local: the server runs without access control, and every client has every permission"
    : `${safeText(name)} (${id}), role ${role}`;

function serverOf(given: string): URL {
  const url = URL.parse(given.includes("://") ? given : `https://${given}`);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new UsageError(`not a URL: "${given}"; expected one such as https://caxton.example.com`, "caxton login");
}

async function firstKey(client: Client): Promise<string> {
  const { value } = await client.call(operations.key.create, { name: "first administrator", role: "admin" });
  if (value.key === null) throw new Error("a new key has a text");
  return value.key;
}

/** Throws UsageError without a key, InterruptedError. */
async function keyOf({ givenToken, terminal }: Context, isInput: boolean): Promise<string> {
  if (isInput) return (await text(terminal.streams.input)).trim();
  if (givenToken !== undefined) return givenToken;
  if (!terminal.canAsk)
    throw new UsageError("there is no terminal to ask for the key on: add --key-stdin or --token", "caxton login");
  const prompts = await import("@clack/prompts");
  const answer = await prompts.password({ message: "API key", output: terminal.streams.error });
  if (prompts.isCancel(answer)) throw new InterruptedError();
  return answer.trim();
}
