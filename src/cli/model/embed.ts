import type { Command } from "commander";
import * as z from "zod";
import { type Embeddings, operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, showOne } from "../frame/index.ts";
import { renderFields, showCount } from "../terminal/index.ts";

const NUMBERS_SHOWN = 4;

/** `caxton model embed` */
export function modelEmbed(command: Command, invocation: Invocation): void {
  command
    .summary("compute vectors of texts")
    .description(
      "Compute the vectors of texts with an embedder of the server, and print the beginning of each. With several texts, also print how similar each is to the first.",
    )
    .argument("<text...>", "texts, each in quotes")
    .option("--model <name>", "an embedder of `model list`; default: that of memory");
  examples(command, [
    ["caxton model embed 'a cat on a sofa' 'a kitten on a couch' 'interest rates'", "which texts are alike"],
    ["caxton model embed --model static 'a cat' -o json", "the whole vector"],
  ]);
  act(command, invocation, {
    input: z.object({ text: z.array(z.string()), model: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { text: input, model }) => {
      const { raw, value } = await context.client.call(operations.embedding.create, {
        input,
        ...(model !== undefined && { model }),
      });
      const human = () => renderFields(fieldsOf(value), context.terminal);
      await showOne(context, { raw, name: value.model, human });
    },
  });
}

const fieldsOf = ({ model, dimensions, vectors }: Embeddings): [string, string][] => [
  ["Model", `${model}, vectors of ${showCount(dimensions)} numbers`],
  ...vectors.map((vector, index): [string, string] => {
    const shown = vector.slice(0, NUMBERS_SHOWN).map((value) => value.toFixed(3));
    const first = vectors[0];
    const similar =
      index === 0 || first === undefined ? "" : `; similarity to the first ${cosine(first, vector).toFixed(2)}`;
    return [`Text ${index + 1}`, `${shown.join(" ")} …${similar}`];
  }),
];

/** Of unit vectors. */
const cosine = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
