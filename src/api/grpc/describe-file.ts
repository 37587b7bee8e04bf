import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
} from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { pascal } from "./shapes.ts";

/** A type in the words of a .proto file: a scalar, a message of the package, or one of these with `repeated`, `map` or `enum`. */
type Fields = Readonly<Record<string, readonly [number: number, type: string]>>;
type MessageSpec = {
  readonly fields?: Fields;
  /** A union; its fields are not among `fields`. */
  readonly oneof?: { readonly name: string; readonly fields: Fields };
  /** Enumerations inside the message; values are numbered from 0. */
  readonly enums?: Readonly<Record<string, readonly string[]>>;
};
type MethodSpec = {
  readonly request: string;
  readonly response: string;
  readonly streams: "none" | "response" | "both";
};
export type FileSpec = {
  readonly name: string;
  readonly package: string;
  readonly messages: Readonly<Record<string, MessageSpec>>;
  readonly services?: Readonly<Record<string, Readonly<Record<string, MethodSpec>>>>;
};

const SCALARS = new Map([
  ["string", Type.STRING],
  ["bytes", Type.BYTES],
  ["int32", Type.INT32],
]);
const MAP = "map<string, string>";

export const isUnary = (desc: DescMethod): desc is DescMethodUnary => desc.methodKind === "unary";
export const isServerStreaming = (desc: DescMethod): desc is DescMethodServerStreaming =>
  desc.methodKind === "server_streaming";
export const isBidirectional = (desc: DescMethod): desc is DescMethodBiDiStreaming =>
  desc.methodKind === "bidi_streaming";

/** Describes a .proto file that a standard owns. */
export function describeFile({ name, package: within, messages, services = {} }: FileSpec): DescFile {
  const proto = create(FileDescriptorProtoSchema, {
    name,
    package: within,
    syntax: "proto3",
    messageType: Object.entries(messages).map(([message, spec]) => messageOf(within, message, spec)),
    service: Object.entries(services).map(([service, methods]) => ({
      name: service,
      method: Object.entries(methods).map(([method, { request, response, streams }]) => ({
        name: method,
        inputType: `.${within}.${request}`,
        outputType: `.${within}.${response}`,
        clientStreaming: streams === "both",
        serverStreaming: streams !== "none",
      })),
    })),
  });
  const file = createFileRegistry(create(FileDescriptorSetSchema, { file: [proto] })).getFile(name);
  if (file === undefined) throw new Error(`${name} cannot be described`);
  return file;
}

type Init = Parameters<typeof create<typeof FileDescriptorProtoSchema>>[1];
type MessageInit = NonNullable<NonNullable<Init>["messageType"]>[number];

function messageOf(within: string, name: string, { fields = {}, oneof, enums = {} }: MessageSpec): MessageInit {
  const field = (key: string, [number, type]: readonly [number, string], oneofIndex?: number) => ({
    name: key,
    jsonName: key.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase()),
    number,
    ...typeOf(type, `${within}.${name}`, within, key),
    ...(oneofIndex === undefined ? {} : { oneofIndex }),
  });
  return {
    name,
    field: [
      ...Object.entries(fields).map(([key, spec]) => field(key, spec)),
      ...Object.entries(oneof?.fields ?? {}).map(([key, spec]) => field(key, spec, 0)),
    ],
    oneofDecl: oneof === undefined ? [] : [{ name: oneof.name }],
    enumType: Object.entries(enums).map(([key, values]) => ({
      name: key,
      value: values.map((value, number) => ({ name: value, number })),
    })),
    nestedType: Object.entries(fields).flatMap(([key, [, type]]) => (type === MAP ? [entryOf(key)] : [])),
  };
}

function typeOf(type: string, message: string, within: string, key: string) {
  if (type === MAP)
    return { label: Label.REPEATED, type: Type.MESSAGE, typeName: `.${message}.${pascal(key)}Entry` } as const;
  const [, repeated, enumeration, name = ""] = /^(repeated )?(enum )?(.*)$/.exec(type) ?? [];
  const label = repeated === undefined ? Label.OPTIONAL : Label.REPEATED;
  if (enumeration !== undefined) return { label, type: Type.ENUM, typeName: `.${message}.${name}` };
  const scalar = SCALARS.get(name);
  return scalar === undefined
    ? { label, type: Type.MESSAGE, typeName: `.${within}.${name}` }
    : { label, type: scalar, typeName: "" };
}

const entryOf = (key: string): Pick<DescriptorProto, "name"> & MessageInit => ({
  name: `${pascal(key)}Entry`,
  options: { mapEntry: true },
  field: [
    { name: "key", jsonName: "key", number: 1, label: Label.OPTIONAL, type: Type.STRING },
    { name: "value", jsonName: "value", number: 2, label: Label.OPTIONAL, type: Type.STRING },
  ],
});
