import { create, createFileRegistry, type DescFile, type DescMessage } from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  file_google_protobuf_struct as struct,
  file_google_protobuf_timestamp as timestamp,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel as Idempotency,
} from "@bufbuild/protobuf/wkt";
import type { Operation } from "../contract/index.ts";
import { describeMethods, type Method } from "./methods.ts";
import { type Numbers, numbered, typeName } from "./numbers.ts";
import { type MessageShape, pascal, type Shape } from "./shapes.ts";

export const PACKAGE = "caxton.v1";
const FILE = "caxton/v1/caxton.proto";
const IMPORTS = ["google/protobuf/struct.proto", "google/protobuf/timestamp.proto"];
const SCALARS = { string: Type.STRING, bool: Type.BOOL, int64: Type.INT64, double: Type.DOUBLE, bytes: Type.BYTES };
const KNOWN = {
  timestamp: ".google.protobuf.Timestamp",
  value: ".google.protobuf.Value",
  struct: ".google.protobuf.Struct",
};
const isScalar = (shape: Shape): boolean => Object.hasOwn(SCALARS, shape.type);

/**
 * The services and messages of operations.
 * api.grpc.G1. A field keeps its number and type permanently; the number of one that is gone is reserved.
 */
export class GrpcSchema {
  readonly file: DescFile;
  readonly methods: readonly Method[];
  readonly shapes: ReadonlyMap<string, MessageShape>;
  readonly numbers: Numbers;
  readonly #messages: ReadonlyMap<string, DescMessage>;

  /** Throws if the type of a field or of a method is not the earlier one. */
  constructor(operations: readonly Operation[], before: Numbers) {
    const { methods, shapes } = describeMethods(operations);
    this.methods = methods;
    this.shapes = shapes.messages;
    this.numbers = numbered(this.shapes.values(), methods, before);
    this.file = this.#describe();
    this.#messages = new Map(this.file.messages.map((each) => [each.name, each]));
  }

  message(name: string): DescMessage {
    const found = this.#messages.get(name);
    if (found === undefined) throw new Error(`there is no message ${name}`);
    return found;
  }

  #describe(): DescFile {
    const proto = create(FileDescriptorProtoSchema, {
      name: FILE,
      package: PACKAGE,
      syntax: "proto3",
      dependency: IMPORTS,
      messageType: [...this.shapes.values()].map((shape) => this.#messageProto(shape)),
      service: [...this.#services()].map(([name, methods]) => ({
        name,
        method: methods.map(({ name: method, kind, request, response, operation }) => ({
          name: method,
          inputType: `.${PACKAGE}.${request}`,
          outputType: `.${PACKAGE}.${response}`,
          serverStreaming: kind !== "unary",
          options: operation.effect === "read" ? { idempotencyLevel: Idempotency.NO_SIDE_EFFECTS } : {},
        })),
      })),
    });
    const set = create(FileDescriptorSetSchema, { file: [struct.proto, timestamp.proto, proto] });
    const file = createFileRegistry(set).getFile(FILE);
    if (file === undefined) throw new Error("the messages of operations cannot be described");
    return file;
  }

  #services(): ReadonlyMap<string, readonly Method[]> {
    return Map.groupBy(this.methods, ({ service }) => service);
  }

  #messageProto({ name, tag, fields }: MessageShape): DescriptorProto {
    const nestedType: DescriptorProto[] = [];
    const field = [...fields].map(([key, { shape }]) => {
      const made = this.#fieldProto(name, key, shape);
      if (shape.type === "map") nestedType.push(entryProto(key, shape.of));
      if (tag !== undefined) made.oneofIndex = 0;
      else if (isScalar(shape)) made.proto3Optional = true;
      return made;
    });
    const optional = field.filter((each) => each.proto3Optional);
    for (const [index, each] of optional.entries()) each.oneofIndex = index;
    const oneofDecl = tag === undefined ? optional.map((each) => ({ name: `_${each.name}` })) : [{ name: tag }];
    return create(DescriptorProtoSchema, { name, field, oneofDecl, nestedType });
  }

  #fieldProto(message: string, name: string, shape: Shape): FieldDescriptorProto {
    const [number = 0] = this.numbers.messages[message]?.[name] ?? [];
    const isRepeated = shape.type === "list" || shape.type === "map";
    return create(FieldDescriptorProtoSchema, {
      name,
      jsonName: name.replaceAll(/_+(\w)/g, (_all, letter: string) => letter.toUpperCase()),
      number,
      label: isRepeated ? Label.REPEATED : Label.OPTIONAL,
      ...(shape.type === "map"
        ? { type: Type.MESSAGE, typeName: `.${PACKAGE}.${message}.${pascal(name)}Entry` }
        : typed(shape.type === "list" ? shape.of : shape)),
    });
  }

  /** The .proto file, as people read it and compilers of other languages do. */
  text(): string {
    const services = [...this.#services()].map(([name, methods]) => {
      const calls = methods.map(({ operation, name: method, kind, request, response }) => {
        const gives = kind === "unary" ? response : `stream ${response}`;
        const options = operation.effect === "read" ? " { option idempotency_level = NO_SIDE_EFFECTS; }" : ";";
        return `  // ${operation.summary}. ${operation.http.method} ${operation.http.path}\n  rpc ${method}(${request}) returns (${gives})${options}`;
      });
      return `service ${name} {\n${calls.join("\n")}\n}`;
    });
    const messages = [...this.shapes.values()].map((shape) => this.#messageText(shape));
    const imports = IMPORTS.map((file) => `import "${file}";`).join("\n");
    const head = `// Generated from the operations of Caxton.\nsyntax = "proto3";\n\npackage ${PACKAGE};\n\n${imports}`;
    return `${[head, ...services, ...messages].join("\n\n")}\n`;
  }

  #messageText({ name, tag, fields }: MessageShape): string {
    const numbers = this.numbers.messages[name] ?? {};
    const gone = Object.entries(numbers).filter(([field]) => !fields.has(field));
    const indent = tag === undefined ? "  " : "    ";
    const lines = [...fields].flatMap(([field, { shape, comment }]) => [
      ...(comment === "" ? [] : [`${indent}// ${comment}`]),
      `${indent}${tag === undefined && isScalar(shape) ? "optional " : ""}${typeName(shape)} ${field} = ${numbers[field]?.[0]};`,
    ]);
    const reserved = gone.map(([field, [number]]) => `  reserved ${number};\n  reserved "${field}";`);
    const all = [...reserved, ...(tag === undefined ? lines : [`  oneof ${tag} {`, ...lines, "  }"])];
    return all.length === 0 ? `message ${name} {}` : `message ${name} {\n${all.join("\n")}\n}`;
  }
}

const entryProto = (name: string, of: Shape): DescriptorProto =>
  create(DescriptorProtoSchema, {
    name: `${pascal(name)}Entry`,
    options: { mapEntry: true },
    field: [
      create(FieldDescriptorProtoSchema, {
        name: "key",
        jsonName: "key",
        number: 1,
        label: Label.OPTIONAL,
        type: Type.STRING,
      }),
      create(FieldDescriptorProtoSchema, {
        name: "value",
        jsonName: "value",
        number: 2,
        label: Label.OPTIONAL,
        ...typed(of),
      }),
    ],
  });

function typed(shape: Shape): { readonly type: Type; readonly typeName?: string } {
  switch (shape.type) {
    case "message":
      return { type: Type.MESSAGE, typeName: `.${PACKAGE}.${shape.name}` };
    case "timestamp":
    case "value":
    case "struct":
      return { type: Type.MESSAGE, typeName: KNOWN[shape.type] };
    case "list":
    case "map":
      return { type: Type.MESSAGE, typeName: KNOWN.value };
    case "string":
    case "bool":
    case "int64":
    case "double":
    case "bytes":
      return { type: SCALARS[shape.type] };
  }
}
