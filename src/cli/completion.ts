import * as z from "zod";
import { act, type CommandMaker, examples } from "./frame/index.ts";

const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** `caxton completion` */
export const completion: CommandMaker = (command, invocation) => {
  command
    .description(
      "Print what makes a shell complete commands, options, files, and the names of agents, tools and templates.",
    )
    .addArgument(command.createArgument("<shell>", "the shell").choices(SHELLS));
  examples(command, [
    ["source <(caxton completion bash)", "bash, this shell; needs the package bash-completion"],
    ["caxton completion bash > ~/.local/share/bash-completion/completions/caxton", "bash, every shell"],
    ['caxton completion zsh > "${fpath[1]}/_caxton"', "zsh"],
    ["caxton completion fish > ~/.config/fish/completions/caxton.fish", "fish"],
  ]);
  act(command, invocation, {
    input: z.object({ shell: z.enum(SHELLS) }),
    formats: ["text"],
    run: async (_context, { shell }) => {
      const { script } = await import("@bomb.sh/tab");
      script(shell, "caxton", "caxton");
    },
  });
};
