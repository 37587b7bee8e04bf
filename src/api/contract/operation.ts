import * as z from "zod";
import type { NarrowingKind, OperationScope, Permission } from "../../access/permissions/index.ts";
import { type Method, segmentsOf } from "./request.ts";

/** What an operation does to stored data. */
export type Effect = "read" | "write" | "destroy";
/** An interface through which an operation can be called. */
export type Surface = "rest" | "cli";
/**
 * Whether a request is executed again if the server ended before it answered the first one with the same `Idempotency-Key`.
 * safe: the request takes no key, because executing it again changes nothing. by-key: it is executed again under the first
 * request's ids. never: it is refused, because a second execution could do harm.
 */
export type Retry = "safe" | "by-key" | "never";

type Schema = z.ZodType;
type Fields = z.ZodType<object, object>;

/** No fields. Typed so that an intersection with it keeps the other fields; zod's own type of an empty object forbids them. */
const None: Fields = z.object({});

type Declaration<
  Name extends string,
  Params extends Fields,
  Query extends Fields,
  Body extends Fields,
  Output extends Schema,
  Emitted extends Schema,
> = {
  /** noun.verb: the `operationId` in OpenAPI and the name in audit records. */
  readonly name: Name;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly http: HttpDeclaration<z.output<Params> & z.output<Query> & z.output<Body>, z.output<Output>>;
  readonly permission: Permission;
  /**
   * By what a grant for the operation can be limited. With `name` an input names the resource, and one outside the limits is not found;
   * without it the implementation checks what it uses by `Admission.covers`. Default: a limited grant does not suffice.
   */
  readonly narrowed?: NarrowedOperation<z.output<Params> & z.output<Query> & z.output<Body>>;
  /** server: the operation concerns more than one workspace, and requires the permission in every one. Default: workspace. */
  readonly scope?: OperationScope;
  /** The part of the output that needs a permission besides; hidden from principals without it. */
  readonly content?: ContentRule<z.output<Output>>;
  readonly effect: Effect;
  /** Default: safe. A POST has to declare another one. */
  readonly retry?: Retry;
  /** Whether the answer to a request with an `Idempotency-Key` may be stored. Default: true. */
  readonly keepsAnswer?: boolean;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Whether a request without a body is one with an empty object. Default: false, so that no request has an effect by accident. */
  readonly isBodyOptional?: boolean;
  /** Media types of a body that is not parsed: the implementation reads it as a stream, of any length. */
  readonly receives?: readonly string[];
  /** `Download` stands for a file. */
  readonly output: Output;
  /** Fields of the output that are sent once: an answer that is stored for repeated requests has null in their place. */
  readonly sentOnce?: readonly string[];
  /** Which calls the audit log records. denials: only those that are refused. Default: denials for `read`, all for other effects. */
  readonly audit?: "all" | "denials";
  /** Field of the output that names the resource which the operation creates, for the audit log. Default: none. */
  readonly created?: string;
  /** Server-sent events: instead of an answer if the request accepts text/event-stream, or always where `output` is `Events`. */
  readonly events?: Emitted;
  /** Whether a request that accepts application/x-ndjson is answered with its progress, line by line. */
  readonly reportsProgress?: boolean;
  /** Whether it is performed while other operations of its principal are refused for their rate. Default: false. */
  readonly isUrgent?: boolean;
  readonly surfaces: readonly Surface[];
};

type NarrowedOperation<Input> = {
  readonly by: readonly NarrowingKind[];
  name?(input: Input): string;
};

export type ContentRule<Output> = {
  readonly permission: Permission;
  /** Fields of the input that select by content, and that need the permission too. */
  readonly filters?: readonly string[];
  /** Returns the output without its content. */
  hide(output: Output): Output;
};

/** How an operation appears in HTTP. */
type HttpDeclaration<Input, Output> = {
  readonly method: Method;
  /** `:name` stands for a segment. */
  readonly path: string;
  /** The status of a success; default: 200. */
  readonly status?: number;
  /** Statuses of a success besides `status`; `statusOf` then selects one. */
  readonly otherStatuses?: readonly number[];
  statusOf?(output: Output, input: Input): number;
  headers?(output: Output): Readonly<Record<string, string>>;
  /** Bytes of a JSON body; default: those of every request. */
  readonly bodyBytesMax?: number;
};

/** A file as an answer. */
export type Download = {
  readonly mediaType: string;
  readonly content: Uint8Array | AsyncIterable<string | Uint8Array>;
  readonly headers: Readonly<Record<string, string>>;
};
/** The output of an operation that answers with a file. */
export const Download = z.custom<Download>();
/** The output of an operation that answers only with events. */
export const Events = z.never();

/** One operation of the server. Routes, OpenAPI, idempotency and clients derive from this record. */
export type Operation<
  Name extends string = string,
  Params extends Fields = Fields,
  Query extends Fields = Fields,
  Body extends Fields = Fields,
  Output extends Schema = Schema,
  Emitted extends Schema = Schema,
> = Required<
  Omit<
    Declaration<Name, Params, Query, Body, Output, Emitted>,
    "description" | "http" | "events" | "content" | "narrowed"
  >
> & {
  readonly narrowed: NarrowedOperation<object> | undefined;
  readonly narrowedBy: readonly NarrowingKind[];
  readonly content: ContentRule<unknown> | undefined;
  readonly description: string | undefined;
  readonly events: Emitted | undefined;
  readonly http: HttpDeclaration<object, unknown> & { readonly status: number };
  /** Input fields sent in the query. */
  readonly queryNames: readonly string[];
};

/** The fields of path, query and body as one object, as an implementation receives them. */
export type InputOf<Op extends Operation> = z.output<Op["params"]> & z.output<Op["query"]> & z.output<Op["body"]>;
/** The same fields as a client passes them, before defaults and coercions. */
export type GivenTo<Op extends Operation> = Frozen<z.input<Op["params"]> & z.input<Op["query"]> & z.input<Op["body"]>>;
type Frozen<Value> = Value extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
    : Value;
export type OutputOf<Op extends Operation> = z.output<Op["output"]>;

/**
 * Declares an operation. Throws if a path segment has no parameter, if a field is declared in two places, if a request that takes an
 * `Idempotency-Key` (every POST) does not say how it is retried, or if a GET has effects.
 */
export function operation<
  const Name extends string,
  Output extends Schema,
  Params extends Fields = typeof None,
  Query extends Fields = typeof None,
  Body extends Fields = typeof None,
  Emitted extends Schema = Schema,
>(
  declaration: Declaration<Name, Params, Query, Body, Output, Emitted>,
): Operation<Name, Params, Query, Body, Output, Emitted>;
export function operation(declaration: Declaration<string, Fields, Fields, Fields, Schema, Schema>): Operation {
  const { params = None, query = None, body = None, retry = "safe" } = declaration;
  const { description, events, content, narrowed, name, http } = declaration;
  const fields = [params, query, body].flatMap(fieldsOf);
  const repeated = fields.filter((field, index) => fields.indexOf(field) !== index);
  if (repeated.length > 0) throw new Error(`operation ${name} declares twice: ${repeated.join(", ")}`);
  if (segmentsOf(http.path).toSorted().join() !== fieldsOf(params).toSorted().join())
    throw new Error(`operation ${name}: the segments of ${http.path} differ from its params`);
  if ((http.method === "POST") === (retry === "safe"))
    throw new Error(`operation ${name}: a POST is retried by key or never, and every other method is safe`);
  if (http.method === "GET" && declaration.effect !== "read")
    throw new Error(`operation ${name}: a GET has no effects, because other sites can send one`);
  return {
    scope: "workspace",
    keepsAnswer: true,
    isBodyOptional: false,
    receives: [],
    sentOnce: [],
    reportsProgress: false,
    isUrgent: false,
    audit: declaration.effect === "read" ? "denials" : "all",
    created: "",
    ...declaration,
    narrowed,
    narrowedBy: narrowed?.by ?? [],
    content,
    description,
    events,
    http: { status: 200, ...http },
    params,
    query,
    body,
    queryNames: fieldsOf(query),
    retry,
  };
}

/** Whether an operation takes such an input at all. */
export const takes = (each: Operation, part: "params" | "query" | "body"): boolean => each[part] !== None;

const fieldsOf = (schema: Fields): readonly string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
