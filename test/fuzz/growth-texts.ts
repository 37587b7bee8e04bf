import { type Families, nested, repeated, times, wide } from "./growth-pieces.ts";

export const JSONS: Families = {
  "nested lists": (chars) => nested(chars, "[", "1", "]"),
  "nested lists that are never closed": (chars) => times(chars, "["),
  "nested objects": (chars) => nested(chars, '{"a":', "1", "}"),
  "a wide list": (chars) => `[${wide(chars, ",")}]`,
  "empty lists": (chars) => `[${times(chars, "[],")}1]`,
  "lists 100 deep": (chars) => `[${repeated(chars, () => nested(200, "[", "1", "]"), ",")}]`,
  "a wide object": (chars) => `{${repeated(chars, (index) => `"k${index}":1`, ",")}}`,
  "an object of numbers": (chars) => `{${repeated(chars, (index) => `"${index * 7}":1`, ",")}}`,
  "an object of one key": (chars) => `{${times(chars, '"k":1,')}"k":1}`,
  "objects of other keys": (chars) => `[${repeated(chars, (index) => `{"k${index}":1}`, ",")}]`,
  "one long text": (chars) => `"${times(chars, "word ")}"`,
  "one long text of escapes": (chars) => `"${times(chars, "\\u00e9\\n")}"`,
  "text that is never closed": (chars) => `"${times(chars, '\\"')}`,
  "one long number": (chars) => times(chars, "1"),
  "many numbers": (chars) => `[${times(chars, "1.25e-7,")}1]`,
  spaces: (chars) => `[${times(chars, " ")}1]`,
};

const server = (chars: number, entry: (index: number) => string): string =>
  `{"mcpServers":{${repeated(chars, entry, ",")}}}`;

export const MCP_JSON: Families = {
  ...JSONS,
  servers: (chars) => server(chars, (index) => `"s${index}":{"command":"a"}`),
  "servers of one name": (chars) =>
    server(
      chars,
      (index) =>
        `"${"!".repeat((index % 97) + 1)}é${index % 7 === 0 ? "" : "!"}${"?".repeat(index % 89)}":{"command":"a"}`,
    ),
  "a name of underscores": (chars) => server(1, () => `"a${times(chars, "_")}a":{"command":"a"}`),
  "variables of one server": (chars) =>
    `{"servers":{"s":{"command":"a","env":{${repeated(chars, (index) => `"K${index}":"\${X}"`, ",")}}}}}`,
  "references of one text": (chars) => `{"servers":{"s":{"command":"${times(chars, "${input:a}")}"}}}`,
  "references that are never closed": (chars) => `{"servers":{"s":{"command":"${times(chars, "${")}"}}}`,
  "references that fall back": (chars) => `{"servers":{"s":{"command":"\${A:-${times(chars, "\\n")}}"}}}`,
  "comments of lines": (chars) => `{"servers":{}}\n${times(chars, "// c\n")}`,
  "comments that are never closed": (chars) => times(chars, "/*"),
  "comments one after the other": (chars) => times(chars, "/**/"),
  "quotes behind backslashes": (chars) => times(chars, '\\"'),
  "quotes on lines of their own": (chars) => times(chars, '"\\\n'),
  "commas and spaces": (chars) => `[${times(chars, ",          ")}]`,
  "one comma and spaces": (chars) => `[1,${times(chars, " ")}]`,
};

export const EXPRESSIONS: Families = {
  sums: (chars) => `${times(chars, "1+")}1`,
  brackets: (chars) => nested(chars, "(", "1", ")"),
  "brackets that are never closed": (chars) => times(chars, "("),
  lists: (chars) => nested(chars, "[", "1", "]"),
  "a wide list": (chars) => `[${wide(chars, ",")}]`,
  "a wide table": (chars) => `{${repeated(chars, (index) => `"k${index}":1`, ",")}}`,
  members: (chars) => `message${times(chars, ".a")}`,
  indexes: (chars) => `message${times(chars, "[0]")}`,
  conditions: (chars) => `${times(chars, "true?1:")}1`,
  negations: (chars) => `${times(chars, "!")}true`,
  minuses: (chars) => `${times(chars, "-")}1`,
  ands: (chars) => `${times(chars, "true&&")}true`,
  "one text": (chars) => `"${times(chars, "a")}"`,
  "text that is never closed": (chars) => `"${times(chars, '\\"')}`,
  "one number": (chars) => times(chars, "1"),
  "one name": (chars) => times(chars, "a"),
  loops: (chars) => nested(chars, "[1].exists(x,", "true", ")"),
  patterns: (chars) => `"a".matches("${times(chars, "(a+)+")}")`,
  "patterns that repeat": (chars) => `"a".matches("${nested(chars, "(", "a", "{99})")}")`,
  spaces: (chars) => `${times(chars, " ")}1`,
  comments: (chars) => `${times(chars, "// c\n")}1`,
};

export const TEMPLATES: Families = {
  "known variables": (chars) => times(chars, "{{request}} "),
  "unknown variables": (chars) => repeated(chars, (index) => `{{v${index}}} `),
  "unknown variables and a tag": (chars) => `{% if a %}{% endif %}${repeated(chars, (index) => `{{v${index}}} `)}`,
  "open braces": (chars) => times(chars, "{{ "),
  "open braces and words": (chars) => times(chars, "{{ a "),
  "open tags": (chars) => times(chars, "{% "),
  "braces and spaces": (chars) => `{{${times(chars, " ")}a`,
  "nested conditions": (chars) => nested(chars, "{% if a %}", "x", "{% endif %}"),
  "nested loops": (chars) => nested(chars, "{% for a in b %}", "x", "{% endfor %}"),
  "conditions one after the other": (chars) => times(chars, "{% if request %}x{% endif %}"),
  "conditions that are never closed": (chars) => times(chars, "{% if a %}"),
  "branches of one condition": (chars) => `{% if a %}${times(chars, "{% elsif a %}")}{% endif %}`,
  "cases of one choice": (chars) => `{% case a %}${times(chars, "{% when 1 %}")}{% endcase %}`,
  assignments: (chars) => repeated(chars, (index) => `{% assign a${index} = 1 %}`),
  "assignments that are used": (chars) => repeated(chars, (index) => `{% assign a${index} = 1 %}{{a${index}}}`),
  "filters of one variable": (chars) => `{{ request${times(chars, " | upcase")} }}`,
  "arguments of one filter": (chars) => `{{ request | replace: ${times(chars, "1, ")}1 }}`,
  "unknown filters": (chars) => times(chars, "{{ request | nope }}"),
  "filters that are all unknown": (chars) => repeated(chars, (index) => `{{ request | nope${index} }}`),
  "tags that are all unknown": (chars) => repeated(chars, (index) => `{% nope${index} %}`),
  "unknown tags": (chars) => times(chars, "{% nope %}"),
  members: (chars) => `{{ request${times(chars, ".a")} }}`,
  indexes: (chars) => `{{ request${times(chars, "[0]")} }}`,
  "nested indexes": (chars) => `{{ ${nested(chars, "request[", "0", "]")} }}`,
  "raw text": (chars) => `{% raw %}${times(chars, "{{a}}")}{% endraw %}`,
  "raw text that is never closed": (chars) => times(chars, "{% raw %}"),
  "comments that are never closed": (chars) => times(chars, "{% comment %}"),
  "one long text": (chars) => `{% if a %}${times(chars, "word ")}{% endif %}`,
  "lines and variables": (chars) => `{% if a %}{% endif %}${times(chars, "{{v}}\n")}`,
  "quotes in braces": (chars) => `{{ "${times(chars, "a")}" }}`,
  "quotes that are never closed": (chars) => times(chars, '{{ "a }}'),
  operators: (chars) => `{% if ${times(chars, "a and ")}a %}{% endif %}`,
  ranges: (chars) => times(chars, "{% for a in (1..9) %}{% endfor %}"),
};

export const PATTERNS: Families = {
  letters: (chars) => times(chars, "a"),
  groups: (chars) => nested(chars, "(", "a", ")"),
  "groups that are never closed": (chars) => times(chars, "("),
  choices: (chars) => times(chars, "a|"),
  classes: (chars) => times(chars, "[a-z]"),
  "one class": (chars) => `[${times(chars, "a")}]`,
  "one class of ranges": (chars) => `(?i)[${times(chars, "a-z")}]`,
  "classes that are never closed": (chars) => times(chars, "["),
  repetitions: (chars) => times(chars, "a*"),
  "nested repetitions": (chars) => nested(chars, "(?:", "a", "){2}"),
  "large repetitions": (chars) => times(chars, "a{100}"),
  "nothing repeated": (chars) => times(chars, "(?:){100}"),
  "nothing repeated within": (chars) => nested(chars, "(?:", "", "){99}"),
  escapes: (chars) => times(chars, "\\d"),
  braces: (chars) => times(chars, "a{"),
};

export const ACL: Families = {
  content: (chars) => `(inform :content "${times(chars, "word ")}")`,
  "content of escapes": (chars) => `(inform :content "${times(chars, '\\"')}")`,
  "content that is never closed": (chars) => `(inform :content "${times(chars, '\\"')}`,
  backslashes: (chars) => `(inform :content "${times(chars, "\\")}")`,
  "content of brackets": (chars) => `(inform :content ${nested(chars, "(", "a", ")")})`,
  "content of words": (chars) => `(inform :content (${times(chars, "a ")}))`,
  "content of texts": (chars) => `(inform :content (${times(chars, '"a" ')}))`,
  "content of counted texts": (chars) => `(inform :content (${times(chars, '#1"a ')}))`,
  "unknown parameters": (chars) => `(inform ${repeated(chars, (index) => `:X-p${index} a `)})`,
  receivers: (chars) =>
    `(inform :receiver (set ${repeated(chars, (index) => `(agent-identifier :name a${index}@b)`, " ")}))`,
  addresses: (chars) =>
    `(inform :sender (agent-identifier :name a :addresses (sequence ${repeated(chars, (index) => `http://a/${index}`, " ")})))`,
  resolvers: (chars) =>
    `(inform :sender ${nested(chars, "(agent-identifier :name a :resolvers (sequence ", "", "))")})`,
  spaces: (chars) => `(inform${times(chars, " ")})`,
  "one word": (chars) => `(${times(chars, "a")})`,
  "open brackets": (chars) => times(chars, "("),
};

export const SL: Families = {
  words: (chars) => `(${times(chars, "a ")})`,
  texts: (chars) => `(${times(chars, '"a" ')})`,
  "one text": (chars) => `("${times(chars, '\\"')}")`,
  "text that is never closed": (chars) => `(${times(chars, '"a\\"')}`,
  brackets: (chars) => nested(chars, "(", "a", ")"),
  lists: (chars) => `(${times(chars, "(a)")})`,
  "counted texts": (chars) => `(${times(chars, '#1"a ')})`,
  spaces: (chars) => `(${times(chars, " ")}`,
  "quotes that are not closed": (chars) => `(${times(chars, '" \\')}`,
};

export const ENVELOPES: Families = {
  elements: (chars) => `<envelope><params>${times(chars, "<a></a>")}</params></envelope>`,
  "nested elements": (chars) => nested(chars, "<a>", "", "</a>"),
  text: (chars) => `<envelope>${times(chars, "word ")}</envelope>`,
  entities: (chars) => `<envelope>${times(chars, "&amp;")}</envelope>`,
  "broken entities": (chars) => `<envelope>${times(chars, "&a")}</envelope>`,
  comments: (chars) => `<envelope>${times(chars, "<!-- -->")}</envelope>`,
  "comments that are never closed": (chars) => times(chars, "<!--"),
  "instructions that are never closed": (chars) => times(chars, "<?"),
  attributes: (chars) => `<envelope ${times(chars, 'a="b" ')}></envelope>`,
  "attributes that are never closed": (chars) => `<envelope ${times(chars, 'a="b" ')}`,
  "spaces in an element": (chars) => `<envelope${times(chars, " ")}`,
  receivers: (chars) =>
    `<envelope><params index="1"><to>${times(chars, "<agent-identifier><name>a</name></agent-identifier>")}</to></params></envelope>`,
  params: (chars) => `<envelope>${times(chars, "<params></params>")}</envelope>`,
};

export const MULTIPART: Families = {
  "one part": (chars) => `--b\r\n\r\n${times(chars, "word ")}`,
  separators: (chars) => times(chars, "--b"),
  "separators on lines": (chars) => times(chars, "--b\n"),
  parts: (chars) => times(chars, "--b\r\n\r\na\r\n"),
  heads: (chars) => `--b\r\n${times(chars, "content-type\n")}\r\n\r\na\r\n--b\r\n\r\na\r\n--b--`,
  "spaces in a head": (chars) => `--b\r\ncontent-type${times(chars, " ")}\r\n\r\na\r\n--b\r\n\r\na\r\n--b--`,
  "lines in a head": (chars) => `--b\r\ncontent-type:${times(chars, "\n")}\r\n\r\na\r\n--b\r\n\r\na\r\n--b--`,
  dashes: (chars) => times(chars, "-"),
};

/** Values of the header content-type. */
export const CONTENT_TYPES: Families = {
  parameters: (chars) => `multipart/mixed${times(chars, ";a")}`,
  "parameters and spaces": (chars) => `multipart/mixed${times(chars, ";          ")}`,
  spaces: (chars) => `multipart/mixed;${times(chars, " ")}`,
  boundary: (chars) => `multipart/mixed${times(chars, ";boundary ")}`,
  "one boundary": (chars) => `multipart/mixed;boundary=${times(chars, "b")}`,
};

const message = (rest: string): string => `{"performative":"inform","sender":"a","receiver":"b","content":1${rest}}`;

/** Bodies of POST /api/v1/messages/batch. */
export const MESSAGES: Families = {
  "unknown keys of one": (chars) => `{"messages":[${message(repeated(chars, (index) => `,"key${index}":1`))}]}`,
  "unknown keys nearly known": (chars) =>
    `{"messages":[${repeated(chars, (index) => message(`,"conversation_d${index}":1`), ",")}]}`,
  "acts nearly known": (chars) =>
    `{"messages":[${repeated(chars, (index) => message("").replace("inform", `infrm${index}`), ",")}]}`,
  "receivers of one": (chars) =>
    `{"messages":[${message("").replace('"b"', `[${repeated(chars, (index) => `"b${index}"`, ",")}]`)}]}`,
  "deep content": (chars) => `{"messages":[${message("").replace(":1", `:${nested(chars, "[", "1", "]")}`)}]}`,
  "wide content": (chars) => `{"messages":[${message("").replace(":1", `:[${wide(chars, ",")}]`)}]}`,
  "text that says it is JSON": (chars) =>
    `{"messages":[${message(',"language":"json"').replace(":1", `:"${times(chars, "[")}"`)}]}`,
  "text that says it is wide JSON": (chars) =>
    `{"messages":[${message(',"language":"json"').replace(":1", `:"[${wide(chars, ",")}]"`)}]}`,
  "messages of one key": (chars) => `{"messages":[${times(chars, '{"a":1},')}{}]}`,
  "invalid messages": (chars) => `{"messages":[${wide(chars, ",")}]}`,
};

/** JSON Schemas. */
export const SCHEMAS: Families = {
  properties: (chars) =>
    `{"type":"object","properties":{${repeated(chars, (index) => `"p${index}":{"type":"string"}`, ",")}}}`,
  "required keys": (chars) => `{"type":"object","required":[${repeated(chars, (index) => `"p${index}"`, ",")}]}`,
  choices: (chars) => `{"anyOf":[${times(chars, '{"type":"string"},')}false]}`,
  enumerated: (chars) => `{"enum":[${repeated(chars, (index) => `"p${index}"`, ",")}]}`,
  "nested schemas": (chars) => nested(Math.min(chars, 3_000), '{"properties":{"a":', "{}", "}}"),
  patterns: (chars) => `{"patternProperties":{${repeated(chars, (index) => `"^(a+)+${index}$":{}`, ",")}}}`,
  "one pattern": (chars) => `{"properties":{"a":{"pattern":"^${times(chars, "(a+)+")}$"}}}`,
  references: (chars) =>
    `{"$defs":{${repeated(chars, (index) => `"d${index}":{"allOf":[{"$ref":"#/$defs/d${index + 1}"},{"$ref":"#/$defs/d${index + 1}"}]}`, ",")}},"$ref":"#/$defs/d0"}`,
  "references in a circle": (chars) => `{"$ref":"#","a":[${wide(chars, ",")}]}`,
};

/** Names of receivers, one on each line. */
export const NAMES: Families = {
  "unknown names": (chars) => repeated(chars, (index) => `unknown-${index}`, "\n"),
  "names nearly known": (chars) => repeated(chars, (index) => `participnt-${index}`, "\n"),
  "long names": (chars) => repeated(chars, (index) => `participant${"-x".repeat(25)}${index}`, "\n"),
  "one long name": (chars) => times(chars, "participant-"),
};
