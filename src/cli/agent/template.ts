import * as z from "zod";
import { act, type CommandMaker, examples, LIST_FORMATS, showList } from "../frame/index.ts";

/** `caxton template` */
export const template: CommandMaker = (command, invocation) => {
  command.description("Templates of caxton init. They are part of this program: no network is needed.");
  const list = command.command("list").summary("list templates").description("List the templates of caxton init.");
  examples(list, [
    ["caxton template list", ""],
    ["caxton init my-analyst --template data-analyzer", "start from one"],
  ]);
  act(list, invocation, {
    input: z.object({}),
    formats: LIST_FORMATS,
    run: async (context) => {
      const { TEMPLATES } = await import("../../agents/definitions/index.ts");
      const items = TEMPLATES.map(({ name, description }) => ({ name, description }));
      await showList(context, {
        raw: { items },
        items,
        columns: [
          { title: "NAME", value: ({ name }) => name, tone: () => "bold" },
          { title: "DESCRIPTION", value: ({ description }) => description, shrinks: true },
        ],
        name: ({ name }) => name,
        empty: "there are no templates",
        footer: "start from one with: caxton init <name> --template <template>",
      });
    },
  });
};
