/** Making tool servers from their authors' sources: new projects, compilers, the JavaScript engine, tests of tools. */
export { type BuiltTool, buildTool } from "./build.ts";
export { CompileFailedError } from "./errors.ts";
export { prepareEngine, STACK_BYTES } from "./javascript-engine.ts";
export { type LanguageName, LANGUAGES, versionNoteOf } from "./project.ts";
export { runTests, type TestReport, type TestRun } from "./run-tests.ts";
export { createTool } from "./scaffold.ts";
export type { ToolEffects } from "../catalogue/index.ts";
