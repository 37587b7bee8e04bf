import { AGENT_TEST_SCHEMA_ID, agentTestSchema } from "../../agents/test-files/index.ts";

const SCHEMA_PATH = `.caxton${AGENT_TEST_SCHEMA_ID}`;

/** Tests to begin with, beside a new definition, and the schema by which editors complete them. */
export const scaffoldTests = (
  name: string,
): readonly { readonly path: string; readonly content: string; readonly executable: boolean }[] => [
  { path: `${name}.test.toml`, content: exampleOf(name), executable: false },
  { path: SCHEMA_PATH, content: `${JSON.stringify(agentTestSchema(), undefined, 2)}\n`, executable: false },
];

const exampleOf = (name: string): string => `#:schema ./${SCHEMA_PATH}
# Tests of ${name}.toml. Run them:  caxton agent test ${name}.toml
# Nothing of them asks a language model, so they cost nothing and are the same every time.

# The built-in model answers here. With --live the definition's own does.
[[scenario]]
name = "answers a plain question"
input = "What can you do?"

[scenario.expect]
limits = { steps = 10, failed_calls = 0 }

# Here the test says what the model answers, turn by turn; tools that it calls are called, unless a stub answers for them.
[[scenario]]
name = "gives the model's answer"
input = "Say hello."
turn = [{ text = "Hello! What can I do for you?" }]

[scenario.expect]
contains = ["hello"]
not_called = ["*"]
limits = { steps = 1 }

# More that can be expected: called, order, call (with its arguments), matches, lacks, json, schema, artifacts, state, and a
# judge with a rubric. docs/guides/testing-agents.md shows each.
`;
