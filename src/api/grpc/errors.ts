import { create, type DescFile, type DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Fault, FaultKind } from "../../kernel/errors.ts";
import { describeFile } from "./describe-file.ts";

const DOMAIN = "caxton";
const CODES: Readonly<Record<FaultKind, Code>> = {
  invalid: Code.InvalidArgument,
  rejected: Code.InvalidArgument,
  unsupported: Code.InvalidArgument,
  "too-large": Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  denied: Code.PermissionDenied,
  "not-found": Code.NotFound,
  conflict: Code.Aborted,
  exhausted: Code.ResourceExhausted,
  "storage-full": Code.ResourceExhausted,
  cancelled: Code.Canceled,
  upstream: Code.Unavailable,
  unavailable: Code.Unavailable,
  timeout: Code.DeadlineExceeded,
  bug: Code.Internal,
  "method-not-allowed": Code.Unimplemented,
};

/** The details of failures in google/rpc/error_details.proto. */
export const errorFile: DescFile = describeFile({
  name: "google/rpc/error_details.proto",
  package: "google.rpc",
  messages: {
    ErrorInfo: { fields: { reason: [1, "string"], domain: [2, "string"], metadata: [3, "map<string, string>"] } },
  },
});
const errorInfo: DescMessage = describeErrorInfo();

/** A failure as gRPC and Connect report it: its code in Caxton, its hint and its details are in a google.rpc.ErrorInfo. */
export function connectError(fault: Fault, requestId: string): ConnectError {
  const { code, kind, message, hint, details, retryAfterMs } = fault;
  const headers = new Headers({ "x-request-id": requestId });
  if (retryAfterMs !== undefined) headers.set("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  const metadata = Object.fromEntries([
    ...Object.entries(details).map(([name, value]) => [name, wordsOf(value)] as const),
    ["request_id", requestId] as const,
    ...(hint === "" ? [] : [["hint", hint] as const]),
  ]);
  const value = { reason: code, domain: DOMAIN, metadata };
  return new ConnectError(message, CODES[kind], headers, [{ desc: errorInfo, value: create(errorInfo, value) }]);
}

/** A failure of a service of another standard, with its status and a google.rpc.ErrorInfo. */
export const statusError = (
  { message, code, ...info }: { readonly message: string; readonly code: keyof typeof Code } & ErrorInfo,
  requestId: string,
): ConnectError =>
  new ConnectError(message, Code[code], new Headers({ "x-request-id": requestId }), [
    { desc: errorInfo, value: create(errorInfo, info) },
  ]);

type ErrorInfo = {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
};

const wordsOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

function describeErrorInfo(): DescMessage {
  const [found] = errorFile.messages;
  if (found === undefined) throw new Error("google.rpc.ErrorInfo cannot be described");
  return found;
}
