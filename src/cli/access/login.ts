import { text } from "node:stream/consumers";
import * as z from "zod";
import type { DeviceClient } from "../../access/openid/index.ts";
import { DOCUMENTS, type keys, LoginProviders, operations } from "../../api/contract/index.ts";
import { toFault } from "../../kernel/errors.ts";
import { Client, type Identity, savedLogin, type SavedLogin } from "../client/index.ts";
import {
  act,
  type CommandMaker,
  type Context,
  examples,
  InterruptedError,
  ONE_FORMATS,
  savedIdentity,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";

const SETUP_PREFIX = "cax_setup_";

/** Neither with a client certificate alone. */
type Credential = { readonly key?: string; readonly login?: SavedLogin };

/** `caxton login` */
export const login: CommandMaker = (command, invocation) => {
  command
    .description(
      "Check an API key and store it for a server, in a file that only you can read. Later commands use this server and key. With --client-cert and no key, later commands present this client certificate. The key is read from --token, from standard input with --key-stdin, or from the terminal. With --provider, log in at an identity provider instead; the command prints an address to open in a browser. With the setup token that a new server prints, create the first administrator's key and store it.",
    )
    .argument("[server]", "URL of the server; default: --server, or the one on this machine")
    .option("--name <context>", "name of the server for --context; default: its host")
    .option("--provider <name>", "log in at this identity provider of the server")
    .option("--key-stdin", "read the key from standard input");
  examples(command, [
    ["caxton login https://caxton.example.com", "choose a provider, or enter the key"],
    ["caxton login https://caxton.example.com --provider office", "log in at a provider"],
    ["caxton login https://caxton.example.com --name prod --key-stdin < key.txt", ""],
    ["caxton login https://caxton.example.com --ca-file ca.pem", "store the private authority too"],
    [
      "caxton login https://caxton.example.com --client-cert ci.pem --client-key ci.key",
      "with a certificate, without a key",
    ],
    ["caxton login https://caxton.example.com --workspace red", "later commands apply to the workspace red"],
    ["caxton --context prod status", "use it"],
  ]);
  act(command, invocation, {
    input: z.object({
      server: z.string().optional(),
      name: z.string().min(1).max(100).optional(),
      provider: z.string().optional(),
      keyStdin: z.boolean().default(false),
    }),
    formats: ONE_FORMATS,
    run: async (context, { server, name, provider, keyStdin }) => {
      const url = server === undefined ? context.client.server : serverOf(server);
      warnOfPlainHttp(context, url);
      const earlier = context.contexts.for(url);
      const ca = context.givenAuthority ?? earlier?.ca;
      const identity = context.givenIdentity ?? savedIdentity(earlier);
      const workspace = context.givenWorkspace;
      const clientFor = (token?: string) =>
        new Client({
          server: url,
          token,
          workspace,
          authority: ca,
          identity,
          timeoutMs: context.timeoutMs,
          onAnswer: () => undefined,
        });
      const given = await credentialOf(context, clientFor(), { provider, isInput: keyStdin });
      const isSetup = given.key?.startsWith(SETUP_PREFIX) ?? false;
      const credential = isSetup ? { key: await firstKey(clientFor(given.key)) } : given;
      const token = credential.key ?? credential.login?.id_token;
      const { raw, value } = await clientFor(token).call(operations.access.whoami, {});
      const saved = name ?? url.host;
      const origin = url.origin + url.pathname.replace(/\/$/, "");
      context.contexts.save({
        name: saved,
        server: origin,
        ...credential,
        ca,
        ...certificateFiles(identity),
        workspace,
      });
      await showOne(context, {
        raw,
        name: saved,
        human: () =>
          `${isSetup ? `administrator's key, shown once: ${token}\n` : ""}${identityLine(value)}\nstored as context ${safeText(saved)}\n`,
      });
    },
  });
};

const certificateFiles = (identity: Identity | undefined) =>
  identity && { client_cert: identity.certificate, client_key: identity.privateKey };

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

function warnOfPlainHttp({ terminal }: Context, { protocol, hostname, host }: URL): void {
  if (protocol === "https:" || LOOPBACK.has(hostname)) return;
  terminal.complain(
    `${terminal.noteStyle("yellow", "warning:")} http://${host} is not encrypted: other machines on the way can read the key. Use https://.`,
  );
}

type Wanted = { readonly provider: string | undefined; readonly isInput: boolean };

/** The key that the user gives, or a login at an identity provider. Throws UsageError, InterruptedError and as `logInOnDevice`. */
async function credentialOf(context: Context, client: Client, { provider, isInput }: Wanted): Promise<Credential> {
  const { givenToken, terminal } = context;
  const isKeyGiven = isInput || givenToken !== undefined;
  if (context.givenIdentity !== undefined && provider === undefined && !isKeyGiven) return {};
  if (provider === undefined && (isKeyGiven || !terminal.canAsk)) return { key: await keyOf(context, isInput) };
  const providers = await providersOf(client);
  if (provider !== undefined) {
    const found = providers.find(({ name }) => name === provider);
    if (found !== undefined) return { login: await logInAt(context, found) };
    const known = providers.length === 0 ? "it has none" : `it has ${providers.map(({ name }) => name).join(", ")}`;
    throw new UsageError(`the server has no provider "${provider}" for commands; ${known}`, "caxton login");
  }
  const chosen = providers.length === 0 ? undefined : await choose(context, providers);
  return chosen === undefined ? { key: await keyOf(context, false) } : { login: await logInAt(context, chosen) };
}

type DeviceProvider = { readonly name: string; readonly label: string } & DeviceClient;

/** The identity providers at which commands can log in. */
async function providersOf(client: Client): Promise<readonly DeviceProvider[]> {
  const { value } = await client.request({ path: DOCUMENTS.loginProviders, schema: LoginProviders });
  return value.items.flatMap(({ name, label, device }) =>
    device === null ? [] : [{ name, label, issuer: device.issuer, clientId: device.client_id, scopes: device.scopes }],
  );
}

async function choose(
  { terminal }: Context,
  providers: readonly DeviceProvider[],
): Promise<DeviceProvider | undefined> {
  const prompts = await import("@clack/prompts");
  const options = providers.map(({ name, label }) => ({ value: name, label: safeText(label) }));
  const chosen = await prompts.select({
    message: "Log in with",
    options: [...options, { value: "", label: "API key" }],
    output: terminal.streams.error,
  });
  if (prompts.isCancel(chosen)) throw new InterruptedError();
  return providers.find(({ name }) => name === chosen);
}

async function logInAt({ terminal }: Context, provider: DeviceProvider): Promise<SavedLogin> {
  const { logInOnDevice } = await import("../../access/openid/index.ts");
  const tokens = await logInOnDevice(provider, ({ url, code }) =>
    terminal.complain(`open ${safeText(url)} in a browser and confirm the code ${safeText(code)}`),
  );
  return savedLogin(provider, tokens);
}

/** `caxton logout` */
export const logout: CommandMaker = (command, invocation) => {
  command
    .description(
      "Delete the stored API key, or the login of a user, from this machine. An API key itself remains valid: caxton key revoke ends it.",
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
      const saved = context.contexts.list().find((each) => each.name === name);
      if (saved?.login !== undefined) await revoke(context, saved.login);
      if (name === undefined || !context.contexts.delete(name))
        throw new UsageError(
          name === undefined ? "you are not logged in" : `there is no context "${name}"`,
          "caxton context list",
        );
      await showOne(context, { raw: { context: name }, name, human: () => `logged out of ${safeText(name)}\n` });
    },
  });
};

/** Ends a login at its provider. A failure is a warning: the tokens are deleted from this machine. */
async function revoke({ terminal }: Context, { issuer, client_id: clientId, refresh_token: token }: SavedLogin) {
  if (token === undefined) return;
  const { revokeToken } = await import("../../access/openid/index.ts");
  try {
    await revokeToken({ issuer, clientId }, token);
  } catch (error) {
    terminal.complain(`${terminal.noteStyle("yellow", "warning:")} ${toFault(error).message}`);
  }
}

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
