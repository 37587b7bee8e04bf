import { agentSchema } from "./agent-schema.ts";
import { findTemplate, type DefinitionTemplate } from "./catalogue.ts";
import { readDefinition } from "./reading.ts";
import { DefinitionInvalidError } from "./errors.ts";

/** A file to be written; the path is relative, with forward slashes. */
export type ScaffoldFile = { readonly path: string; readonly content: string; readonly executable: boolean };

const SCHEMA_PATH = ".caxton/schema/agent.v1.json";
const SAMPLE_PATH = "examples/sales.csv";

/**
 * Returns the files that `caxton init` writes for one new agent. The scripts call `command` where no `caxton` is on PATH.
 * Throws TemplateNotFoundError, and DefinitionInvalidError when the name cannot be an agent's.
 */
export function scaffold(name: string, templateName: string, command: string): readonly ScaffoldFile[] {
  const template = findTemplate(templateName);
  const fileName = `${name}.toml`;
  const source = `#:schema ./${SCHEMA_PATH}\n${named(template, name)}`;
  const reading = readDefinition(source, fileName);
  if (reading.type === "invalid") throw new DefinitionInvalidError(fileName, reading.problems);
  return [
    file(fileName, source),
    file("README.md", readme(name, template)),
    file("examples/basic.sh", basicExample(name, template, command), true),
    file("examples/advanced.sh", advancedExample(name), true),
    ...(readsTables(template) ? [file(SAMPLE_PATH, sampleTable())] : []),
    file("prompts/templates.md", PROMPT_NOTES),
    file(SCHEMA_PATH, `${JSON.stringify(agentSchema(), undefined, 2)}\n`),
  ];
}

const named = ({ name: old, source }: DefinitionTemplate, name: string): string =>
  source.replace(`name = ${JSON.stringify(old)}`, () => `name = ${JSON.stringify(name)}`);

const file = (path: string, content: string, executable = false): ScaffoldFile => ({ path, content, executable });

/** The requests that the template's own documentation lists. */
const requestsOf = ({ source }: DefinitionTemplate): readonly string[] => {
  const documentation = /documentation = '''\n([\s\S]*?)'''/.exec(source)?.[1] ?? "";
  return [...documentation.matchAll(/^- (.+)$/gm)].map((match) => match[1] ?? "");
};

const readsTables = ({ source }: DefinitionTemplate): boolean => /^tools = .*"csv_parser"/m.test(source);

/** A request that needs no file but those of the scaffold, as arguments of `caxton run <agent>`. */
export const firstRequest = (templateName: string): string =>
  readsTables(findTemplate(templateName))
    ? `"Which region has the highest total revenue?" --file ${SAMPLE_PATH}`
    : '"What can you do?"';

/** Sales of three regions in the twelve months of a year, with a header. */
function sampleTable(): string {
  const regions = [
    { name: "North", start: 30, growth: 1 },
    { name: "South", start: 22, growth: 3 },
    { name: "West", start: 26, growth: 2 },
  ];
  const rows = Array.from({ length: 12 }, (_, month) =>
    regions.map(({ name, start, growth }) => {
      const units = start + growth * month + ((month * 7) % 5);
      return `2026-${String(month + 1).padStart(2, "0")}-01,${name},${units},${units * 4}`;
    }),
  );
  return ["date,region,units,revenue", ...rows.flat(), ""].join("\n");
}

const readme = (name: string, template: DefinitionTemplate): string => `# ${name}

${template.description}. Made from the template ${template.name}.

| file | what |
|---|---|
| \`${name}.toml\` | the agent: prompts, tools, limits |
| \`${name}.test.toml\` | tests of it: \`caxton agent test\` |
| \`examples/\` | scripts that use it${readsTables(template) ? ", and a table to try it with" : ""} |
| \`prompts/templates.md\` | how prompt templates are written |
| \`${SCHEMA_PATH}\` | lets editors complete and check the definition |

## Use it

\`\`\`sh
caxton serve                          # in another terminal, if no server runs
caxton agent validate ${name}.toml
caxton agent deploy ${name}.toml
caxton run ${name} ${firstRequest(template.name)}
\`\`\`

The agent is not active until it is deployed. Each deployment of a changed file makes a new revision.

## Things to ask

Attach files of your own with \`--file\`.

${requestsOf(template)
  .map((request) => `- ${request}`)
  .join("\n")}
`;

const basicExample = (name: string, template: DefinitionTemplate, command: string): string => `#!/bin/sh
# Deploys the agent and asks it one thing. Give your own request as the first argument.
set -eu
cd "$(dirname "$0")/.."

# The installed command, or the one that made this file.
command -v caxton >/dev/null || caxton() { ${command} "$@"; }

caxton agent deploy ${name}.toml

if [ $# -gt 0 ]; then
  caxton run ${name} "$@"
else
  caxton run ${name} ${firstRequest(template.name)}
fi
`;

const advancedExample = (name: string): string => `#!/bin/sh
# Talks to the server's REST API: validates, deploys, runs and waits for the answer. Needs curl and jq.
# Usage: examples/advanced.sh "your request"
set -eu
cd "$(dirname "$0")/.."
server=\${CAXTON_SERVER:-http://127.0.0.1:8080}
request=\${1:-"What can you do?"}

definition=$(jq -n --rawfile source ${name}.toml '{source: $source, file_name: "${name}.toml"}')

printf '%s' "$definition" |
  curl -sS --fail-with-body -H 'content-type: application/json' -d @- "$server/api/v1/agents/validate" |
  jq -r '.problems[].rendered'

printf '%s' "$definition" |
  curl -sS --fail-with-body -H 'content-type: application/json' -d @- "$server/api/v1/agents" |
  jq -r '"\\(.outcome): \\(.agent.name) revision \\(.agent.revision)"'

jq -n --arg input "$request" '{agent: "${name}", input: $input, wait: true}' |
  curl -sS --fail-with-body -H 'content-type: application/json' -d @- "$server/api/v1/runs" |
  jq .
`;

const PROMPT_NOTES = `# Prompt templates

\`user_prompt_template\` turns a request into the prompt of a run. \`{{name}}\` puts a variable there:

| variable | what it holds |
|---|---|
| \`request\` | the text of the request |
| \`files\` | the attached files, one line each; listed after the prompt when the template does not name it |
| \`timestamp\` | when the run began |
| \`agent_name\` | the name of the agent |
| your own | every key of \`[parameters]\` |

Conditions and loops are written as in Liquid:

\`\`\`
{{request}}
{% if files %}
Use only these files:
{% for file in files %}
- {{file.name}} ({{file.bytes}} bytes)
{% endfor %}
{% endif %}
\`\`\`

A variable that does not exist is an error when the definition is validated, with its line. Braces in the text of a
request are never read as a template.

\`system_prompt\` may use \`[parameters]\` and \`agent_name\`; the rest of it is sent as it stands.
`;
