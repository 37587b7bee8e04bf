import * as z from "zod";
import { act, type CommandMaker, examples } from "./frame/index.ts";

// The script wants this function of the package bash-completion, which small systems and macOS do not have.
const BASH_FALLBACK = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        cur=\${COMP_WORDS[COMP_CWORD]}
        prev=\${COMP_WORDS[COMP_CWORD - 1]}
        words=("\${COMP_WORDS[@]}")
        cword=$COMP_CWORD
    }
fi
`;

const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** `caxton completion` */
export const completion: CommandMaker = (command, invocation) => {
  command
    .description(
      "Print a shell script that completes commands, options, files, and the names of agents, tools, templates and entities.",
    )
    .addArgument(command.createArgument("<shell>", "the shell").choices(SHELLS));
  examples(command, [
    ["source <(caxton completion bash)", "bash, this shell"],
    ["caxton completion bash > ~/.local/share/bash-completion/completions/caxton", "bash, every shell"],
    ['caxton completion zsh > "${fpath[1]}/_caxton"', "zsh"],
    ["caxton completion fish > ~/.config/fish/completions/caxton.fish", "fish"],
  ]);
  act(command, invocation, {
    input: z.object({ shell: z.enum(SHELLS) }),
    formats: ["text"],
    run: async ({ terminal }, { shell }) => {
      if (shell === "bash") terminal.write(BASH_FALLBACK);
      const { script } = await import("@bomb.sh/tab");
      script(shell, "caxton", "caxton");
    },
  });
};
