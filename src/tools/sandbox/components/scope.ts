import { damaged, unsupported } from "./errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { CanonOptions, CoreItem, FunctionType, TypeIndex } from "./plan.ts";

/** What a component's index spaces hold while it is taken apart. */
export type TypeDefinition =
  | { readonly type: "value"; readonly index: TypeIndex }
  | { readonly type: "function"; readonly signature: FunctionType }
  | { readonly type: "resource"; readonly resource: number }
  /** Evaluated again for each import, since each has its own resources. */
  | { readonly type: "instance"; readonly at: ByteReader; readonly scope: Scope }
  | { readonly type: "component" };

export type Function =
  | {
      readonly type: "lifted";
      readonly core: CoreItem;
      readonly options: CanonOptions;
      readonly signature: FunctionType;
    }
  | { readonly type: "imported"; readonly interface: string; readonly name: string; readonly signature: FunctionType };

export type Instance = ReadonlyMap<string, Item>;
export type ComponentDefinition = { readonly at: ByteReader; readonly scope: Scope };

export type Item =
  | { readonly sort: "function"; readonly function: Function }
  | { readonly sort: "type"; readonly definition: TypeDefinition }
  | { readonly sort: "instance"; readonly instance: Instance }
  | { readonly sort: "component"; readonly component: ComponentDefinition }
  | { readonly sort: "module"; readonly module: number };

export type CoreInstance =
  | { readonly type: "instance"; readonly instance: number }
  | { readonly type: "items"; readonly items: ReadonlyMap<string, CoreItem> };

export const CORE_SORTS = ["function", "table", "memory", "global", "tag"] as const;
export type CoreSort = (typeof CORE_SORTS)[number];

/** Scopes within each other. */
const DEPTH_MAX = 64;

/** The index spaces of one component, or of one instance type. */
export class Scope {
  readonly parent: Scope | undefined;
  readonly types: TypeDefinition[] = [];
  readonly functions: Function[] = [];
  readonly instances: Instance[] = [];
  readonly components: ComponentDefinition[] = [];
  readonly modules: number[] = [];
  readonly coreInstances: CoreInstance[] = [];
  readonly core: { readonly [Sort in CoreSort]: CoreItem[] } = {
    function: [],
    table: [],
    memory: [],
    global: [],
    tag: [],
  };

  readonly #depth: number;

  constructor(parent: Scope | undefined) {
    this.parent = parent;
    this.#depth = parent === undefined ? 0 : parent.#depth + 1;
    if (this.#depth > DEPTH_MAX) throw unsupported("types and components nested too deeply");
  }

  /** The scope that many levels out. */
  outer(levels: number, offset: number): Scope {
    if (levels === 0) return this;
    if (this.parent === undefined) throw damaged("an alias leads out of the component", offset);
    return this.parent.outer(levels - 1, offset);
  }

  add(item: Item): void {
    switch (item.sort) {
      case "function":
        this.functions.push(item.function);
        return;
      case "type":
        this.types.push(item.definition);
        return;
      case "instance":
        this.instances.push(item.instance);
        return;
      case "component":
        this.components.push(item.component);
        return;
      case "module":
        this.modules.push(item.module);
    }
  }
}

/** Returns the entry of that number; throws for an unknown number. */
export function entry<Value>(list: readonly Value[], index: number, offset: number): Value {
  const value = list[index];
  if (value === undefined) throw damaged(`there is no entry ${index}`, offset);
  return value;
}
