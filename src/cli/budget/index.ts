export { budget } from "./budget.ts";
