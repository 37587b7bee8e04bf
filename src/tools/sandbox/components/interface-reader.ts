import { ByteReader } from "./byte-reader.ts";
import { damaged, unsupported } from "./errors.ts";
import { readAlias, readExternName } from "./item-reader.ts";
import { type CoreItem, withoutVersion } from "./plan.ts";
import { entry, type Instance, type Item, Scope, type TypeDefinition } from "./scope.ts";
import type { Types } from "./type-reader.ts";

/** What is found while a component is gone through. */
export interface DecodeSink {
  readonly types: Types;
  /** Counts a definition; throws when there are too many. */
  step(): void;
  addResource(name: string, destructor?: CoreItem | null): number;
}

/** Where something that the host gives has its name from. */
type Origin = { readonly interface: string; readonly name: string };

/** What stands in a type section: a value's type, a function's, a resource's, or that of an instance or component. */
export function readTypeDefinition(ledger: DecodeSink, reader: ByteReader, scope: Scope): TypeDefinition {
  const offset = reader.at;
  const form = reader.byte();
  ledger.step();
  switch (form) {
    case 0x40:
      return { type: "function", signature: ledger.types.signature(reader, scope) };
    case 0x42: {
      const at = new ByteReader(reader.bytes, reader.at, reader.end);
      readInstance(ledger, reader, scope, "");
      return { type: "instance", at, scope };
    }
    case 0x41:
      readComponentType(ledger, reader, scope);
      return { type: "component" };
    case 0x3f: {
      if (reader.byte() !== 0x7f) throw damaged("a resource that is no number", offset);
      const destructor = reader.byte() === 0 ? null : entry(scope.core.function, reader.u32(), offset);
      return { type: "resource", resource: ledger.addResource("", destructor) };
    }
    case 0x43:
    case 0x3e:
      throw unsupported("asynchronous functions (WASI 0.3)", "Build the component for WASI 0.2.");
    default:
      return { type: "value", index: ledger.types.add(ledger.types.definition(form, reader, scope)) };
  }
}

/** Reads what an import or export is declared to be; the function makes the import of the host of that name. */
export function readInterface(ledger: DecodeSink, reader: ByteReader, scope: Scope, origin: Origin): () => Item {
  const offset = reader.at;
  const sort = reader.byte();
  switch (sort) {
    case 0x01: {
      const definition = entry(scope.types, reader.u32(), offset);
      if (definition.type !== "function") throw damaged("a function without a function type", offset);
      const { signature } = definition;
      return () => ({ sort: "function", function: { type: "imported", ...origin, signature } });
    }
    case 0x03: {
      const definition = reader.byte() === 0 ? entry(scope.types, reader.u32(), offset) : undefined;
      return () => ({
        sort: "type",
        definition: definition ?? {
          type: "resource",
          resource: ledger.addResource(`${origin.interface}#${origin.name}`),
        },
      });
    }
    case 0x05: {
      const definition = entry(scope.types, reader.u32(), offset);
      if (definition.type !== "instance") throw damaged("an instance without an instance type", offset);
      const { at, scope: from } = definition;
      return () => ({
        sort: "instance",
        instance: readInstance(ledger, new ByteReader(at.bytes, at.at, at.end), from, withoutVersion(origin.name)),
      });
    }
    case 0x00:
    case 0x04: {
      if (sort === 0x00) reader.byte();
      reader.u32();
      return () => {
        throw unsupported(`an import of a whole ${sort === 0x00 ? "module" : "component"}, "${origin.name}"`);
      };
    }
    default:
      throw unsupported("values as imports or exports");
  }
}

/** An instance of an instance type, as the host gives it; without a name only its length in the file is of interest. */
function readInstance(ledger: DecodeSink, reader: ByteReader, parent: Scope, name: string): Instance {
  const scope = new Scope(parent);
  const exports = new Map<string, Item>();
  for (let left = reader.count(); left > 0; left -= 1) readDeclaration(ledger, reader, { scope, exports, name });
  return exports;
}

type Declared = { readonly scope: Scope; readonly exports: Map<string, Item>; readonly name: string };

function readDeclaration(ledger: DecodeSink, reader: ByteReader, { scope, exports, name }: Declared): void {
  const offset = reader.at;
  ledger.step();
  switch (reader.byte()) {
    case 0x00:
      return skipCoreType(reader);
    case 0x01:
      scope.types.push(readTypeDefinition(ledger, reader, scope));
      return;
    case 0x02:
      return readAlias(reader, scope);
    case 0x04: {
      const exported = readExternName(reader);
      const item = readInterface(ledger, reader, scope, { interface: name, name: exported })();
      scope.add(item);
      exports.set(exported, item);
      return;
    }
    default:
      throw damaged("a declaration of unknown kind", offset);
  }
}

/** A component type is only gone through: nothing here imports whole components. */
function readComponentType(ledger: DecodeSink, reader: ByteReader, parent: Scope): void {
  const scope = new Scope(parent);
  const exports = new Map<string, Item>();
  for (let left = reader.count(); left > 0; left -= 1) {
    if (reader.peek() !== 0x03) {
      readDeclaration(ledger, reader, { scope, exports, name: "" });
      continue;
    }
    reader.byte();
    const name = readExternName(reader);
    scope.add(readInterface(ledger, reader, scope, { interface: "", name })());
  }
}

function skipCoreType(reader: ByteReader): void {
  const offset = reader.at;
  if (reader.byte() !== 0x60) throw unsupported("types of core modules");
  for (let lists = 0; lists < 2; lists += 1) {
    for (let left = reader.count(); left > 0; left -= 1) {
      const byte = reader.byte();
      if (byte < 0x6f) throw damaged("a core type of unknown kind", offset);
    }
  }
}
