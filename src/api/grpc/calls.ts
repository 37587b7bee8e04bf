import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Principal } from "../../access/index.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { RpcExchange } from "../http/index.ts";
import { connectError } from "./errors.ts";

/** A reader that takes nothing for so long is disconnected; it resumes after the last event that it has. */
const STALL_MS = 60_000;

type Given = { readonly exchange: RpcExchange; principal: Principal | undefined };
/** The request of a call. */
export const GIVEN = createContextKey<Given | undefined>(undefined);

/** Runs before the body is read. */
export async function admit({ values }: HandlerContext, isPublic: boolean): Promise<void> {
  const given = values.get(GIVEN);
  if (given === undefined) throw new ConnectError("the call has no request", Code.Internal);
  const { exchange } = given;
  await failing(exchange, async () => {
    if (exchange.refusal !== undefined) throw exchange.refusal;
    given.principal = isPublic ? undefined : await exchange.identify();
    exchange.hold(given.principal, LIMITS.bodyBytesMax);
  });
}

/** Counts a stream of a client without credentials. Throws a ConnectError. */
export function openPublic({ values }: HandlerContext): AbortController {
  const given = values.get(GIVEN);
  if (given === undefined) throw new ConnectError("the call has no request", Code.Internal);
  try {
    return given.exchange.openStream();
  } catch (error) {
    throw refusalOf(given.exchange, error);
  }
}

/** Throws a ConnectError for what `work` throws. */
export async function failing<Value>(exchange: RpcExchange, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw refusalOf(exchange, error);
  }
}

export function refusalOf(exchange: RpcExchange, error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  const fault = exchange.failed(error instanceof Error ? error : new Error(String(error)));
  return connectError(fault, exchange.id);
}

/** The request of a call whose client is known. */
export function callOf({ values, signal }: HandlerContext) {
  const given = values.get(GIVEN);
  if (given?.principal === undefined) throw new ConnectError("the call was not authenticated", Code.Internal);
  const { exchange, principal } = given;
  return { exchange, principal, caller: exchange.caller(principal, signal) };
}

/** Yields one message. A client that does not take it in time is disconnected. */
export function* sent(exchange: RpcExchange, message: Message): Generator<Message> {
  const timer = setTimeout(() => exchange.response.destroy(), STALL_MS);
  try {
    yield message;
  } finally {
    clearTimeout(timer);
  }
}

/** Throws the ConnectError of a stream that its deadline or its client ended, so that it is not taken for a whole one. */
export function throwIfCutOff({ signal }: HandlerContext): void {
  if (signal.aborted && signal.reason instanceof ConnectError) throw signal.reason;
}
