import { CaxtonError } from "../../kernel/errors.ts";

/** Where in an expression; both count from 1. */
export type ExpressionPlace = { readonly line: number; readonly column: number };

/** An expression that cannot be compiled. The message has the place and the line with a mark under it. */
export class ExpressionInvalidError extends CaxtonError<ExpressionPlace> {
  readonly code = "EXPRESSION_INVALID";
  readonly kind = "invalid";
}

/** Something wrong at a place of the source, before it is worded for people. */
export class CompileError extends Error {
  readonly start: number;
  readonly fix: string;
  constructor(problem: string, start: number, fix: string) {
    super(problem);
    this.start = start;
    this.fix = fix;
  }
}

/** The flaw as an error with line, column and a mark. */
export function invalidExpression(source: string, { message, start, fix }: CompileError): ExpressionInvalidError {
  const before = source.slice(0, start);
  const line = before.split("\n").length;
  const column = start - before.lastIndexOf("\n");
  const text = source.split("\n")[line - 1] ?? "";
  const shown = `${text}\n${" ".repeat(column - 1)}^`;
  return new ExpressionInvalidError(`line ${line}, column ${column}: ${message}\n${shown}`, fix, { line, column });
}
