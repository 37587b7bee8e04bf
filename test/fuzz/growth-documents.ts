import { type Families, nested, repeated, times, wide } from "./growth-pieces.ts";

const HEADER = `name = "grown"\nversion = "1.0.0"\ncapabilities = ["growing"]\nsystem_prompt = "You grow."\n`;
const YAML_HEADER = `name: grown\nversion: "1.0.0"\ncapabilities: [growing]\nsystem_prompt: You grow.\n`;

const path = (parts: number, index: number): string =>
  `${Array.from({ length: parts }, () => "a").join(".")}.k${index}`;

export const TOML: Families = {
  "one dotted key": (chars) => `[parameters]\n${times(chars, "a.")}z = 1`,
  "one dotted header": (chars) => `[parameters.${times(chars, "a.")}z]\nk = 1`,
  "dotted keys of 60 parts": (chars) => `[tool_config]\n${repeated(chars, (index) => `${path(60, index)} = 1\n`)}`,
  "headers of 60 parts": (chars) => repeated(chars, (index) => `[tool_config.${path(60, index)}]\nx = 1\n`),
  "keys with many parts of their own": (chars) => repeated(chars, (index) => `k${index}.a.b.c.d.e.f.g.h = 1\n`),
  "unknown keys": (chars) => repeated(chars, (index) => `unknown_key_${index} = 1\n`),
  "keys nearly known": (chars) => repeated(chars, (index) => `user_prompt_templat${index} = 1\n`),
  "short keys": (chars) => `[tool_config.x]\n${repeated(chars, (index) => `${index}=1\n`)}`,
  "keys of a wrong table": (chars) => `[llm]\n${repeated(chars, (index) => `k${index} = 1\n`)}`,
  "unused parameters": (chars) => `[parameters]\n${repeated(chars, (index) => `p${index} = 1\n`)}`,
  "unused parameters and a long prompt": (chars) =>
    `documentation = "x"\nuser_prompt_template = "${times(chars / 2, "word ")}"\n[parameters]\n${repeated(chars / 2, (index) => `p${index} = 1\n`)}`,
  "used parameters": (chars) =>
    `user_prompt_template = "${repeated(chars / 2, (index) => `{{p${index}}}`)}"\n[parameters]\n${repeated(chars / 2, (index) => `p${index} = 1\n`)}`,
  "parameters of wrong names": (chars) => `[parameters]\n${repeated(chars, (index) => `"p ${index}" = 1\n`)}`,
  "one long key": (chars) => `${times(chars, "k")} = 1`,
  "one long quoted key": (chars) => `"${times(chars, "\\u0041")}" = 1`,
  "one long text": (chars) => `documentation = "${times(chars, "word ")}"`,
  "one long text of escapes": (chars) => `documentation = "${times(chars, "\\n\\u00e9")}"`,
  "one long text of lines": (chars) => `documentation = """${times(chars, 'a "b"\n')}"""`,
  "text that is never closed": (chars) => `documentation = """${times(chars, 'a ""\n')}`,
  "one long number": (chars) => `max = ${times(chars, "1")}`,
  "one long number with underscores": (chars) => `max = 1${times(chars, "_1")}`,
  "one long word": (chars) => `max = ${times(chars, "x")}`,
  comments: (chars) => times(chars, "# a comment\n"),
  "empty lines": (chars) => times(chars, "\n"),
  "lines ended by CR LF": (chars) => repeated(chars, () => "# c\r\n"),
  spaces: (chars) => `max = ${times(chars, " ")}1`,
  tables: (chars) => repeated(chars, (index) => `[t${index}]\n`),
  "arrays of tables": (chars) => times(chars, "[[skills]]\n"),
  "arrays of tables with a key": (chars) => times(chars, "[[skills]]\nk = 1\n"),
  "arrays in arrays of tables": (chars) => times(chars, "[[skills]]\n[[skills.a]]\n[[skills.a.b]]\n"),
  "keys given twice": (chars) => times(chars, "k = 1\n"),
  "nested arrays": (chars) => `skills = ${nested(chars, "[", "1", "]")}`,
  "nested arrays that are never closed": (chars) => `skills = ${times(chars, "[")}`,
  "nested inline tables": (chars) => `skills = ${nested(chars, "{a=", "1", "}")}`,
  "arrays nested 60 deep": (chars) => `skills = [${repeated(chars, () => nested(120, "[", "1", "]"), ",")}]`,
  "a wide array": (chars) => `skills = [${wide(chars, ",")}]`,
  "a wide array of texts": (chars) => `tags = [${repeated(chars, (index) => `"t${index}"`, ",")}]`,
  "a wide array of empty arrays": (chars) => `skills = [${times(chars, "[],")}]`,
  "a wide inline table": (chars) => `skills = {${repeated(chars, (index) => `k${index}=1`, ",")}}`,
  "an array of inline tables": (chars) => `skills = [${times(chars, "{a=1},")}]`,
  "tags that are no text": (chars) => `tags = [${times(chars, "1,")}]`,
  "unknown tools": (chars) => `tools = [${repeated(chars, (index) => `"csv_parser.tool${index}"`, ",")}]`,
  "names that are no tools": (chars) => `tools = [${repeated(chars, (index) => `"a tool ${index}"`, ",")}]`,
  "invalid capabilities": (chars) => `requires = [${repeated(chars, (index) => `"A ${index}"`, ",")}]`,
  "rules about no tool": (chars) => `[permissions]\ndeny = [${repeated(chars, (index) => `"no.tool${index}"`, ",")}]`,
  "rules that cannot be read": (chars) =>
    `[permissions]\ndeny = [${repeated(chars, (index) => `"no tool ${index}"`, ",")}]`,
  "rules with large patterns": (chars) =>
    `[permissions]\ndeny = [${repeated(chars, (index) => `'x(a${index}=~"(((a{9}){9}){9}){9}")'`, ",")}]`,
  "secrets in headers": (chars) => `[llm.headers]\n${repeated(chars, (index) => `token-${index} = "x"\n`)}`,
  "wrong names of headers": (chars) => `[llm.headers]\n${repeated(chars, (index) => `"token ${index}" = "x"\n`)}`,
  "unknown variables": (chars) => `user_prompt_template = "${repeated(chars, (index) => `{{v${index}}} `)}"`,
  "one unknown variable": (chars) => `user_prompt_template = "${times(chars, "{{reqest}} ")}"`,
  "unknown variables of a message": (chars) =>
    `[prompt_templates]\non_request = "${repeated(chars, (index) => `{{v${index}}} `)}"`,
  "placeholders in the system prompt": (chars) => `system_prompt = "${times(chars, "{{request}} ")}"`,
  "placeholders without values": (chars) => `system_prompt = "${repeated(chars, (index) => `{{v${index}}} `)}"`,
  "braces in the system prompt": (chars) => `system_prompt = "${times(chars, "{{ a ")}"`,
  "spaces in braces": (chars) => `system_prompt = "${times(chars, "{{                    ")}"`,
  "one brace and spaces": (chars) => `system_prompt = "{{${times(chars, " ")}"`,
  "a schema of answers": (chars) =>
    `[output.schema]\ntype = "object"\n[output.schema.properties]\n${repeated(chars, (index) => `p${index} = { type = "string" }\n`)}`,
  "a pattern of answers": (chars) =>
    `[output.schema]\ntype = "object"\n[output.schema.properties.a]\npattern = '${times(chars, "(a+)+")}'`,
  "invalid dates": (chars) => `created = "2026-11-20T${times(chars, " ")}\\n"`,
  "a name of capitals": (chars) => `name = "${times(chars, "aB")}"`,
  "a capability of hyphens": (chars) => `capabilities = ["${times(chars, "a-")}"]`,
  "control characters": (chars) => `documentation = "\u0001${times(chars, "\u0001")}"`,
};

/** Whole definitions; where a family sets a key of the header itself, the key is given once. */
export const DEFINITIONS_TOML: Families = Object.fromEntries(
  Object.entries(TOML).map(([name, make]) => [
    name,
    (chars: number) => {
      const grown = make(chars);
      const header = HEADER.split("\n").filter((line) => !grown.startsWith(`${line.split(" ")[0]} =`));
      return header.join("\n") + grown;
    },
  ]),
);

export const YAML: Families = {
  "unknown keys": (chars) => repeated(chars, (index) => `unknown_key_${index}: 1\n`),
  "short keys": (chars) => `skills:\n${repeated(chars, (index) => ` ${index}: 1\n`)}`,
  "keys given twice": (chars) => times(chars, "k: 1\n"),
  "keys of a flow given twice": (chars) => `skills: {${times(chars, "k: 1, ")}}`,
  "keys of a flow": (chars) => `skills: {${repeated(chars, (index) => `k${index}: 1, `)}}`,
  "keys that are lists": (chars) => repeated(chars, (index) => `? [${index}]\n: 1\n`),
  "keys without values": (chars) => repeated(chars, (index) => `? k${index}\n`),
  "nested flow lists": (chars) => `skills: ${nested(chars, "[", "1", "]")}`,
  "nested flow lists that are never closed": (chars) => `skills: ${times(chars, "[")}`,
  "nested flow tables": (chars) => `skills: ${nested(chars, "{a: ", "1", "}")}`,
  "flow lists 60 deep": (chars) => `skills: [${repeated(chars, () => nested(120, "[", "1", "]"), ", ")}]`,
  "nested lists in one line": (chars) => `skills:\n ${times(chars, "- ")}1`,
  "nested keys in one line": (chars) => `skills:\n ${times(chars, "? ")}1`,
  "nested tables": (chars) => {
    const depth = Math.ceil(Math.sqrt(2 * chars));
    return Array.from({ length: depth }, (_, index) => `${" ".repeat(index)}a:\n`).join("");
  },
  "tables nested 60 deep": (chars) =>
    repeated(chars, (index) =>
      Array.from({ length: 60 }, (_, deep) => `${" ".repeat(deep)}${deep === 0 ? `k${index}` : "a"}:\n`).join(""),
    ),
  "a list": (chars) => `tags:\n${times(chars, " - a\n")}`,
  "a list of tables": (chars) => `skills:\n${times(chars, " - a: 1\n")}`,
  "a wide flow list": (chars) => `skills: [${wide(chars, ", ")}]`,
  "empty flow lists": (chars) => `skills: [${times(chars, "[], ")}]`,
  anchors: (chars) => `skills:\n${repeated(chars, (index) => ` - &a${index} 1\n`)}`,
  "one anchor repeated": (chars) => `skills:\n${times(chars, " - &a 1\n")}`,
  "anchors and aliases": (chars) => `skills:\n${repeated(chars, (index) => ` - &a${index} 1\n - *a${index}\n`)}`,
  aliases: (chars) => `skills:\n - &a 1\n${times(chars, " - *a\n")}`,
  "aliases of nothing": (chars) => `skills:\n${times(chars, " - *a\n")}`,
  "aliases of aliases": (chars) =>
    `a0: &a0 [1, 1]\n${repeated(chars, (index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]\n`)}`,
  tags: (chars) => `skills:\n${times(chars, " - !x 1\n")}`,
  "tags of core": (chars) => `skills:\n${times(chars, " - !!str 1\n")}`,
  documents: (chars) => `k: 1\n${times(chars, "---\n")}`,
  "ends of documents": (chars) => `k: 1\n${times(chars, "...\n")}`,
  directives: (chars) => times(chars, "%X\n"),
  comments: (chars) => times(chars, "# a comment\n"),
  "comments in a list": (chars) => `tags:\n${times(chars, " # c\n - a\n")}`,
  "empty lines": (chars) => times(chars, "\n"),
  spaces: (chars) => `k: ${times(chars, " ")}1`,
  "one long key": (chars) => `${times(chars, "k")}: 1`,
  "one long text": (chars) => `documentation: ${times(chars, "word ")}`,
  "a text of lines": (chars) => `documentation: a\n${times(chars, " word\n")}`,
  "a block of text": (chars) => `documentation: |\n${times(chars, " word\n")}`,
  "a folded block of text": (chars) => `documentation: >\n${times(chars, " word\n\n  more\n")}`,
  "quoted text of lines": (chars) => `documentation: "${times(chars, "word\n ")}"`,
  "quoted text of escapes": (chars) => `documentation: "${times(chars, "\\u00e9\\n")}"`,
  "text in single quotes": (chars) => `documentation: '${times(chars, "''a\n ")}'`,
  "text that is never closed": (chars) => `documentation: "${times(chars, "word\n ")}`,
  "tabs for indentation": (chars) => `skills:\n${times(chars, "\t- a\n")}`,
  "wrong indentation": (chars) => `skills:\n${times(chars, "  a: 1\n b: 1\n")}`,
  "colons in text": (chars) => repeated(chars, (index) => `k${index}: a: b: c\n`),
  "colons in one text": (chars) => `k: ${times(chars, "a: ")}`,
  "brackets too many": (chars) => `skills: ${times(chars, "]")}`,
  "quotes too many": (chars) => repeated(chars, (index) => `k${index}: "a" b\n`),
  "lines that are no keys": (chars) => times(chars, "word\n"),
  "words after a table": (chars) => `k: 1\n${times(chars, "word\n")}`,
  "merge keys": (chars) => `a: &a {b: 1}\n${repeated(chars, (index) => `k${index}: {<<: *a}\n`)}`,
  "one long number": (chars) => `k: ${times(chars, "1")}`,
  "unknown tools": (chars) => `tools: [${repeated(chars, (index) => `csv_parser.tool${index}`, ", ")}]`,
  "tools as one text": (chars) => `tools: ${repeated(chars, (index) => `csv_parser.tool${index}`, ", ")}`,
  "tools as one text of brackets": (chars) => `tools: ${times(chars, "(")}`,
  "tags that are no text": (chars) => `tags: [${times(chars, "1, ")}]`,
};

export const DEFINITIONS_MARKDOWN: Families = {
  ...Object.fromEntries(
    Object.entries(YAML).map(([name, make]) => [
      name,
      (chars: number) => `---\n${YAML_HEADER}${make(chars)}\n---\nText.\n`,
    ]),
  ),
  "foreign fields": (chars) =>
    `---\nname: a-b\ndescription: d\n${repeated(chars, (index) => `field${index}: 1\n`)}---\nText.`,
  "foreign tools": (chars) =>
    `---\nname: a-b\ndescription: d\ntools: ${repeated(chars, (index) => `Tool${index}`, ", ")}\n---\nText.`,
  "foreign tools in brackets": (chars) =>
    `---\nname: a-b\ndescription: d\ntools: ${repeated(chars, (index) => `Bash(git ${index}:*)`, ", ")}\n---\nText.`,
  "a foreign description to repair": (chars) =>
    `---\nname: a-b\ndescription: ${times(chars, "Examples: <x>: y. ")}\n---\nText.`,
  "foreign fields to repair": (chars) =>
    `---\nname: a-b\n${repeated(chars, (index) => `field${index}: a: b\n`)}---\nText.`,
  "a foreign description of blank lines": (chars) =>
    `---\nname: a-b\ndescription: a: b\n${times(chars, "\n")}more: c: d\n---\nText.`,
  "a foreign name of hyphens": (chars) => `---\nname: ${times(chars, "A--")}\ndescription: d\n---\nText.`,
  "a foreign description of spaces": (chars) => `---\nname: a-b\ndescription: "a${times(chars, " ")}b"\n---\nText.`,
  "a foreign model": (chars) => `---\nname: a-b\ndescription: d\nmodel: ${times(chars, "x")}\n---\nText.`,
  "front matter that is never closed": (chars) => `---\n${times(chars, "a: 1\n")}`,
  "a long body": (chars) => `---\n${YAML_HEADER.replace(/system.*\n/, "")}---\n${times(chars, "word\n")}`,
  "a body of placeholders": (chars) =>
    `---\n${YAML_HEADER.replace(/system.*\n/, "")}---\n${times(chars, "{{request}}\n")}`,
  "a body of rules": (chars) => `---\n${YAML_HEADER.replace(/system.*\n/, "")}---\n${times(chars, "---\n")}`,
  "a body of blank lines": (chars) => `---\n${YAML_HEADER.replace(/system.*\n/, "")}---\na\n${times(chars, " \n")}b`,
  "blank lines before it": (chars) => `${times(chars, " \n")}---\n${YAML_HEADER}---\nText.`,
};
