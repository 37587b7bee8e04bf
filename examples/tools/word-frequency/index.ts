import { FileError, file, readTextFile, ToolError, toolServer } from "caxton/tool";
import { frequencies } from "./count.ts";

const OPTIONS = {
  top: { type: "integer", minimum: 1, maximum: 1000, description: "how many words to list; 10 when absent" },
  skip_common: { type: "boolean", description: "leave out words such as the, of, and" },
} as const;

const RESULT = {
  type: "object",
  properties: {
    words: { type: "integer", description: "words in all" },
    top: {
      type: "array",
      items: { type: "object", properties: { word: { type: "string" }, count: { type: "integer" } } },
    },
  },
  required: ["words", "top"],
} as const;

export default toolServer({
  name: "word-frequency",
  version: "1.0.0",
  description: "Counts the words of texts and files.",
  tools: {
    count_words: {
      description: "The most frequent words of a text. Use it to see what a text is about, or how long it is.",
      input: {
        type: "object",
        properties: { text: { type: "string" }, ...OPTIONS },
        required: ["text"],
        additionalProperties: false,
      },
      output: RESULT,
      readOnly: true,
      run: ({ text, top = 10, skip_common = false }) => frequencies(text, top, skip_common),
    },
    count_file: {
      description: "The most frequent words of a text file, also as a CSV file with all of its words.",
      input: {
        type: "object",
        properties: {
          path: { type: "string", description: "such as data/report.txt or uploads/report.txt" },
          ...OPTIONS,
        },
        required: ["path"],
        additionalProperties: false,
      },
      readOnly: true,
      async run({ path, top = 10, skip_common = false }, context) {
        const text = await readTextFile(path).catch((error: unknown) => {
          throw error instanceof FileError ? new ToolError(error.message) : error;
        });
        const all = frequencies(text, Number.POSITIVE_INFINITY, skip_common);
        context.log(`${path}: ${all.words} words`);
        const rows = all.top.map(({ word, count }) => `${word},${count}\n`);
        const listed = all.top.slice(0, top).map(({ word, count }) => `${word} ${count}`);
        return [
          `${all.words} words in ${path}: ${listed.join(", ")}`,
          file("words.csv", "text/csv", `word,count\n${rows.join("")}`),
        ];
      },
    },
  },
});
