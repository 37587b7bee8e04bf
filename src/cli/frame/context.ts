import { resolve } from "node:path";
import * as z from "zod";
import { toFault } from "../../kernel/errors.ts";
import { Client, Contexts, type Identity, readAuthority, type SavedContext, tokenOf } from "../client/index.ts";
import { showSpan, Terminal, type TerminalStreams } from "../terminal/index.ts";
import { UsageError } from "./errors.ts";
import { localServer } from "../../kernel/local-server.ts";
import { commandName } from "../../kernel/package.ts";

/** What the process's environment says, read by the server's configuration door. */
export type CliEnvironment = {
  /** CAXTON_SERVER */
  readonly server: string | undefined;
  /** CAXTON_TOKEN */
  readonly token: string | undefined;
  /** CAXTON_CONTEXT */
  readonly context?: string | undefined;
  /** CAXTON_WORKSPACE */
  readonly workspace?: string | undefined;
  /** CAXTON_CA_FILE */
  readonly caFile?: string | undefined;
  /** CAXTON_CLIENT_CERT */
  readonly clientCert?: string | undefined;
  /** CAXTON_CLIENT_KEY */
  readonly clientKey?: string | undefined;
  /** CAXTON_OUTPUT */
  readonly output: string | undefined;
  /** CAXTON_DATA_DIR, or the default; absolute. */
  readonly dataDirectory: string;
  /** The file with the servers that the user logged in to. */
  readonly contextsFile?: string;
  /** Whether npx started the command; default: false. */
  readonly isNpx?: boolean;
};

/** The process as a command sees it; tests bring their own. */
export type ProcessContext = { readonly streams: TerminalStreams; readonly environment: CliEnvironment };

export const FORMATS = ["table", "wide", "text", "json", "jsonl", "yaml", "name"] as const;
export type Format = (typeof FORMATS)[number];

export const Globals = z.object({
  server: z.string().optional(),
  token: z.string().optional(),
  context: z.string().optional(),
  workspace: z.string().optional(),
  caFile: z.string().optional(),
  clientCert: z.string().optional(),
  clientKey: z.string().optional(),
  output: z.enum(FORMATS).optional(),
  json: z.boolean().default(false),
  quiet: z.boolean().default(false),
  verbose: z.boolean().default(false),
  color: z.boolean().default(true),
  timeout: z.string().optional(),
  yes: z.boolean().default(false),
  debug: z.boolean().default(false),
});
export type Globals = z.infer<typeof Globals>;

/** Everything a command works with. */
export type Context = {
  readonly terminal: Terminal;
  readonly client: Client;
  readonly contexts: Contexts;
  /** The context of the server, by `--context`, else the current one. */
  readonly saved: SavedContext | undefined;
  /** `--token` or CAXTON_TOKEN; not the stored key. */
  readonly givenToken: string | undefined;
  /** `--workspace` or CAXTON_WORKSPACE; not the stored one. */
  readonly givenWorkspace: string | undefined;
  /** The certificate of `--ca-file` or CAXTON_CA_FILE; not the stored one. */
  readonly givenAuthority: string | undefined;
  /** The certificate of `--client-cert` or CAXTON_CLIENT_CERT; not the stored one. */
  readonly givenIdentity: Identity | undefined;
  readonly environment: CliEnvironment;
  readonly format: Format;
  readonly verbose: boolean;
  readonly debug: boolean;
  /** `--yes`: nothing is asked. */
  readonly assumeYes: boolean;
  /** `--timeout`; undefined when it was not given. */
  readonly timeoutMs: number | undefined;
};

export const DEFAULT_SERVER = "http://127.0.0.1:8080";

/** A terminal for these global options. */
export const terminalFor = ({ streams, environment }: ProcessContext, globals: Globals): Terminal =>
  new Terminal(streams, {
    colour: globals.color,
    quiet: globals.quiet,
    command: (directory) => commandName(environment.isNpx === true, directory),
  });

/** The format asked for; undefined when none was. */
export const formatAsked = (globals: Globals): Format | undefined => (globals.json ? "json" : globals.output);

/** Creates the context of a command. Throws UsageError, UnreadableFileError, AuthorityInvalidError. */
export async function makeContext(
  processContext: ProcessContext,
  globals: Globals,
  allowed: Allowed,
): Promise<Context> {
  const { environment } = processContext;
  const terminal = terminalFor(processContext, globals);
  const timeoutMs = await timeoutOf(globals, allowed.command);
  const contexts = new Contexts(environment.contextsFile ?? "/nonexistent/contexts.json");
  const chosen = chosenContext(globals, environment, { contexts, command: allowed.command });
  const { server, certificate } = serverOf(globals, environment, { chosen, command: allowed.command });
  const givenToken = globals.token ?? environment.token;
  const givenWorkspace = globals.workspace ?? environment.workspace;
  const caFile = globals.caFile ?? environment.caFile;
  const givenAuthority = caFile === undefined ? undefined : readAuthority(caFile);
  const givenIdentity = identityOf(globals, environment);
  const saved = contexts.for(server, chosen?.name);
  const client = new Client({
    server,
    token: givenToken ?? (saved && (await storedToken(contexts, saved, terminal))),
    // A stored workspace belongs with the stored key.
    workspace: givenWorkspace ?? (givenToken === undefined ? saved?.workspace : undefined),
    authority: givenAuthority ?? saved?.ca,
    identity: givenIdentity ?? savedIdentity(saved),
    serverCertificate: givenAuthority === undefined ? certificate : undefined,
    timeoutMs,
    onAnswer: (answer) => {
      if (!globals.debug) return;
      const { method, path, status, requestId, durationMs } = answer;
      const request = requestId === "" ? "" : `  request ${requestId}`;
      terminal.complain(terminal.noteStyle("dim", `${method} ${path}  ${status}  ${showSpan(durationMs)}${request}`));
    },
  });
  return {
    terminal,
    client,
    contexts,
    saved,
    givenToken,
    givenWorkspace,
    givenAuthority,
    givenIdentity,
    environment,
    format: chooseFormat(globals, environment, allowed),
    verbose: globals.verbose,
    debug: globals.debug,
    assumeYes: globals.yes,
    timeoutMs,
  };
}

/** The token of a context. A failure to renew it is a warning: the command may not need the server. */
async function storedToken(contexts: Contexts, saved: SavedContext, terminal: Terminal): Promise<string | undefined> {
  try {
    return await tokenOf(contexts, saved);
  } catch (error) {
    const { message } = toFault(error);
    terminal.complain(`${terminal.noteStyle("yellow", "warning:")} ${message}; log in again: caxton login`);
    return saved.login?.id_token;
  }
}

/** A command, as it is called, and the formats it can answer in; the first is what it does unasked. */
export type Allowed = { readonly command: string; readonly formats: readonly Format[] };

function chooseFormat(globals: Globals, environment: CliEnvironment, { command, formats }: Allowed): Format {
  const [standard = "text"] = formats;
  const asked = formatAsked(globals);
  if (asked !== undefined) {
    if (formats.includes(asked)) return asked;
    throw new UsageError(`${command} has no "${asked}" output; it has ${formats.join(", ")}`, command);
  }
  // A preference from the environment holds where it can.
  return formats.find((format) => format === environment.output) ?? standard;
}

type Choice = { readonly chosen: SavedContext | undefined; readonly command: string };

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

type Server = { readonly server: URL; readonly certificate: string | undefined };

/** The server of a command, with the file of its certificate if it is one on this machine that the command found itself. */
function serverOf(globals: Globals, environment: CliEnvironment, { chosen, command }: Choice): Server {
  const given = globals.server ?? (globals.context === undefined ? environment.server : undefined) ?? chosen?.server;
  const local = given === undefined ? localServer(environment.dataDirectory) : undefined;
  const text = given ?? local?.url ?? DEFAULT_SERVER;
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url && (url.protocol === "http:" || url.protocol === "https:"))
    return { server: url, certificate: LOOPBACK.has(url.hostname) ? local?.certificate : undefined };
  const from = globals.server === undefined ? "CAXTON_SERVER" : "--server";
  throw new UsageError(`${from} is not a URL: "${text}"; expected one such as ${DEFAULT_SERVER}`, command);
}

function identityOf(globals: Globals, environment: CliEnvironment): Identity | undefined {
  const certificate = globals.clientCert ?? environment.clientCert;
  if (certificate === undefined) return undefined;
  const privateKey = globals.clientKey ?? environment.clientKey ?? certificate;
  return { certificate: resolve(certificate), privateKey: resolve(privateKey) };
}

/** The client certificate that `caxton login` stored. */
export const savedIdentity = (saved: SavedContext | undefined): Identity | undefined =>
  saved?.client_cert === undefined
    ? undefined
    : { certificate: saved.client_cert, privateKey: saved.client_key ?? saved.client_cert };

type Lookup = { readonly contexts: Contexts; readonly command: string };

/** The context that is named, or the current one. Throws UsageError for an unknown context. */
function chosenContext(globals: Globals, environment: CliEnvironment, { contexts, command }: Lookup) {
  const isServerGiven =
    globals.server !== undefined || (globals.context === undefined && environment.server !== undefined);
  const name = globals.context ?? (isServerGiven ? undefined : environment.context);
  if (name === undefined) return contexts.current();
  const all = contexts.list();
  const found = all.find((saved) => saved.name === name);
  if (found !== undefined) return found;
  const known =
    all.length === 0 ? "log in first: caxton login" : `there are: ${all.map((each) => each.name).join(", ")}`;
  throw new UsageError(`there is no context "${name}"; ${known}`, command);
}

async function timeoutOf(globals: Globals, command: string): Promise<number | undefined> {
  if (globals.timeout === undefined) return undefined;
  const { parseDuration } = await import("../../text/documents/index.ts");
  const ms = parseDuration(globals.timeout);
  if (ms !== undefined && ms > 0 && ms <= TIMEOUT_MS_MAX) return ms;
  throw new UsageError(`--timeout is not a duration: "${globals.timeout}"; expected one such as 30s or 2m`, command);
}

// What a timer of Node can hold.
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
