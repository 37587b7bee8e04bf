import * as z from "zod";
import type { Admission, Origin, Principal } from "../../access/index.ts";
import { type GivenTo, type Operation, type OutputOf, split } from "../contract/index.ts";
import { OPERATIONS } from "./all.ts";
import type { ApiServices } from "./api-services.ts";
import type { Call, Implementation, ReceivedBody, Streamed } from "./perform.ts";
import type { RequestIds } from "./request-ids.ts";

/** Who calls, and until when. */
export type CallerIdentity = {
  readonly principal: Principal;
  readonly origin: Origin;
  /** Aborts when the client disconnects or its credentials end. */
  readonly signal: AbortSignal;
  /** Whether its calls count against the rates of the principal; default: true. */
  readonly isCounted?: boolean;
};

export type CallerOptions = {
  /** Ends the call, besides the caller's own signal. */
  readonly signal?: AbortSignal;
  /** Ids for what the operation creates; with them the call can be executed again after a crash. */
  readonly asked?: RequestIds | undefined;
  /** The position after which a stream begins. */
  readonly lastEventId?: string | undefined;
  /** The body of an operation that receives one unparsed. */
  readonly received?: ReceivedBody;
  /** Receives the progress of an operation that reports it. */
  readonly onProgress?: Call["onProgress"];
  /** How a tool asks the user of the caller. */
  readonly user?: Call["user"];
};

/** The events of an operation. */
export type EventOf<Op extends Operation> = z.output<NonNullable<Op["events"]>>;

const IMPLEMENTATIONS: ReadonlyMap<string, Implementation<string>> = new Map(
  OPERATIONS.map((each) => [each.operation.name, each]),
);

function implementationOf({ name }: Operation): Implementation<string> {
  const found = IMPLEMENTATIONS.get(name);
  if (found === undefined) throw new TypeError(`no such operation: ${name}`);
  return found;
}

/**
 * Performs operations for one principal, for surfaces whose requests are not one operation each. Every call is counted, authorized,
 * checked and audited as a request to REST is.
 */
export class Caller {
  readonly #services: ApiServices;
  readonly #identity: CallerIdentity;

  constructor(services: ApiServices, identity: CallerIdentity) {
    this.#services = services;
    this.#identity = identity;
  }

  /** A principal with its rights of now, for what the server does on its behalf; undefined if its credentials are gone. Throws WorkspaceNotFoundError. */
  static standing(
    services: ApiServices,
    owner: { readonly id: string; readonly kind: string },
    { workspace, requestId }: { readonly workspace: string; readonly requestId: string },
  ): Caller | undefined {
    const principal = services.access.access.standing(owner, workspace);
    const signal = principal?.ended?.() ?? new AbortController().signal;
    const origin = { address: "", requestId };
    return principal && new Caller(services, { principal, origin, signal, isCounted: false });
  }

  get principal(): Principal {
    return this.#identity.principal;
  }

  get signal(): AbortSignal {
    return this.#identity.signal;
  }

  /** Whether the principal has the permission at all; its grants can be limited to some resources. */
  may({ permission }: Operation): boolean {
    const { permissions, narrowed } = this.principal;
    return permissions.has(permission) || narrowed.some((grant) => grant.permissions.has(permission));
  }

  /** The same caller, whose calls end with its credentials and not with the client's connection. */
  detached(): Caller {
    const signal = this.principal.ended?.() ?? new AbortController().signal;
    return new Caller(this.#services, { ...this.#identity, signal });
  }

  /** Throws what the operation does, PermissionDeniedError, RateLimitedError and RequestInvalidError. */
  perform<Op extends Operation>(operation: Op, input: GivenTo<Op>, options?: CallerOptions): Promise<OutputOf<Op>>;
  async perform(operation: Operation, input: object, options: CallerOptions = {}): Promise<unknown> {
    const { perform } = implementationOf(operation);
    const parts = partsOf(operation, input);
    const { output } = await perform(this.#services, parts, this.#call(operation, parts.params, options));
    // Also removes fields that the schema does not declare.
    return z.encode(operation.output, output);
  }

  /** The events of an operation. Throws what `perform` does before the first one. */
  stream<Op extends Operation>(
    operation: Op,
    input: GivenTo<Op>,
    options?: CallerOptions,
  ): Promise<AsyncGenerator<Streamed<EventOf<Op>>, void, undefined>>;
  async stream(
    operation: Operation,
    input: object,
    options: CallerOptions = {},
  ): Promise<AsyncGenerator<Streamed<unknown>, void, undefined>> {
    const { stream } = implementationOf(operation);
    if (stream === undefined) throw new TypeError(`${operation.name} has no events`);
    const parts = partsOf(operation, input);
    return (await stream(this.#services, parts, this.#call(operation, parts.params, options))).events;
  }

  #call(operation: Operation, target: object, options: CallerOptions): Call {
    const { access, limits } = this.#services.access;
    const { principal, origin, signal, isCounted = true } = this.#identity;
    if (isCounted) limits.spend({ principal }, operation);
    const admission = access.authorize(principal, { operation, target, origin });
    return new CallerCall(admission, signal, options);
  }
}

/** The parts of an input as REST would receive them: values in the query are texts. */
function partsOf(operation: Operation, input: object) {
  const { params, query, body } = split(operation, input);
  const texts = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));
  return { params, query: texts, body };
}

const NOTHING_RECEIVED: ReceivedBody = {
  mediaType: undefined,
  bytes: 0,
  // oxlint-disable-next-line require-yield -- An empty body.
  content: (async function* () {})(),
};

class CallerCall implements Call {
  readonly admission: Admission;
  readonly signal: AbortSignal;
  readonly asked: RequestIds | undefined;
  readonly lastEventId: string | undefined;
  readonly received: ReceivedBody;
  readonly onProgress: Call["onProgress"];
  readonly user: Call["user"];

  constructor(admission: Admission, signal: AbortSignal, options: CallerOptions) {
    this.admission = admission;
    this.signal = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
    this.asked = options.asked;
    this.lastEventId = options.lastEventId;
    this.received = options.received ?? NOTHING_RECEIVED;
    this.onProgress = options.onProgress ?? (() => undefined);
    this.user = options.user;
  }

  get principal(): Principal {
    return this.admission.principal;
  }

  onSession(): void {
    throw new TypeError("only the dashboard has sessions");
  }
}
