import { type InputOf, type Operation, type OutputOf, takes } from "../contract/index.ts";
import type { AskedIds } from "./asked-ids.ts";
import type { Principal } from "./principal.ts";
import { checkInput } from "./check-input.ts";

/** The circumstances of one call, besides its input. */
export type Call = {
  readonly principal: Principal;
  /** Aborts when the client disconnects. */
  readonly signal: AbortSignal;
  /** Ids for what the operation creates; present if the call can be executed again. */
  readonly asked: AskedIds | undefined;
};

/** An input as a surface received it, divided by where its fields were sent. */
export type ReceivedParts = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

type Perform<Op extends Operation, Services> = (
  services: Services,
  input: InputOf<Op>,
  call: Call,
) => OutputOf<Op> | Promise<OutputOf<Op>>;

/** An operation with its implementation. `Services` are what the implementation needs. */
export type Implementation<Name extends string, Services> = {
  readonly operation: Operation & { readonly name: Name };
  readonly perform: (services: Services, parts: ReceivedParts, call: Call) => unknown;
};

/** Connects an operation to its implementation. The input is checked once, here, for every surface. */
export const implement = <Op extends Operation, Services>(
  operation: Op,
  perform: Perform<Op, Services>,
): Implementation<Op["name"], Services> => ({
  operation,
  perform: (services, parts, call) => perform(services, parse(operation, parts), call),
});

/** Returns the fields of all parts as one object. Throws RequestInvalidError for the first part that does not fit. */
function parse<Op extends Operation>(operation: Op, parts: ReceivedParts): InputOf<Op>;
function parse(operation: Operation, parts: ReceivedParts): object {
  const fields = (["params", "body", "query"] as const)
    .filter((part) => takes(operation, part))
    .map((part) => checkInput(operation[part], parts[part]));
  return Object.assign({}, ...fields);
}

type AnyImplementation = Implementation<string, never>;

/** The services that all of these implementations need. */
export type ServicesOf<All extends readonly AnyImplementation[]> = {
  [Index in keyof All]: (
    services: All[Index] extends Implementation<string, infer Services> ? Services : never,
  ) => void;
}[number] extends (services: infer Every) => void
  ? Every
  : never;
