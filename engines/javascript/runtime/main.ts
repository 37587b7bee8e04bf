import { describe, setPlaces } from "./describe.ts";
import { listDirectory, readFile, readTextFile, removeFile, FileError, writeFile } from "./files.ts";
import { installGlobals } from "./globals.ts";
import { host } from "./host.ts";
import { HostError } from "./operations.ts";
import { SchemaError } from "./schema.ts";
import {
  CallContext,
  failure,
  file,
  readServer,
  resultOf,
  type Server,
  type Tool,
  ToolError,
  toolServer,
} from "./server.ts";
import { searchMemory } from "./memory.ts";
import { sendMessage } from "./messages.ts";
import { state } from "./state.ts";
import { clearTimers, runNextTimer } from "./timers.ts";

const VERSIONS = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];
const VERSION = "2025-06-18";
const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const METHOD_NOT_FOUND = -32_601;
const INVALID_PARAMS = -32_602;

type Fields = Readonly<Record<string, unknown>>;
type Call = {
  readonly id: unknown;
  readonly tool: string;
  /** As JSON; undefined while the call goes on. */
  result: string | undefined;
  hasFailed: boolean;
};

let server: Server | undefined;
/** One call at a time: the next line is read when this one is answered. */
let call: Call | undefined;
/** Promises that failed with nobody looking. */
const unhandled = new Map<unknown, unknown>();

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const send = (message: object): void => host.write(1, `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const refuse = (id: unknown, code: number, message: string): void => send({ id, error: { code, message } });

/** Errors that are meant for the caller say what they say; others also say where. */
const told = (error: unknown): string =>
  error instanceof ToolError || error instanceof SchemaError ? error.message : describe(error);

/** Takes one line; true when a call has begun that `step` has to end. */
function receive(line: string): boolean {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    if (line.trim() !== "") refuse(null, PARSE_ERROR, "the line is not JSON");
    return false;
  }
  if (!isFields(message)) {
    refuse(null, INVALID_REQUEST, "the line is not a JSON-RPC request");
    return false;
  }
  const { id, method } = message;
  const params = isFields(message["params"]) ? message["params"] : {};
  if (id === undefined || typeof method !== "string") return false;
  if (method === "tools/call") return begin(id, params);
  answer(id, method, params);
  return false;
}

function answer(id: unknown, method: string, params: Fields): void {
  switch (method) {
    case "initialize":
      return send({ id, result: initialized(params["protocolVersion"]) });
    case "ping":
      return send({ id, result: {} });
    case "tools/list":
      return send({ id, result: { tools: server?.listed ?? [] } });
    default:
      return refuse(id, METHOD_NOT_FOUND, `there is no method ${method}`);
  }
}

function initialized(asked: unknown): object {
  const { name = "", version = "", description = "" } = server ?? {};
  return {
    protocolVersion: VERSIONS.find((known) => known === asked) ?? VERSION,
    capabilities: { tools: {}, logging: {} },
    serverInfo: { name, version },
    ...(description === "" ? {} : { instructions: description }),
  };
}

function begin(id: unknown, params: Fields): boolean {
  const tool = server?.tools.get(String(params["name"]));
  if (tool === undefined) {
    refuse(id, INVALID_PARAMS, `there is no tool ${JSON.stringify(params["name"])}`);
    return false;
  }
  const current: Call = { id, tool: tool.name, result: undefined, hasFailed: false };
  call = current;
  const meta = params["_meta"];
  run(tool, params["arguments"] ?? {}, isFields(meta) ? meta["progressToken"] : undefined, current);
  return true;
}

/** Runs the tool; what is there at once is taken at once, without a promise. */
function run(tool: Tool, values: unknown, token: unknown, current: Call): void {
  const context = new CallContext(tool.name, token);
  const { input, output } = tool;
  const fail = (error: unknown): void => end(current, failure(told(error)), true);
  const finish = (value: unknown): void | Promise<void> => {
    if (output?.check === undefined) return end(current, resultOf(value), false);
    return output.check(value).then((checked) => end(current, resultOf(checked), false));
  };
  try {
    const value = input.check
      ? input.check(values).then((checked) => tool.run(checked, context))
      : tool.run(values, context);
    if (isThenable(value) || output?.check !== undefined) Promise.resolve(value).then(finish).catch(fail);
    else end(current, resultOf(value), false);
  } catch (error) {
    fail(error);
  }
}

const isThenable = (value: unknown): boolean => typeof value === "object" && value !== null && "then" in value;

function end(current: Call, result: string, hasFailed: boolean): void {
  current.result = result;
  current.hasFailed = hasFailed;
}

/** Brings the call further, with nothing left that could go on by itself; true when it has to be called again. */
function step(): boolean {
  if (call === undefined) return false;
  if (call.result === undefined) {
    if (tryTimer()) return true;
    const { tool } = call;
    end(
      call,
      failure(`${tool} waits for something that can no longer happen: no timer and no request is under way`),
      true,
    );
  }
  let { result } = call;
  if (unhandled.size > 0) {
    const [lost] = unhandled.values();
    if (!call.hasFailed) result = failure(told(lost));
    unhandled.clear();
  }
  clearTimers();
  const { id } = call;
  call = undefined;
  host.write(1, `{"jsonrpc":"2.0","id":${typeof id === "number" ? id : JSON.stringify(id)},"result":${result}}\n`);
  return false;
}

function tryTimer(): boolean {
  try {
    return runNextTimer();
  } catch (error) {
    failed(error);
    return true;
  }
}

/** Something that nobody waits for threw. */
const failed = (error: unknown): void => void unhandled.set({}, error);

function rejected(promise: unknown, reason: unknown, isHandled: boolean): void {
  if (isHandled) unhandled.delete(promise);
  else unhandled.set(promise, reason);
}

function adopt(exports: { readonly default?: unknown }, isPending: boolean): void {
  if (isPending) throw new TypeError("the module waits at its top level for something that never comes");
  const [lost] = unhandled.values();
  if (unhandled.size > 0) throw lost;
  server = readServer(exports.default);
}

installGlobals();

export const protocol = {
  receive,
  step,
  failed,
  rejected,
  adopt,
  describe,
  places: setPlaces,
  api: {
    file,
    FileError,
    HostError,
    listDirectory,
    readFile,
    readTextFile,
    removeFile,
    searchMemory,
    sendMessage,
    state,
    ToolError,
    toolServer,
    writeFile,
  },
};
