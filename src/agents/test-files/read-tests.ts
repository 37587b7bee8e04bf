import { arrange, checkAgainst, parseToml, parseYaml, type Problem, problemAt } from "../../text/documents/index.ts";
import { AgentTestFile } from "./test-file.ts";

/** What a test file says, or everything that is wrong with it, in reading order. */
export type TestReading =
  | { readonly type: "valid"; readonly tests: AgentTestFile; readonly problems: readonly Problem[] }
  | { readonly type: "invalid"; readonly problems: readonly Problem[] };

const TEST_FILE = /\.test\.(?:toml|ya?ml|json)$/i;

/** Whether a file of this name holds tests of an agent, and is no definition. */
export const isTestFile = (fileName: string): boolean => TEST_FILE.test(fileName);

/** `agents/greeter` of `agents/greeter.test.toml`. */
export const testFileStem = (fileName: string): string => fileName.replace(TEST_FILE, "");

/** Reads and checks a test file: TOML, or YAML and JSON by the name. Never throws for what is in it. */
export function readAgentTests(source: string, fileName: string): TestReading {
  // JSON is YAML, so its problems have places too.
  const parsed = /\.toml$/i.test(fileName) ? parseToml(source, fileName) : parseYaml(source, fileName);
  if (parsed.type === "malformed") return { type: "invalid", problems: parsed.problems };
  const { document } = parsed;
  const checked = checkAgainst(document, AgentTestFile);
  if (checked.type === "invalid")
    return { type: "invalid", problems: arrange([...parsed.problems, ...checked.problems]) };
  const twice = checked.value.scenario.flatMap(({ name }, index, all) =>
    all.findIndex((other) => other.name === name) === index
      ? []
      : [
          problemAt(document, ["scenario", index, "name"], {
            severity: "error",
            code: "NAME_TAKEN",
            message: `there is another scenario called ${JSON.stringify(name)}`,
            fix: "Give each scenario a name of its own.",
          }),
        ],
  );
  if (twice.length > 0) return { type: "invalid", problems: arrange([...parsed.problems, ...twice]) };
  return { type: "valid", tests: checked.value, problems: parsed.problems };
}
