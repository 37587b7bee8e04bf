export { MockModel } from "./mock-model.ts";
