import { type Admission, isDenial, PermissionDeniedError, type Principal } from "../../access/index.ts";
import type { NarrowingKind } from "../../access/permissions/index.ts";
import { AgentNotFoundError } from "../../agents/definitions/index.ts";
import { type CallContext, type ExpectedInput, ToolServerNotFoundError } from "../../tools/catalogue/index.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { type InputOf, type Operation, type OutputOf, takes } from "../contract/index.ts";
import type { ApiServices } from "./api-services.ts";
import type { RequestIds } from "./request-ids.ts";
import { checkInput } from "./check-input.ts";

/** The circumstances of one call, besides its input. */
export type Call = {
  /** The permission to perform this operation, from `Access`. */
  readonly admission: Admission;
  readonly principal: Principal;
  /** Aborts when the client disconnects. */
  readonly signal: AbortSignal;
  /** Ids for what the operation creates; present if the call can be executed again. */
  readonly asked: RequestIds | undefined;
  /** The id of the last event that the client has received. */
  readonly lastEventId: string | undefined;
  /** The body of an operation that receives one unparsed. */
  readonly received: ReceivedBody;
  /** Stores the id of a browser session at the client, or deletes it there. */
  onSession(id: string | undefined): void;
  /** Reports the progress of an operation that can report it. */
  readonly onProgress: (progress: object) => void;
  /** How a tool asks the user of the caller; absent on surfaces where none can be asked. */
  readonly user?: CallUser | undefined;
};

export type CallUser = Pick<CallContext, "ask" | "answered"> & {
  /** Receives the question with which the call ends; made again with `answered`, it continues. */
  readonly onQuestion: (question: Elicitation) => void;
};
export type Elicitation = Extract<ExpectedInput, { kind: "elicitation" }>;

/** A body as it arrives. `bytes` is the length that the client stated. */
export type ReceivedBody = {
  readonly mediaType: string | undefined;
  readonly bytes: number | undefined;
  readonly content: AsyncIterable<Uint8Array>;
};

/** An input as a surface received it, divided by where its fields were sent. */
export type ReceivedParts = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

/** An event of a stream; `id` is present if a reader can resume after it. */
export type Streamed<Event> = { readonly id: string | undefined; readonly event: Event };
/** Events as an answer, with headers of the response. */
export type Streaming = {
  readonly events: AsyncGenerator<Streamed<{ readonly type: string }>, void, undefined>;
  readonly headers?: Readonly<Record<string, string>>;
};

type Perform<Op extends Operation> = (
  services: ApiServices,
  input: InputOf<Op>,
  call: Call,
) => OutputOf<Op> | Promise<OutputOf<Op>>;

type Stream<Op extends Operation> = (
  services: ApiServices,
  input: InputOf<Op>,
  call: Call,
) => Streaming | Promise<Streaming>;

/** What an implementation may have besides `perform`. */
type Extras<Op extends Operation> = {
  /** Answers with events. Failures before the first event are answered as problems. */
  readonly stream?: Stream<Op>;
  /** Whether this request can be executed again with the same key; default: as `retry` states. */
  readonly mayRepeat?: (services: ApiServices, params: unknown, workspace: string) => boolean;
};

/** The result of a call: the output, and the status and headers that it has in HTTP. */
export type Result = {
  readonly output: unknown;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
};

/** An operation with its implementation. */
export type Implementation<Name extends string> = {
  readonly operation: Operation & { readonly name: Name };
  readonly perform: (services: ApiServices, parts: ReceivedParts, call: Call) => Promise<Result>;
  readonly stream: ((services: ApiServices, parts: ReceivedParts, call: Call) => Promise<Streaming>) | undefined;
  readonly mayRepeat: (services: ApiServices, params: unknown, workspace: string) => boolean;
};

/** Connects an operation to its implementation. The input is checked once, here, for every surface. */
export function implement<Op extends Operation>(
  operation: Op,
  perform: Perform<Op>,
  extras?: Extras<Op>,
): Implementation<Op["name"]>;
export function implement(
  operation: Operation,
  perform: Perform<Operation>,
  { stream, mayRepeat = () => operation.retry === "by-key" }: Extras<Operation> = {},
): Implementation<string> {
  const { http } = operation;
  return {
    operation,
    perform: async (services, parts, call) => {
      call.admission.require(operation);
      using stack = new DisposableStack();
      stack.use(useOf(operation, services, call));
      const { input, found } = await audited(services, operation, call, async () => {
        const parsed = parse(operation, parts);
        requireCovered(operation, parsed, call);
        requireContent(operation, parsed, call);
        return { input: parsed, found: await perform(services, parsed, call) };
      });
      const output = mayReadContent(operation, call) ? found : operation.content?.hide(found);
      return { output, status: http.statusOf?.(output, input) ?? http.status, headers: http.headers?.(output) ?? {} };
    },
    stream:
      stream &&
      (async (services, parts, call) => {
        call.admission.require(operation);
        return audited(services, operation, call, async () => {
          if (!mayReadContent(operation, call)) throw contentDenied(operation, call.principal);
          const parsed = parse(operation, parts);
          requireCovered(operation, parsed, call);
          return stream(services, parsed, call);
        });
      }),
    mayRepeat,
  };
}

/** Keeps the workspace of the call from being deleted meanwhile. */
const useOf = ({ scope }: Operation, { access: { workspaces } }: ApiServices, { principal }: Call) =>
  scope === "server" ? undefined : workspaces.use(principal.workspace);

/** Events contain content, so a principal that may not read it cannot follow them. */
const contentDenied = ({ name, content, permission }: Operation, { role }: Principal): PermissionDeniedError =>
  new PermissionDeniedError(`${name} with events`, content?.permission ?? permission, role);

const mayReadContent = ({ content }: Operation, { admission }: Call): boolean =>
  content === undefined || admission.alsoHas(content.permission);

/** Throws PermissionDeniedError if the input selects by content that the principal may not read. */
function requireContent(operation: Operation, input: object, call: Call): void {
  const filters = operation.content?.filters ?? [];
  if (!filters.some((name) => Reflect.get(input, name) !== undefined) || mayReadContent(operation, call)) return;
  const { name, content, permission } = operation;
  throw new PermissionDeniedError(`${name} by content`, content?.permission ?? permission, call.principal.role);
}

/** Throws AgentNotFoundError or ToolServerNotFoundError if the input names a resource that the principal's grants do not cover. */
function requireCovered({ narrowed }: Operation, input: object, { admission, principal }: Call): void {
  const [kind] = narrowed?.by ?? [];
  const name = narrowed?.name?.(input);
  if (kind !== undefined && name !== undefined && !admission.covers(kind, name))
    throw hidden(kind, principal.workspace, name);
}

const hidden = (kind: NarrowingKind, workspace: string, name: string): Error =>
  kind === "agents" ? new AgentNotFoundError(workspace, name, []) : new ToolServerNotFoundError(name, []);

/** Connects an operation that answers only with events to its implementation. */
export const implementStream = <Op extends Operation>(operation: Op, stream: Stream<Op>): Implementation<Op["name"]> =>
  implement<Op>(
    operation,
    () => {
      throw new Error(`${operation.name} answers with events`);
    },
    { stream },
  );

/** Executes a call and records how it ended, as the operation's record states. A stream ends with its first event. */
async function audited<Ended extends object>(
  { access: { access } }: ApiServices,
  { audit, created }: Operation,
  { admission }: Call,
  execute: () => Promise<Ended>,
): Promise<Ended> {
  try {
    const ended = await execute();
    if (audit === "all") access.ended(admission, undefined, created === "" ? {} : createdBy(ended, created));
    return ended;
  } catch (error) {
    if (audit === "all" || isDenial(error)) access.ended(admission, error);
    throw error;
  }
}

/** Returns the name of what was created, by the field that has it: `agent.name` is the field `name` of `agent`. */
function createdBy(ended: object, field: string): Readonly<Record<string, string>> {
  const path = ["found", ...field.split(".")];
  let value: unknown = ended;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return typeof value === "string" ? { [path.at(-1) ?? field]: value } : {};
}

/** Returns the fields of all parts as one object. Throws RequestInvalidError for the first part that does not fit. */
function parse(operation: Operation, parts: ReceivedParts): object {
  const fields = (["params", "body", "query"] as const)
    .filter((part) => takes(operation, part))
    .map((part) => checkInput(operation[part], parts[part]));
  return Object.assign({}, ...fields);
}
