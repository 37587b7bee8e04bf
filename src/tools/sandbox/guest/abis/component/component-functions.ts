import {
  type Canon,
  type CanonOptions,
  CanonFault,
  type CoreItem,
  FLAT_RESULTS_MAX,
  Handles,
  type HostImport,
  isSingle,
  type Layouts,
  Lift,
  Lower,
  type Plan,
} from "../../../components/index.ts";
import {
  HostMemoryExceededError,
  HostFault,
  type HostFunction,
  type HostInterface,
} from "../../../components/system/index.ts";
import { GuestMemory } from "../../../wasi/index.ts";
import type { GuestExports, GuestHost } from "../abi.ts";

/**
 * What the core modules of a component are given.
 *
 * guest.component-functions.F1. Everything a guest passes is checked before it is used; what is wrong ends the guest.
 * guest.component-functions.F2. While the guest's allocator runs for us, the guest can call nothing of the host.
 * guest.component-functions.F3. A function that may wait, or whose answer needs the guest's allocator, parks the
 *   guest; others do not.
 */
const CALL_FUEL = 100;

export type FunctionsDeps = {
  readonly host: GuestHost;
  readonly plan: Plan;
  readonly layouts: Layouts;
  readonly system: { readonly [name: string]: HostInterface };
  /** The module instances so far, in the plan's order. */
  readonly instances: readonly GuestExports[];
  /** Ends the guest, without holding it against it, because it called something that is not there. */
  readonly refuse: (reason: string) => Error;
};

export class ComponentFunctions {
  readonly handles = new Handles();
  readonly #deps: FunctionsDeps;
  readonly #memories = new Map<WebAssembly.ExportValue | undefined, GuestMemory>();
  /** Whether the guest's allocator runs for us. */
  #isAllocating = false;

  constructor(deps: FunctionsDeps) {
    this.#deps = deps;
  }

  /** What a core item is at run time; undefined when the instance has nothing of that name. */
  resolve(item: CoreItem): unknown {
    switch (item.type) {
      case "export":
        return this.exported(item);
      case "called":
        return this.#called(item);
      case "resource":
        return this.#resource(item.operation, item.resource);
      case "lowered": {
        const wanted = this.#deps.plan.imports[item.import];
        return wanted === undefined ? undefined : this.#lowered(wanted, item.options);
      }
    }
  }

  /** An export of a module instance. */
  exported(item: CoreItem | null): WebAssembly.ExportValue | undefined {
    if (item?.type !== "export") return undefined;
    const exports = this.#deps.instances[item.instance];
    return exports !== undefined && Object.hasOwn(exports, item.name) ? exports[item.name] : undefined;
  }

  /** Values cross as the options say; `run` calls the guest's allocator. */
  canon(options: CanonOptions, run: GuestHost["run"]): Canon {
    const { host, layouts } = this.#deps;
    const realloc = this.exported(options.realloc);
    return {
      layouts,
      handles: this.handles,
      memory: this.#memory(this.exported(options.memory)),
      encoding: options.encoding,
      charge: (amount) => host.charge(amount),
      allocate: async (bytes, align) => {
        if (realloc === undefined) throw new CanonFault("it has no allocator for what it is given");
        this.#isAllocating = true;
        try {
          const at = await run(realloc, 0, 0, align, bytes);
          return typeof at === "number" ? at >>> 0 : 0;
        } finally {
          this.#isAllocating = false;
        }
      },
    };
  }

  #memory(exported: WebAssembly.ExportValue | undefined): GuestMemory {
    let memory = this.#memories.get(exported);
    if (memory === undefined) {
      memory = new GuestMemory();
      if (exported instanceof WebAssembly.Memory) {
        memory.bind(exported);
        this.#memories.set(exported, memory);
      }
    }
    return memory;
  }

  #enter(): void {
    this.#deps.host.charge(CALL_FUEL);
    if (this.#isAllocating) throw this.#deps.host.end("trap", "its allocator called the host");
  }

  /** Says what is wrong with what a guest passed. Errors that the guest's end made pass through. */
  fault(error: unknown, what: string): unknown {
    if (error instanceof CanonFault || error instanceof HostFault) {
      return this.#deps.host.end("trap", `${what}: ${error.message}`);
    }
    if (error instanceof HostMemoryExceededError) return this.#deps.host.end("memory", error.message);
    return error;
  }

  #lowered(wanted: HostImport, options: CanonOptions): unknown {
    const { host, system, layouts, refuse } = this.#deps;
    const what = `${wanted.interface}#${wanted.name}`;
    const body = functionOf(system, wanted);
    if (body === undefined) {
      return () => {
        this.#enter();
        throw refuse(`it calls ${what}, which tools are not given`);
      };
    }
    const parameters = wanted.parameters.map(([, type]) => type);
    const { result } = wanted;
    const layout = result === null ? undefined : layouts.of(result);
    const returned = layout !== undefined && (layout.flat?.length ?? Infinity) <= FLAT_RESULTS_MAX;
    // The canon is made at the first call: only then is everything instantiated.
    let canon: Canon | undefined;
    const lift = (core: readonly unknown[]): readonly unknown[] => {
      this.#enter();
      canon ??= this.canon(options, (...given) => host.enter(...given));
      return new Lift(canon).parameters(parameters, core);
    };
    if (!body.waits && (layout === undefined || (returned ? isSingle(layout) : !layout.hasPointers))) {
      return (...core: readonly unknown[]) => {
        try {
          const value = body.call(...lift(core));
          if (result === null || canon === undefined) return undefined;
          if (returned) return new Lower(canon).single(result, value);
          return new Lower(canon).storeNow(result, value, placeOf(core));
        } catch (error) {
          throw this.fault(error, what);
        }
      };
    }
    return new WebAssembly.Suspending(async (...core: readonly unknown[]) => {
      try {
        const value = await body.call(...lift(core));
        if (result === null || canon === undefined) return undefined;
        const lower = new Lower(canon);
        const flat: unknown[] = [];
        if (returned) await lower.flat(result, value, flat);
        else await lower.store(result, value, placeOf(core));
        return flat[0];
      } catch (error) {
        throw this.fault(error, what);
      }
    });
  }

  /** From one module of the component into another: values are lifted from one and lowered into the other. */
  #called({ signature, function: callee, calleeOptions, options }: Extract<CoreItem, { type: "called" }>): unknown {
    const { host, layouts } = this.#deps;
    const types = signature.parameters.map(([, type]) => type);
    const { result } = signature;
    const isReturned = result !== null && (layouts.of(result).flat?.length ?? Infinity) <= FLAT_RESULTS_MAX;
    const run: GuestHost["run"] = (...given) => host.enter(...given);
    return new WebAssembly.Suspending(async (...core: readonly unknown[]) => {
      try {
        this.#enter();
        const [from, to] = [this.canon(options, run), this.canon(calleeOptions, run)];
        const given = await new Lower(to).parameters(types, new Lift(from).parameters(types, core));
        const returned = await host.enter(this.exported(callee), ...given);
        const flat: unknown[] = [];
        if (result !== null) {
          const lift = new Lift(to);
          const value = isReturned
            ? lift.flat(result, { values: [returned], at: 0 })
            : lift.load(result, placeOf([returned]));
          if (isReturned) await new Lower(from).flat(result, value, flat);
          else await new Lower(from).store(result, value, placeOf(core));
        }
        const after = this.exported(calleeOptions.postReturn);
        if (after !== undefined) await host.enter(after, returned);
        return flat[0];
      } catch (error) {
        throw this.fault(error, "between its parts");
      }
    });
  }

  #resource(operation: "new" | "drop" | "rep", resource: number): unknown {
    const { host, plan } = this.#deps;
    const unknown = (): Error => host.end("trap", "it named a resource that it has not");
    if (operation === "new") {
      return (value: number) => {
        this.#enter();
        const number = this.handles.add({ resource, value, isOwned: true });
        if (number === undefined) throw host.end("trap", "it holds too many resources");
        return number;
      };
    }
    if (operation === "rep") {
      return (number: number) => {
        this.#enter();
        const handle = this.handles.get(number, resource);
        if (handle === undefined) throw unknown();
        return handle.value;
      };
    }
    const destructor = plan.resources[resource]?.destructor ?? null;
    const drop = (number: number): unknown => {
      this.#enter();
      const handle = this.handles.remove(number, resource);
      if (handle === undefined) throw unknown();
      if (handle.isOwned && isDisposable(handle.value)) handle.value[Symbol.dispose]();
      return handle.isOwned ? handle.value : undefined;
    };
    if (destructor === null) return (number: number) => void drop(number);
    return new WebAssembly.Suspending(async (number: number) => {
      const value = drop(number);
      if (value !== undefined) await host.enter(this.exported(destructor), value);
    });
  }
}

/** Where an answer goes that is more than one core value: the last parameter says. */
function placeOf(core: readonly unknown[]): number {
  const at = core.at(-1);
  return typeof at === "number" ? at >>> 0 : 0;
}

function functionOf(system: FunctionsDeps["system"], wanted: HostImport): HostFunction | undefined {
  const from = Object.hasOwn(system, wanted.interface) ? system[wanted.interface] : undefined;
  return from !== undefined && Object.hasOwn(from, wanted.name) ? from[wanted.name] : undefined;
}

const isDisposable = (value: unknown): value is Disposable =>
  typeof value === "object" && value !== null && Symbol.dispose in value;
