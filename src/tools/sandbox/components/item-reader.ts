import type { ByteReader } from "./byte-reader.ts";
import { damaged, unsupported } from "./errors.ts";
import { CORE_SORTS, type CoreSort, entry, type Item, type Scope } from "./scope.ts";

/** References to what a component holds already. */

/**
 * Reads the name of an import or export. Forms 0x00 and 0x01 hold a name alone; toolchains until 2024 wrote 0x01 for
 * names of interfaces. Form 0x02 has a version suffix after the name, which is skipped.
 */
export function readExternName(reader: ByteReader): string {
  const offset = reader.at;
  const form = reader.byte();
  if (form > 2) throw damaged("a name of unknown form", offset);
  const name = reader.name();
  if (form === 2) reader.name();
  return name;
}

export function readCoreSort(reader: ByteReader): CoreSort {
  const offset = reader.at;
  const sort = CORE_SORTS[reader.byte()];
  if (sort === undefined) throw damaged("a core item of unknown kind", offset);
  return sort;
}

export function readItem(reader: ByteReader, scope: Scope): Item {
  const offset = reader.at;
  const sort = reader.byte();
  switch (sort) {
    case 0x00: {
      if (reader.byte() !== 0x11) throw damaged("an item of unknown kind", offset);
      return { sort: "module", module: entry(scope.modules, reader.u32(), offset) };
    }
    case 0x01:
      return { sort: "function", function: entry(scope.functions, reader.u32(), offset) };
    case 0x03:
      return { sort: "type", definition: entry(scope.types, reader.u32(), offset) };
    case 0x04:
      return { sort: "component", component: entry(scope.components, reader.u32(), offset) };
    case 0x05:
      return { sort: "instance", instance: entry(scope.instances, reader.u32(), offset) };
    default:
      throw sort === 0x02 ? unsupported("values as imports or exports") : damaged("an item of unknown kind", offset);
  }
}

/** A further number for something that is there already: in an instance, in a core instance, or further out. */
export function readAlias(reader: ByteReader, scope: Scope): void {
  const offset = reader.at;
  const sort = reader.byte();
  const core = sort === 0x00 ? reader.byte() : undefined;
  switch (reader.byte()) {
    case 0x00: {
      const instance = entry(scope.instances, reader.u32(), offset);
      const name = reader.name();
      const item = instance.get(name);
      if (item === undefined) throw damaged(`an instance has no "${name}"`, offset);
      return scope.add(item);
    }
    case 0x01: {
      const kind = CORE_SORTS[core ?? -1];
      const instance = entry(scope.coreInstances, reader.u32(), offset);
      const name = reader.name();
      if (kind === undefined) throw damaged("a core item of unknown kind", offset);
      const item =
        instance.type === "instance"
          ? ({ type: "export", instance: instance.instance, name } as const)
          : instance.items.get(name);
      if (item === undefined) throw damaged(`a core instance has no "${name}"`, offset);
      scope.core[kind].push(item);
      return;
    }
    case 0x02: {
      const from = scope.outer(reader.u32(), offset);
      const index = reader.u32();
      if (sort === 0x03) return scope.add({ sort: "type", definition: entry(from.types, index, offset) });
      if (sort === 0x04) return scope.add({ sort: "component", component: entry(from.components, index, offset) });
      if (core === 0x11) return scope.add({ sort: "module", module: entry(from.modules, index, offset) });
      // A core type, which only counts where modules are imported.
      if (core === 0x10) return;
      throw damaged("an alias of unknown kind", offset);
    }
    default:
      throw damaged("an alias of unknown kind", offset);
  }
}
