import type { Command, Help, Option } from "commander";
import type { Style } from "./terminal/index.ts";

const WIDTH = 80;

/** How `--help` looks: what one can do comes before the options, and colours only where they are welcome. */
export const helpLayout = (style: Style): Partial<Help> => ({
  formatHelp,
  styleTitle: (text) => style("bold", text),
  styleCommandText: (text) => style("cyan", text),
  styleSubcommandText: (text) => style("cyan", text),
  styleOptionText: (text) => style("cyan", text),
});

function formatHelp(command: Command, help: Help): string {
  const termWidth = help.padWidth(command, help);
  const width = help.helpWidth ?? WIDTH;
  const items = (heading: string, pairs: readonly (readonly [string, string])[]): string[] =>
    help.formatItemList(
      heading,
      pairs.map(([term, description]) => help.formatItem(term, termWidth, description, help)),
      help,
    );
  const described = help.commandDescription(command);
  const lines = [
    `${help.styleTitle("Usage:")} ${help.styleUsage(help.commandUsage(command))}`,
    "",
    ...(described === "" ? [] : [help.boxWrap(help.styleCommandDescription(described), width), ""]),
    ...items(
      "Arguments:",
      help
        .visibleArguments(command)
        .map((argument) => [
          help.styleArgumentTerm(help.argumentTerm(argument)),
          help.styleArgumentDescription(help.argumentDescription(argument)),
        ]),
    ),
  ];
  const commands = help.visibleCommands(command);
  const grouped = help.groupItems([...command.commands], commands, (inner) => inner.helpGroup() || "Commands:");
  for (const [heading, inners] of grouped) {
    lines.push(
      ...items(
        heading,
        inners.map((inner) => [
          help.styleSubcommandTerm(help.subcommandTerm(inner)),
          help.styleSubcommandDescription(help.subcommandDescription(inner)),
        ]),
      ),
    );
  }
  const options = help.groupItems(
    [...command.options],
    help.visibleOptions(command),
    (option: Option) => option.helpGroupHeading ?? "Options:",
  );
  for (const [heading, inners] of options) {
    lines.push(
      ...items(
        heading,
        inners.map((option) => [
          help.styleOptionTerm(help.optionTerm(option)),
          help.styleOptionDescription(help.optionDescription(option)),
        ]),
      ),
    );
  }
  return lines.join("\n");
}
