import * as fc from "fast-check";

/*
 * Random programs that end: valid modules of a few functions over one memory, one table, and every way that control can
 * take. Each loop's head and each function's entry draws on a budget, so that all of them terminate.
 */

type Expression =
  | { readonly type: "constant"; readonly value: number }
  | { readonly type: "local"; readonly index: number }
  | { readonly type: "size" }
  | { readonly type: "binary"; readonly name: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: "load"; readonly address: Expression }
  | { readonly type: "choice"; readonly condition: Expression; readonly yes: Expression; readonly no: Expression }
  | {
      readonly type: "early";
      readonly condition: Expression;
      readonly value: Expression;
      readonly body: readonly Statement[];
    }
  | { readonly type: "call"; readonly callee: number; readonly argument: Expression }
  | { readonly type: "indirect"; readonly slot: Expression; readonly argument: Expression }
  | { readonly type: "grow"; readonly what: "memory" | "table"; readonly by: Expression };

type Statement =
  | { readonly type: "set"; readonly index: number; readonly value: Expression }
  | { readonly type: "store"; readonly address: Expression; readonly value: Expression }
  | { readonly type: "bulk"; readonly name: string; readonly to: Expression; readonly length: Expression }
  | { readonly type: "if"; readonly condition: Expression; readonly yes: Statements; readonly no: Statements | null }
  | { readonly type: "block" | "loop"; readonly body: Statements }
  | { readonly type: "branch"; readonly target: number; readonly condition: Expression | null }
  | { readonly type: "branch-table"; readonly targets: readonly number[]; readonly selector: Expression }
  | { readonly type: "return" | "tail" | "throw"; readonly value: Expression; readonly callee: number }
  | { readonly type: "trap" | "nop" }
  | {
      readonly type: "try";
      readonly body: Statements;
      readonly handler: Statements;
      readonly again: Expression | null;
    };
type Statements = readonly Statement[];

type Source = { readonly locals: number; readonly body: Statements; readonly result: Expression };

/** `throws`: whether exceptions are thrown at all; `style`: which of the two ways to catch them the module uses. */
export type Program = {
  readonly wat: string;
  readonly throws: boolean;
};

const OPERATORS = ["add", "sub", "mul", "xor", "shl", "rotr", "lt_s", "eq", "div_s", "rem_u"];
const BULK = ["memory.fill", "memory.copy", "memory.init", "table.fill", "table.copy", "table.init"];
const small = fc.nat({ max: 7 });

type Grammar = { readonly expression: Expression; readonly statement: Statement; readonly statements: Statements };

/** A node of the tree: its type, then its parts. */
const node = <Type extends string, Parts extends object>(
  types: readonly Type[],
  parts: { [Key in keyof Parts]: fc.Arbitrary<Parts[Key]> },
) => fc.tuple(fc.constantFrom(...types), fc.record<Parts>(parts)).map(([type, rest]) => ({ type, ...rest }));

const constant = node(["constant"], { value: fc.oneof(small, fc.integer()) });

const expressionOf = (expression: fc.Arbitrary<Expression>, statements: fc.Arbitrary<Statements>) =>
  fc.oneof(
    { maxDepth: 4, depthIdentifier: "expression" },
    constant,
    node(["local"], { index: small }),
    node(["size"], {}),
    node(["binary"], { name: fc.constantFrom(...OPERATORS), left: expression, right: expression }),
    node(["load"], { address: expression }),
    node(["choice"], { condition: expression, yes: expression, no: expression }),
    node(["early"], { condition: expression, value: expression, body: statements }),
    node(["call"], { callee: small, argument: expression }),
    node(["indirect"], { slot: expression, argument: expression }),
    node(["grow"], {
      what: fc.constantFrom("memory" as const, "table" as const),
      by: fc.oneof(node(["constant"], { value: small }), expression),
    }),
  );

const statementOf = (expression: fc.Arbitrary<Expression>, statements: fc.Arbitrary<Statements>) =>
  fc.oneof(
    { maxDepth: 4, depthIdentifier: "statement" },
    node(["set"], { index: small, value: expression }),
    node(["branch"], { target: small, condition: fc.option(expression) }),
    node(["store"], { address: expression, value: expression }),
    node(["bulk"], { name: fc.constantFrom(...BULK), to: expression, length: expression }),
    node(["if"], { condition: expression, yes: statements, no: fc.option(statements) }),
    node(["block", "loop"], { body: statements }),
    node(["branch-table"], { targets: fc.array(small, { minLength: 1, maxLength: 4 }), selector: expression }),
    node(["return", "tail", "throw"], { value: expression, callee: small }),
    node(["try"], { body: statements, handler: statements, again: fc.option(expression) }),
    node(["nop", "nop", "nop", "trap"], {}),
  );

const grammar = fc.letrec<Grammar>((tie) => ({
  expression: expressionOf(tie("expression"), tie("statements")),
  statement: statementOf(tie("expression"), tie("statements")),
  statements: fc.array(tie("statement"), { maxLength: 5, depthIdentifier: "statement" }),
}));

const source: fc.Arbitrary<Source> = fc.record({
  locals: fc.nat({ max: 9 }),
  body: fc.array(grammar.statement, { minLength: 1, maxLength: 8 }),
  result: grammar.expression,
});

/** Writes one module; labels are numbered so that none hides another. */
class Renderer {
  readonly #functions: number;
  readonly #throws: boolean;
  readonly #handlers: "inside" | "outside";
  /** Labels that a branch without a value may aim at, outermost first. */
  #labels: readonly string[] = [];
  #next = 0;

  constructor(functions: number, throws: boolean, handlers: "inside" | "outside") {
    this.#functions = functions;
    this.#throws = throws;
    this.#handlers = handlers;
  }

  function({ locals, body, result }: Source, index: number): string {
    const name = index === 0 ? `$f0 (export "f")` : `$f${index}`;
    const exception = this.#handlers === "outside" ? "(local $exception exnref)" : "";
    const declared = `(local i32 i32) (local ${"i64 ".repeat(locals)}) ${exception}`;
    const exhausted = `(if (i32.lt_s (call $draw) (i32.const 0)) (then (return (i32.const 0))))`;
    return `(func ${name} (type $fn) ${declared} ${exhausted} ${this.statements(body)} ${this.expression(result)})`;
  }

  #fresh(): string {
    this.#next += 1;
    return `$l${this.#next}`;
  }

  #callee = (callee: number): string => `$f${callee % this.#functions}`;

  /** Renders inside a block that branches may leave by `label`. */
  #within(label: string, render: () => string): string {
    const outside = this.#labels;
    this.#labels = [...outside, label];
    const text = render();
    this.#labels = outside;
    return text;
  }

  statements(statements: Statements): string {
    return statements.map((statement) => this.statement(statement)).join("\n");
  }

  expression(tree: Expression): string {
    switch (tree.type) {
      case "constant":
        return `(i32.const ${tree.value})`;
      case "local":
        return `(local.get ${tree.index % 3})`;
      case "size":
        return `(i32.add (memory.size) (table.size $t))`;
      case "binary":
        return `(i32.${tree.name} ${this.expression(tree.left)} ${this.expression(tree.right)})`;
      case "load":
        return `(i32.load8_u ${this.#address(tree.address)})`;
      case "choice":
        return `(if (result i32) ${this.expression(tree.condition)}
          (then ${this.expression(tree.yes)}) (else ${this.expression(tree.no)}))`;
      case "early": {
        const label = this.#fresh();
        const leave = `(drop (br_if ${label} ${this.expression(tree.value)} ${this.expression(tree.condition)}))`;
        return `(block ${label} (result i32) ${leave} ${this.statements(tree.body)} (i32.const 3))`;
      }
      case "call":
        return `(call ${this.#callee(tree.callee)} ${this.expression(tree.argument)})`;
      case "indirect":
        return `(call_indirect $t (type $fn) ${this.expression(tree.argument)}
          (i32.and ${this.expression(tree.slot)} (i32.const 3)))`;
      case "grow":
        return tree.what === "memory"
          ? `(memory.grow ${this.expression(tree.by)})`
          : `(table.grow $t (ref.null func) ${this.expression(tree.by)})`;
    }
  }

  #address = (address: Expression): string => `(i32.and ${this.expression(address)} (i32.const 0xffff))`;

  statement(tree: Statement): string {
    switch (tree.type) {
      case "nop":
        return "(nop)";
      case "trap":
        return "(unreachable)";
      case "set":
        return `(local.set ${tree.index % 3} ${this.expression(tree.value)})`;
      case "store":
        return `(i32.store8 ${this.#address(tree.address)} ${this.expression(tree.value)})`;
      case "bulk":
        return this.#bulk(tree.name, this.expression(tree.to), this.expression(tree.length));
      case "if":
        return this.#choose(this.expression(tree.condition), tree.yes, tree.no);
      case "block":
      case "loop":
        return this.#block(tree.type, tree.body);
      case "branch":
      case "branch-table":
        return this.#branch(tree);
      case "return":
        return `(return ${this.expression(tree.value)})`;
      case "tail":
        return `(return_call ${this.#callee(tree.callee)} ${this.expression(tree.value)})`;
      case "throw":
        return this.#throws ? `(throw $e ${this.expression(tree.value)})` : "(nop)";
      case "try":
        return this.#handlers === "inside" ? this.#try(tree) : this.#tryTable(tree);
    }
  }

  #bulk(name: string, to: string, length: string): string {
    const short = `(i32.and ${length} (i32.const ${name.startsWith("table") ? 3 : 255}))`;
    const place = `(i32.and ${to} (i32.const ${name.startsWith("table") ? 1 : 0x7fff}))`;
    if (name === "memory.fill") return `(memory.fill ${place} (i32.const 7) ${short})`;
    if (name === "table.fill") return `(table.fill $t ${place} (ref.null func) ${short})`;
    return `(${name}${name.endsWith("init") ? " $passive" : ""} ${place} (i32.const 0) ${short})`;
  }

  #choose(condition: string, yes: Statements, no: Statements | null): string {
    const label = this.#fresh();
    const arms = this.#within(label, () => {
      const other = no === null ? "" : `(else ${this.statements(no)})`;
      return `(then ${this.statements(yes)}) ${other}`;
    });
    return `(if ${label} ${condition} ${arms})`;
  }

  #block(type: "block" | "loop", statements: Statements): string {
    const label = this.#fresh();
    const exhausted = `(if (i32.lt_s (call $draw) (i32.const 0)) (then (return (i32.const 0))))`;
    return `(${type} ${label} ${type === "loop" ? exhausted : ""} ${this.#within(label, () => this.statements(statements))})`;
  }

  #branch(tree: Extract<Statement, { type: "branch" | "branch-table" }>): string {
    const { length } = this.#labels;
    if (length === 0) return "(nop)";
    if (tree.type === "branch-table") {
      const targets = tree.targets.map((target) => this.#labels[target % length]).join(" ");
      return `(br_table ${targets} ${this.expression(tree.selector)})`;
    }
    const target = this.#labels[tree.target % length];
    return tree.condition === null ? `(br ${target})` : `(br_if ${target} ${this.expression(tree.condition)})`;
  }

  #try({ body, handler, again }: Extract<Statement, { type: "try" }>): string {
    const label = this.#fresh();
    const rethrow = again === null ? "" : `(if ${this.expression(again)} (then (rethrow ${label})))`;
    const inside = this.#within(label, () => this.statements(body));
    const handled = this.statements(handler);
    const caught = `(catch $e (local.set 1) (local.set 2 (i32.const 1))) (catch_all ${handled} ${rethrow})`;
    return `(try ${label} (do (try (do ${inside}) (delegate 0))) ${caught})`;
  }

  #tryTable({ body, handler, again }: Extract<Statement, { type: "try" }>): string {
    const [done, caught, any] = [this.#fresh(), this.#fresh(), this.#fresh()];
    const inside = this.#within(done, () => this.statements(body));
    const rethrow = again === null ? "" : `(if ${this.expression(again)} (then (throw_ref (local.get $exception))))`;
    return `(block ${done}
      (block ${any} (result exnref)
        (block ${caught} (result i32)
          (try_table (catch $e ${caught}) (catch_all_ref ${any}) ${inside})
          (br ${done}))
        (local.set 1)
        ${this.statements(handler)}
        (br ${done}))
      (local.set $exception)
      ${rethrow})`;
  }
}

/** A module that exports `f`, which takes and gives a number, and its `memory`. */
export const program: fc.Arbitrary<Program> = fc
  .record({
    functions: fc.array(source, { minLength: 1, maxLength: 4 }),
    throws: fc.boolean(),
    handlers: fc.constantFrom("inside" as const, "outside" as const),
  })
  .map(({ functions, throws, handlers }) => {
    const renderer = new Renderer(functions.length, throws, handlers);
    const bodies = functions.map((each, index) => renderer.function(each, index));
    const slots = functions.map((_, index) => `$f${index}`).join(" ");
    const wat = `(module
      (type $fn (func (param i32) (result i32)))
      (tag $e (param i32)) (memory (export "memory") 1 3) (data $passive "${"x".repeat(200)}")
      (table $t 4 20 funcref) (elem (i32.const 0) ${slots}) (elem $passive func ${slots})
      (global $budget (mut i32) (i32.const 300))
      (func $draw (result i32) (global.set $budget (i32.sub (global.get $budget) (i32.const 1))) (global.get $budget))
      ${bodies.join("\n")})`;
    return { wat, throws };
  });
