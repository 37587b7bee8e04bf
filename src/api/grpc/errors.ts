import { createFileRegistry, create, type DescMessage } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Fault, FaultKind } from "../../kernel/errors.ts";

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

/** google.rpc.ErrorInfo of google/rpc/error_details.proto. */
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

const wordsOf = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));

function describeErrorInfo(): DescMessage {
  const name = "google/rpc/error_details.proto";
  const optional = { label: Label.OPTIONAL, type: Type.STRING };
  const entry = {
    name: "MetadataEntry",
    options: { mapEntry: true },
    field: [
      { ...optional, name: "key", jsonName: "key", number: 1 },
      { ...optional, name: "value", jsonName: "value", number: 2 },
    ],
  };
  const metadata = { name: "metadata", jsonName: "metadata", number: 3, label: Label.REPEATED, type: Type.MESSAGE };
  const file = create(FileDescriptorProtoSchema, {
    name,
    package: "google.rpc",
    syntax: "proto3",
    messageType: [
      {
        name: "ErrorInfo",
        nestedType: [entry],
        field: [
          { ...optional, name: "reason", jsonName: "reason", number: 1 },
          { ...optional, name: "domain", jsonName: "domain", number: 2 },
          { ...metadata, typeName: ".google.rpc.ErrorInfo.MetadataEntry" },
        ],
      },
    ],
  });
  const found = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getMessage(
    "google.rpc.ErrorInfo",
  );
  if (found === undefined) throw new Error("google.rpc.ErrorInfo cannot be described");
  return found;
}
