import { ByteReader } from "./byte-reader.ts";
import { readOptions } from "./canon-options.ts";
import { damaged, unsupported } from "./errors.ts";
import { type ComponentExport, type CoreArgument, type HostImport, type Plan, withoutVersion } from "./plan.ts";
import {
  type ComponentDefinition,
  type CoreInstance,
  entry,
  type Function,
  type Instance,
  type Item,
  Scope,
} from "./scope.ts";
import { type DecodeSink, readInterface, readTypeDefinition } from "./interface-reader.ts";
import { readAlias, readCoreSort, readExternName, readItem } from "./item-reader.ts";
import { Types } from "./type-reader.ts";

/**
 * Takes a component apart by doing, on paper, what instantiating it would do.
 *
 * components.linker.K1. Nested components are gone through once for each time they are instantiated; all steps
 *   together are bounded.
 * components.linker.K2. Nothing that a number in the file says is taken for granted: each is looked up, and refused
 *   when nothing is there.
 */
const STEPS_MAX = 200_000;
const NESTING_MAX = 16;
const INSTANCES_MAX = 128;
const PREAMBLE_BYTES = 8;

const SECTION = {
  custom: 0,
  coreModule: 1,
  coreInstance: 2,
  coreType: 3,
  component: 4,
  instance: 5,
  alias: 6,
  type: 7,
  canon: 8,
  start: 9,
  import: 10,
  export: 11,
} as const;

/** Bytes of a core module in the file. */
export type ModuleRange = { readonly start: number; readonly end: number };
export type DecodedComponent = { readonly plan: Plan; readonly modules: readonly ModuleRange[] };

type Resource = Plan["resources"][number];
type Exported = { readonly interface: string; readonly name: string; readonly function: Function };

export class Linker implements DecodeSink {
  readonly types = new Types();
  readonly #bytes: Uint8Array;
  readonly #resources: Resource[] = [];
  readonly #modules: ModuleRange[] = [];
  readonly #instances: { module: number; arguments: (readonly [string, CoreArgument])[] }[] = [];
  readonly #imports: HostImport[] = [];
  readonly #exports: Exported[] = [];
  #steps = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Throws ComponentRefusedError. */
  link(describe: (interfaceName: string, name: string) => string): DecodedComponent {
    const whole = new ByteReader(this.#bytes, 0, this.#bytes.length);
    this.#component({ at: whole, scope: new Scope(undefined) }, undefined, 0);
    const exports = this.#exports.flatMap(({ interface: from, name, function: exported }): ComponentExport[] => {
      if (exported.type === "imported") return [];
      const { core, options, signature } = exported;
      return [{ ...signature, interface: from, name, description: describe(from, name), function: core, options }];
    });
    return {
      plan: {
        types: this.types.all,
        resources: this.#resources,
        instances: this.#instances,
        imports: this.#imports,
        exports,
      },
      modules: this.#modules,
    };
  }

  /** Counts a step, so that a small file cannot mean endless work. */
  step(): void {
    this.#steps += 1;
    if (this.#steps > STEPS_MAX) throw unsupported(`more than ${STEPS_MAX} definitions`);
  }

  addResource(name: string, destructor: Resource["destructor"] = null): number {
    return this.#resources.push({ name, destructor }) - 1;
  }

  /** Goes through one component. Without `given` it is the outermost, and its imports are the host's. */
  #component({ at, scope: parent }: ComponentDefinition, given: Instance | undefined, depth: number): Instance {
    if (depth > NESTING_MAX) throw unsupported("components nested too deeply");
    const reader = new ByteReader(at.bytes, at.at, at.end);
    reader.take(PREAMBLE_BYTES);
    const scope = new Scope(depth === 0 ? undefined : parent);
    const exports = new Map<string, Item>();
    while (!reader.isAtEnd) {
      const id = reader.byte();
      const content = reader.take(reader.u32());
      this.step();
      if (id === SECTION.start) throw unsupported("a start function of its own");
      if (id === SECTION.coreModule) {
        scope.modules.push(this.#modules.push({ start: content.at, end: content.end }) - 1);
      } else if (id === SECTION.component) {
        scope.components.push({ at: content, scope });
      } else if (id !== SECTION.custom && id !== SECTION.coreType) {
        const count = content.count();
        for (let index = 0; index < count; index += 1) {
          this.step();
          this.#definition(id, content, { scope, exports, given, depth });
        }
      }
    }
    return exports;
  }

  #definition(id: number, reader: ByteReader, place: Place): void {
    const { scope, depth } = place;
    switch (id) {
      case SECTION.coreInstance:
        scope.coreInstances.push(this.#coreInstance(reader, scope));
        return;
      case SECTION.instance:
        scope.instances.push(this.#instance(reader, scope, depth));
        return;
      case SECTION.alias:
        return readAlias(reader, scope);
      case SECTION.type:
        scope.types.push(readTypeDefinition(this, reader, scope));
        return;
      case SECTION.canon:
        return this.#canon(reader, scope);
      case SECTION.import:
        return this.#import(reader, place);
      case SECTION.export:
        return this.#export(reader, place);
      default:
        throw damaged(`section ${id} is unknown`, reader.at);
    }
  }

  #coreInstance(reader: ByteReader, scope: Scope): CoreInstance {
    const offset = reader.at;
    if (reader.byte() === 0) {
      const module = entry(scope.modules, reader.u32(), offset);
      const given = Array.from({ length: reader.count() }, () => {
        const name = reader.name();
        reader.byte();
        return [name, argumentOf(entry(scope.coreInstances, reader.u32(), offset))] as const;
      });
      if (this.#instances.length >= INSTANCES_MAX) throw unsupported(`more than ${INSTANCES_MAX} module instances`);
      return { type: "instance", instance: this.#instances.push({ module, arguments: given }) - 1 };
    }
    const items = Array.from({ length: reader.count() }, () => {
      const name = reader.name();
      const sort = readCoreSort(reader);
      return [name, entry(scope.core[sort], reader.u32(), offset)] as const;
    });
    return { type: "items", items: new Map(items) };
  }

  #instance(reader: ByteReader, scope: Scope, depth: number): Instance {
    const offset = reader.at;
    if (reader.byte() === 0) {
      const component = entry(scope.components, reader.u32(), offset);
      const given = Array.from({ length: reader.count() }, () => [reader.name(), readItem(reader, scope)] as const);
      return this.#component(component, new Map(given), depth + 1);
    }
    return new Map(Array.from({ length: reader.count() }, () => [readExternName(reader), readItem(reader, scope)]));
  }

  #canon(reader: ByteReader, scope: Scope): void {
    const offset = reader.at;
    const form = reader.byte();
    switch (form) {
      case 0x00: {
        reader.byte();
        const core = entry(scope.core.function, reader.u32(), offset);
        const options = readOptions(reader, scope);
        const definition = entry(scope.types, reader.u32(), offset);
        if (definition.type !== "function") throw damaged("a function without a function type", offset);
        scope.functions.push({ type: "lifted", core, options, signature: definition.signature });
        return;
      }
      case 0x01: {
        reader.byte();
        const lowered = entry(scope.functions, reader.u32(), offset);
        const options = readOptions(reader, scope);
        if (lowered.type === "lifted") {
          const { core, options: calleeOptions, signature } = lowered;
          if (core.type !== "export") throw unsupported("functions that are passed on without a module");
          scope.core.function.push({ type: "called", signature, function: core, calleeOptions, options });
          return;
        }
        const place = this.#imports.push({
          ...lowered.signature,
          interface: lowered.interface,
          name: lowered.name,
        });
        scope.core.function.push({ type: "lowered", import: place - 1, options });
        return;
      }
      case 0x02:
      case 0x03:
      case 0x04: {
        const definition = entry(scope.types, reader.u32(), offset);
        if (definition.type !== "resource") throw damaged("a resource without a resource type", offset);
        const operation = form === 0x02 ? "new" : form === 0x03 ? "drop" : "rep";
        scope.core.function.push({ type: "resource", operation, resource: definition.resource });
        return;
      }
      default:
        throw unsupported("asynchronous functions (WASI 0.3)", "Build the component for WASI 0.2.");
    }
  }

  #import(reader: ByteReader, { scope, given }: Place): void {
    const offset = reader.at;
    const name = readExternName(reader);
    const wanted = readInterface(this, reader, scope, { interface: "", name });
    if (given === undefined) return scope.add(wanted());
    const item = given.get(name);
    if (item === undefined) throw damaged(`"${name}" is not given to an inner component`, offset);
    scope.add(item);
  }

  #export(reader: ByteReader, { scope, exports, depth }: Place): void {
    const name = readExternName(reader);
    const item = readItem(reader, scope);
    // What it is declared to be says nothing new.
    if (reader.byte() === 1) readInterface(this, reader, scope, { interface: "", name });
    scope.add(item);
    exports.set(name, item);
    if (depth > 0) return;
    if (item.sort === "function") this.#exports.push({ interface: "", name, function: item.function });
    if (item.sort !== "instance") return;
    for (const [inner, each] of item.instance) {
      if (each.sort !== "function") continue;
      this.#exports.push({ interface: withoutVersion(name), name: inner, function: each.function });
    }
  }
}

type Place = {
  readonly scope: Scope;
  readonly exports: Map<string, Item>;
  readonly given: Instance | undefined;
  readonly depth: number;
};

const argumentOf = (instance: CoreInstance): CoreArgument =>
  instance.type === "instance" ? instance : { type: "items", items: [...instance.items] };
