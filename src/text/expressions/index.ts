/** Expressions that people write over plain data: compiled once, of bounded cost. */
export { ExpressionInvalidError } from "./errors.ts";
export { compileExpression, type Expression } from "./expression.ts";
