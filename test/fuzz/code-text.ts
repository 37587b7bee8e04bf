import type { Chance } from "./chance.ts";
import { NUMBERS, type Type, TYPES } from "./operations.ts";
import {
  bulkOperations,
  constantText,
  type FunctionText,
  GIVING,
  type Signature,
  signatureText,
  STORES,
  type ModuleContext,
  TABLES,
  typed,
  ZEROS,
} from "./module-context.ts";

type Label = { readonly types: readonly Type[]; readonly isLoop: boolean };

const LOCALS_EACH = 2;
const EXPRESSION_DEPTH = 4;

/** Writes random code, one instruction a line, that V8 accepts and that comes to its end. */
export class CodeText {
  readonly #chance: Chance;
  readonly #around: ModuleContext;
  readonly #own: Signature;
  readonly #function: FunctionText;
  readonly #lines: string[] = [];
  #labels: readonly Label[] = [];
  /** Instructions that may still be written, roughly; keeps a module small. */
  #left: number;

  constructor(chance: Chance, around: ModuleContext, which: FunctionText) {
    this.#chance = chance;
    this.#around = around;
    this.#function = which;
    this.#own = around.functions[which.number] ?? { params: [], results: [] };
    this.#left = which.isLeaf ? 8 : 20 + chance.below(140);
  }

  /** The whole function, exported by its number when `exported`. */
  text(exported: boolean): string {
    const { number, isLeaf } = this.#function;
    if (!isLeaf) this.#budget();
    this.#statements(isLeaf ? 1 : 6);
    for (const type of this.#own.results) this.#value(type, EXPRESSION_DEPTH);
    const locals = TYPES.flatMap((type) => Array<Type>(LOCALS_EACH).fill(type));
    const exception = this.#around.catches === "try_table" ? ["exnref"] : [];
    const name = exported ? `(export "f${number}")` : "";
    const code = this.#lines.join("\n");
    return `(func ${name} ${signatureText(this.#own)} (local ${[...locals, ...exception].join(" ")})\n${code})`;
  }

  #out(...lines: readonly string[]): void {
    this.#lines.push(...lines);
    this.#left -= lines.length;
  }

  /** Ends the function when the module's budget is used up: what makes every program stop. */
  #budget(): void {
    this.#out("call $draw", "i32.const 0", "i32.lt_s", "if");
    this.#out(...this.#own.results.map((type) => ZEROS[type]), "return", "end");
  }

  #local(type: Type): string {
    const declared = this.#own.params.length + TYPES.indexOf(type) * LOCALS_EACH + this.#chance.below(LOCALS_EACH);
    const params = this.#own.params.flatMap((param, index) => (param === type ? [index] : []));
    return String(params.length > 0 && this.#chance.is(0.5) ? this.#chance.pick(params) : declared);
  }

  get #exception(): string {
    return String(this.#own.params.length + TYPES.length * LOCALS_EACH);
  }

  #within(label: Label, write: () => void): void {
    const outside = this.#labels;
    this.#labels = [...outside, label];
    write();
    this.#labels = outside;
  }

  #statements(most: number): void {
    const count = this.#chance.below(most + 1);
    for (let index = 0; index < count; index += 1) this.#statement();
  }

  #statement(): void {
    if (this.#left <= 0) return;
    if (this.#function.isLeaf) return this.#plain();
    const kinds = [
      () => this.#plain(),
      () => this.#plain(),
      () => this.#plain(),
      () => this.#bulk(),
      () => this.#branch(),
      () => this.#branch(),
      () => this.#if([]),
      () => this.#block([]),
      () => this.#loop(),
      () => this.#loop(),
      () => this.#catching(),
      () => this.#call(this.#chance.below(this.#around.functions.length)),
      () => this.#leave(),
    ];
    this.#chance.pick(kinds)();
  }

  #plain(): void {
    const type = this.#chance.pick(TYPES);
    switch (this.#chance.below(5)) {
      case 0:
        return this.#store();
      case 1:
        this.#value(type);
        return this.#out(`global.set $g_${type}`);
      case 2:
        this.#value(type);
        return this.#out("drop");
      case 3:
        return this.#out("nop");
      default:
        this.#value(type);
        return this.#out(`local.set ${this.#local(type)}`);
    }
  }

  #store(): void {
    const { name, params, lanes } = this.#chance.pick(STORES);
    this.#address();
    for (const type of params.slice(1)) this.#value(type);
    this.#out(`${name} offset=${this.#chance.below(64)}${this.#lane(lanes)}`);
  }

  /** Mostly inside the memory. */
  #address(): void {
    this.#value("i32", 1);
    if (!this.#chance.is(0.02)) this.#out("i32.const 0x7fff", "i32.and");
  }

  #lane = (lanes: number): string => (lanes === 0 ? "" : ` ${this.#chance.below(lanes)}`);

  /** A number that is mostly at most `most`. */
  #small(most: number): void {
    this.#value("i32", 1);
    if (!this.#chance.is(0.03)) this.#out(`i32.const ${most}`, "i32.and");
  }

  #bulk(): void {
    const table = this.#chance.pick(TABLES);
    const [name, operands] = this.#chance.pick(bulkOperations(table));
    for (const operand of operands) {
      if (typeof operand === "number") this.#small(operand);
      else this.#value(operand, 1);
    }
    this.#out(name);
  }

  #branch(): void {
    if (this.#labels.length === 0) return;
    const number = this.#chance.below(this.#labels.length);
    const { types = [] } = this.#labels[number] ?? {};
    for (const type of types) this.#value(type, 1);
    const depth = (label: number): number => this.#labels.length - 1 - label;
    const sort = this.#chance.below(6);
    if (sort === 0) return this.#out(`br ${depth(number)}`);
    if (sort === 1) {
      const alike = this.#labels.flatMap((label, index) => (label.types.join() === types.join() ? [depth(index)] : []));
      const targets = this.#chance.many(0, 5, () => this.#chance.pick(alike));
      this.#value("i32", 1);
      return this.#out(`br_table ${[...targets, depth(number)].join(" ")}`);
    }
    this.#value("i32", 2);
    this.#out(`br_if ${depth(number)}`, ...types.map(() => "drop"));
  }

  #if(results: readonly Type[]): void {
    this.#value("i32", 2);
    this.#out(`if${typed("result", results)}`);
    this.#within({ types: results, isLoop: false }, () => {
      this.#inside(results);
      if (results.length === 0 && this.#chance.is(0.5)) return;
      this.#out("else");
      this.#inside(results);
    });
    this.#out("end");
  }

  #arm(write: () => void): void {
    this.#out("if");
    this.#within({ types: [], isLoop: false }, write);
    this.#out("end");
  }

  #inside(results: readonly Type[]): void {
    this.#statements(3);
    for (const type of results) this.#value(type, 2);
  }

  #block(results: readonly Type[]): void {
    this.#out(`block${typed("result", results)}`);
    this.#within({ types: results, isLoop: false }, () => this.#inside(results));
    this.#out("end");
  }

  /** With parameters that each round receives from the previous one. */
  #loop(): void {
    const params = this.#chance.many(0, 2, () => this.#chance.pick(TYPES));
    for (const type of params) this.#value(type, 1);
    this.#out(`loop${typed("param", params)}`);
    this.#within({ types: params, isLoop: true }, () => {
      this.#budget();
      for (const type of params.toReversed()) this.#out(`local.set ${this.#local(type)}`);
      this.#statements(4);
    });
    this.#out("end");
  }

  #catching(): void {
    if (this.#around.catches === "try") return this.#try();
    const tag = this.#chance.below(this.#around.tags.length);
    const types = this.#around.tags[tag] ?? [];
    const withReference = this.#chance.is(0.5);
    this.#out("block", `block (result ${[...types, ...(withReference ? ["exnref"] : [])].join(" ")})`);
    this.#out(`block (result exnref)`, `try_table (catch${withReference ? "_ref" : ""} ${tag} 1) (catch_all_ref 0)`);
    // Branches out of here would have to know of the blocks for the handlers.
    const outside = this.#labels;
    this.#labels = [];
    this.#statements(3);
    this.#throw(0.5);
    this.#labels = outside;
    this.#out("end", "br 2", "end", `local.set ${this.#exception}`);
    if (this.#chance.is(0.2)) this.#out(`local.get ${this.#exception}`, "throw_ref");
    this.#out("br 1", "end");
    if (withReference) this.#out(`local.set ${this.#exception}`);
    for (const type of types.toReversed()) this.#out(`local.set ${this.#local(type)}`);
    this.#out("end");
  }

  #try(): void {
    const tag = this.#chance.below(this.#around.tags.length);
    this.#out("try");
    const label = { types: [], isLoop: false };
    this.#within(label, () => {
      if (this.#chance.is(0.3)) {
        this.#out("try");
        this.#within(label, () => this.#statements(2));
        this.#out(`delegate ${this.#chance.below(this.#labels.length)}`);
      }
      this.#statements(3);
      this.#throw(0.5);
      this.#out(`catch ${tag}`);
      for (const type of (this.#around.tags[tag] ?? []).toReversed()) this.#out(`local.set ${this.#local(type)}`);
      this.#statements(2);
      if (this.#chance.is(0.7)) {
        this.#out("catch_all");
        this.#statements(2);
      }
      if (this.#chance.is(0.2)) this.#out("rethrow 0");
    });
    this.#out("end");
  }

  #throw(probability: number): void {
    if (!this.#around.throws || !this.#chance.is(probability)) return;
    const tag = this.#chance.below(this.#around.tags.length);
    this.#value("i32", 1);
    this.#arm(() => {
      for (const type of this.#around.tags[tag] ?? []) this.#value(type, 1);
      this.#out("i32.const 1", "global.set $thrown", `throw ${tag}`);
    });
  }

  /** By number, or through the table, with whatever it gives dropped. */
  #call(number: number): void {
    this.#callFor(number);
    for (const _ of this.#around.functions[number]?.results ?? []) this.#out("drop");
  }

  #callFor(number: number): void {
    const signature = this.#around.functions[number];
    for (const type of signature?.params ?? []) this.#value(type, 1);
    const slot = this.#around.slots.indexOf(number);
    if (slot < 0 || this.#chance.is(0.6)) return this.#out(`call $f${number}`);
    if (this.#chance.is(0.9)) this.#out(`i32.const ${slot}`);
    else this.#small(3);
    this.#out(`call_indirect $functions${signatureText(signature ?? { params: [], results: [] })}`);
  }

  #leave(): void {
    const { results } = this.#own;
    const alike = this.#around.functions.flatMap((each, index) =>
      each.results.join() === results.join() ? [index] : [],
    );
    const sort = this.#chance.below(8);
    if (sort === 0) return this.#out("unreachable");
    // In an arm, so that what follows is not dead each time.
    this.#value("i32", 2);
    this.#arm(() => {
      if (sort >= 4 && alike.length > 0) return this.#tailCall(this.#chance.pick(alike));
      for (const type of results) this.#value(type, 2);
      this.#out("return");
    });
  }

  #tailCall(number: number): void {
    const signature = this.#around.functions[number] ?? this.#own;
    for (const type of signature.params) this.#value(type, 1);
    const slot = this.#around.slots.indexOf(number);
    if (slot < 0 || this.#chance.is(0.5)) return this.#out(`return_call $f${number}`);
    this.#out(`i32.const ${slot}`, `return_call_indirect $functions${signatureText(signature)}`);
  }

  /** Code that leaves one value of that type. */
  #value(type: Type, depth = EXPRESSION_DEPTH): void {
    if (depth <= 0 || this.#left <= 0) return this.#simple(type);
    const flat = this.#function.isLeaf;
    const sort = this.#chance.below(flat ? 7 : 13);
    if (sort < 2) return this.#simple(type);
    if (sort < 6) return this.#operation(type, depth);
    if (sort === 6) return this.#select(type, depth);
    if (sort < 9) return this.#if([type]);
    if (sort === 9) return this.#block([type]);
    if (sort === 10) return this.#several(type);
    return this.#result(type, depth);
  }

  #simple(type: Type): void {
    switch (this.#chance.below(4)) {
      case 0:
        return this.#out(constantText(type, this.#chance, this.#around));
      case 1:
        return this.#out(`global.get $g_${type}`);
      default:
        return this.#out(`local.get ${this.#local(type)}`);
    }
  }

  #select(type: Type, depth: number): void {
    this.#value(type, depth - 1);
    this.#value(type, 1);
    this.#value("i32", depth - 1);
    this.#out(this.#chance.is(0.5) || type.endsWith("ref") ? `select (result ${type})` : "select");
  }

  #operation(type: Type, depth: number): void {
    if (type.endsWith("ref")) {
      this.#small(3);
      return this.#out(`table.get ${type === "funcref" ? "$functions" : "$hosts"}`);
    }
    if (type === "i32" && this.#chance.is(0.2)) return this.#query();
    if (type === "v128" && this.#chance.is(0.1)) return this.#shuffle();
    const { name, params, lanes, isMemory, isFloat } = this.#chance.pick(GIVING[type]);
    for (const [index, param] of params.entries()) {
      if (isMemory && index === 0) this.#address();
      else this.#value(param, depth - 1);
    }
    const offset = isMemory ? ` offset=${this.#chance.below(64)}` : "";
    this.#out(`${name}${offset}${this.#lane(lanes)}`);
    // Which NaN results is left open: V8 need not choose the same one each time.
    if (isFloat && type !== "i32") this.#out(`call $calm_${type}${type === "v128" ? `_${name.slice(0, 5)}` : ""}`);
  }

  #shuffle(): void {
    this.#value("v128", 1);
    this.#value("v128", 1);
    this.#out(`i8x16.shuffle ${Array.from({ length: 16 }, () => this.#chance.below(32)).join(" ")}`);
  }

  /** A number about memory, tables and references. */
  #query(): void {
    switch (this.#chance.below(6)) {
      case 0:
        return this.#out("memory.size");
      case 1:
        return this.#out(`table.size ${this.#chance.pick(["$functions", "$hosts"])}`);
      case 2:
        this.#small(this.#chance.is(0.9) ? 1 : 0x7fffffff);
        return this.#out("memory.grow");
      case 3:
        this.#value("externref", 1);
        this.#small(3);
        return this.#out("table.grow $hosts");
      case 4:
        this.#value("funcref", 1);
        this.#small(this.#chance.is(0.9) ? 3 : 0x7fffffff);
        return this.#out("table.grow $functions");
      default:
        this.#value(this.#chance.pick(["funcref", "externref"]), 1);
        return this.#out("ref.is_null");
    }
  }

  /** A block of several results, of which only one is kept. */
  #several(type: Type): void {
    const others = this.#chance.many(1, 3, () => this.#chance.pick(NUMBERS));
    const types = [type, ...others];
    const shape = this.#chance.pick([() => this.#block(types), () => this.#if(types)]);
    shape();
    for (const _ of others) this.#out("drop");
  }

  /** The result of a call of that type, when there is a function that gives one. */
  #result(type: Type, depth: number): void {
    const fit = this.#around.functions.flatMap(({ results }, index) => (results.includes(type) ? [index] : []));
    if (fit.length === 0) return this.#operation(type, depth);
    const number = this.#chance.pick(fit);
    this.#callFor(number);
    const results = this.#around.functions[number]?.results ?? [];
    const kept = results.indexOf(type);
    for (let index = results.length - 1; index > kept; index -= 1) this.#out("drop");
    if (kept === 0) return;
    const local = this.#local(type);
    this.#out(`local.set ${local}`, ...Array<string>(kept).fill("drop"), `local.get ${local}`);
  }
}
