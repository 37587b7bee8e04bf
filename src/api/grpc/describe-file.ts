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
  file_google_protobuf_empty as empty,
  file_google_protobuf_struct as struct,
  file_google_protobuf_timestamp as timestamp,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { pascal } from "./shapes.ts";

/**
 * A type in the words of a .proto file: a scalar, a message of the package or of google.protobuf, one of these with `repeated`, `optional` or
 * as `map<string, …>`, or an enumeration as `enum …`.
 */
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
  /** Enumerations of the package; values are numbered from 0. */
  readonly enums?: Readonly<Record<string, readonly string[]>>;
  readonly messages: Readonly<Record<string, MessageSpec>>;
  readonly services?: Readonly<Record<string, Readonly<Record<string, MethodSpec>>>>;
};

const SCALARS = new Map([
  ["string", Type.STRING],
  ["bytes", Type.BYTES],
  ["int32", Type.INT32],
  ["bool", Type.BOOL],
]);
const MAP = /^map<string, (.*)>$/;
const KNOWN = [empty, struct, timestamp];

export const isUnary = (desc: DescMethod): desc is DescMethodUnary => desc.methodKind === "unary";
export const isServerStreaming = (desc: DescMethod): desc is DescMethodServerStreaming =>
  desc.methodKind === "server_streaming";
export const isBidirectional = (desc: DescMethod): desc is DescMethodBiDiStreaming =>
  desc.methodKind === "bidi_streaming";

/** Describes a .proto file that a standard owns. */
export function describeFile({ name, package: within, messages, enums = {}, services = {} }: FileSpec): DescFile {
  const used = JSON.stringify([messages, services]);
  const imports = KNOWN.filter(({ messages: known }) => known.some(({ typeName }) => used.includes(`${typeName}"`)));
  const proto = create(FileDescriptorProtoSchema, {
    name,
    package: within,
    syntax: "proto3",
    dependency: imports.map((each) => each.proto.name),
    enumType: enumsOf(enums),
    messageType: Object.entries(messages).map(([message, spec]) => messageOf(within, message, spec)),
    service: Object.entries(services).map(([service, methods]) => ({
      name: service,
      method: Object.entries(methods).map(([method, { request, response, streams }]) => ({
        name: method,
        inputType: typeNameOf(request, within),
        outputType: typeNameOf(response, within),
        clientStreaming: streams === "both",
        serverStreaming: streams !== "none",
      })),
    })),
  });
  const file = createFileRegistry(
    create(FileDescriptorSetSchema, { file: [...imports.map((each) => each.proto), proto] }),
  ).getFile(name);
  if (file === undefined) throw new Error(`${name} cannot be described`);
  return file;
}

type Init = Parameters<typeof create<typeof FileDescriptorProtoSchema>>[1];
type MessageInit = NonNullable<NonNullable<Init>["messageType"]>[number];

const enumsOf = (enums: Readonly<Record<string, readonly string[]>>) =>
  Object.entries(enums).map(([name, values]) => ({
    name,
    value: values.map((value, number) => ({ name: value, number })),
  }));

const typeNameOf = (name: string, within: string): string =>
  name.startsWith("google.") ? `.${name}` : `.${within}.${name}`;

function messageOf(within: string, name: string, { fields = {}, oneof, enums = {} }: MessageSpec): MessageInit {
  const optional = Object.entries(fields).flatMap(([key, [, type]]) => (type.startsWith("optional ") ? [key] : []));
  const unions = oneof === undefined ? [] : [{ name: oneof.name }];
  const field = (key: string, [number, type]: readonly [number, string], union?: number) => {
    const at = optional.indexOf(key);
    const oneofIndex = union ?? (at === -1 ? undefined : unions.length + at);
    return {
      name: key,
      jsonName: key.replaceAll(/_(\w)/g, (_all, letter: string) => letter.toUpperCase()),
      number,
      ...typeOf(type, { message: name, within, key, enums }),
      ...(oneofIndex === undefined ? {} : { oneofIndex }),
      ...(at !== -1 && { proto3Optional: true }),
    };
  };
  return {
    name,
    field: [
      ...Object.entries(fields).map(([key, spec]) => field(key, spec)),
      ...Object.entries(oneof?.fields ?? {}).map(([key, spec]) => field(key, spec, 0)),
    ],
    oneofDecl: [...unions, ...optional.map((key) => ({ name: `_${key}` }))],
    enumType: enumsOf(enums),
    nestedType: Object.entries(fields).flatMap(([key, [, type]]) => {
      const [, of] = MAP.exec(type) ?? [];
      return of === undefined ? [] : [entryOf(key, of, within)];
    }),
  };
}

type FieldPlace = {
  readonly message: string;
  readonly within: string;
  readonly key: string;
  readonly enums: Readonly<Record<string, readonly string[]>>;
};

function typeOf(type: string, { message, within, key, enums }: FieldPlace) {
  if (MAP.test(type))
    return {
      label: Label.REPEATED,
      type: Type.MESSAGE,
      typeName: `.${within}.${message}.${pascal(key)}Entry`,
    } as const;
  const [, modifier, enumeration, name = ""] = /^(repeated |optional )?(enum )?(.*)$/.exec(type) ?? [];
  const label = modifier === "repeated " ? Label.REPEATED : Label.OPTIONAL;
  if (enumeration !== undefined) {
    const scope = Object.hasOwn(enums, name) ? `${within}.${message}` : within;
    return { label, type: Type.ENUM, typeName: `.${scope}.${name}` };
  }
  return { label, ...valueType(name, within) };
}

function valueType(name: string, within: string) {
  const scalar = SCALARS.get(name);
  return scalar === undefined
    ? { type: Type.MESSAGE, typeName: typeNameOf(name, within) }
    : { type: scalar, typeName: "" };
}

const entryOf = (key: string, of: string, within: string): Pick<DescriptorProto, "name"> & MessageInit => ({
  name: `${pascal(key)}Entry`,
  options: { mapEntry: true },
  field: [
    { name: "key", jsonName: "key", number: 1, label: Label.OPTIONAL, type: Type.STRING },
    { name: "value", jsonName: "value", number: 2, label: Label.OPTIONAL, ...valueType(of, within) },
  ],
});
